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

from dynstudy.store.passwords import without_passwords
from dynstudy.train.backends.cpu import threads

LOOPBACK = "127.0.0.1"

RESTART_SECONDS, END_SECONDS = 1.0, 2.0
"""Before workers are started again, all of which ended; and within which they are to end."""

CONFIGURED: dict[str, Any] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # what is watched of each worker all the time takes 2 % of a core, which many share
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.gil.enabled": False,
}
"""What Dask does not do here."""

OF_WORKER = ("tls_ca_file", "tls_worker_cert", "tls_worker_key")


@asynccontextmanager
async def local_cluster(workers: int) -> AsyncIterator[tuple[str, Security]]:
    """Start so many workers side by side, which share the threads that this process may use.

    Another user of the machine can talk to none of them: that takes the credentials which are made
    here, and which stand in no file.

    Yields:
        The address of their scheduler, and the credentials to talk to it.
    """
    security = Security.temporary()
    at = {"host": LOOPBACK, "protocol": "tls", "security": security}
    with dask.config.set(CONFIGURED):
        scheduler = Scheduler(**at, dashboard=False, dashboard_address=f"{LOOPBACK}:0")
    async with scheduler:
        tls = {name: getattr(security, name) for name in OF_WORKER}
        orders = {"address": scheduler.address, "host": LOOPBACK, "tls": tls, "workers": workers}
        keeping = asyncio.create_task(_kept_running(orders, surroundings(workers)))
        try:
            yield scheduler.address, security
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])


def surroundings(workers: int) -> dict[str, str]:
    """The environment of each of so many workers, which imports what this process would."""
    threads_of_each = str(max(1, threads() // workers))
    configured = {
        "DASK_" + name.upper().replace(".", "__").replace("-", "_"): repr(value)
        for name, value in CONFIGURED.items()
    }
    others = {
        "DASK_LOGGING__DISTRIBUTED": "critical",
        "DYNSTUDY_THREADS": threads_of_each,
        "OMP_NUM_THREADS": threads_of_each,  # PyTorch's
        "OPENBLAS_NUM_THREADS": "1",  # NumPy's would be there before a worker is forked
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
    }
    given = {name: value for name, value in os.environ.items() if not _of_database(name, value)}
    return given | configured | others


def _of_database(name: str, value: str) -> bool:
    """Whether a variable says where a database is, or may hold a password: workers see neither."""
    return (
        name in {"DYNSTUDY_STORAGE", "OPTUNA_STORAGE"}
        or name.startswith("PG")
        or without_passwords(f"{name}={value}") != f"{name}={value}"
    )


async def _kept_running(orders: Mapping[str, object], environment: Mapping[str, str]) -> None:
    """Keep the process running that keeps the workers running, until this is cancelled."""
    while True:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "dynstudy.launch.executors._local_workers"),
            stdin=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C at the terminal is for the launch alone
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(orders).encode() + b"\n")
        try:
            await process.wait()
        finally:
            process.stdin.close()  # which all of them notice
            try:
                await asyncio.wait_for(process.wait(), END_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        await asyncio.sleep(RESTART_SECONDS)
