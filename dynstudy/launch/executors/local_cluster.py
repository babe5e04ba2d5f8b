"""A cluster of processes on this machine, which end with the launch."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dask
from distributed import Scheduler
from distributed.security import Security

from dynstudy.train.backends.cpu import threads

LOOPBACK = "127.0.0.1"

RESTART_SECONDS = 1.0
"""Before another worker takes the place of one that ended."""

OF_WORKER = ("tls_ca_file", "tls_worker_cert", "tls_worker_key")
NO_PAGES: dict[str, Any] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@asynccontextmanager
async def local_cluster(workers: int) -> AsyncIterator[tuple[str, Security]]:
    """Start so many workers side by side, which share the threads that this process may use.

    Another user of the machine can talk to none of them: that takes the credentials which are made
    here, and which stand in no file.

    Yields:
        The address of their scheduler, and the credentials to talk to it.
    """
    security = Security.temporary()
    environment = surroundings(workers)
    at = {"host": LOOPBACK, "protocol": "tls", "security": security}
    with dask.config.set(NO_PAGES):
        scheduler = Scheduler(**at, dashboard=False, dashboard_address=f"{LOOPBACK}:0")
    async with scheduler:
        tls = {name: getattr(security, name) for name in OF_WORKER}
        orders = {"address": scheduler.address, "host": LOOPBACK, "tls": tls}
        keeping = [
            asyncio.create_task(_kept(orders | {"name": f"worker {number}"}, environment))
            for number in range(1, workers + 1)
        ]
        try:
            yield scheduler.address, security
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)


def surroundings(workers: int) -> dict[str, str]:
    """The environment of each of so many workers, which imports what this process would."""
    threads_of_each = str(max(1, threads() // workers))
    return os.environ | {
        "DYNSTUDY_THREADS": threads_of_each,
        "OMP_NUM_THREADS": threads_of_each,  # PyTorch's
        "DASK_LOGGING__DISTRIBUTED": "critical",
        "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]",
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
    }


async def _kept(orders: Mapping[str, object], environment: Mapping[str, str]) -> None:
    """Keep a worker running until this is cancelled."""
    while True:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "dynstudy.launch.executors._local_worker"),
            stdin=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C at the terminal is for the launch alone
        )
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(orders).encode() + b"\n")
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        await asyncio.sleep(RESTART_SECONDS)
