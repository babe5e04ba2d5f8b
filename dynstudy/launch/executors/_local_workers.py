"""The workers of a cluster on this machine, forked from a process that has imported what they need.

It reads from its standard input what they are to be, a line of JSON with credentials that so
stand in no file and on no command line. When it is closed, all of them end, however who held it
died.
"""

import asyncio
import json
import os
import select
import signal
import sys
import threading
import time
import warnings
from typing import Any, NoReturn

from distributed import Worker
from distributed.security import Security

import dynstudy.launch.executors._dask_worker  # noqa: F401 - once, and not in each of them
import dynstudy.train.backends.cpu  # noqa: F401

LOOK_SECONDS = 0.2
"""How often it is seen whether a worker ended, and another is to take its place."""

STDIN = 0


def serve_from_stdin() -> NoReturn:
    """Keep as many workers running as there are to be, until nobody wants them any more."""
    orders = json.loads(_line())
    names = [f"worker {number}" for number in range(1, orders.pop("workers") + 1)]
    running: dict[int, str] = {}  # by number of the process
    while True:
        for name in set(names) - set(running.values()):
            running[_forked(name, orders)] = name
        if select.select([STDIN], [], [], LOOK_SECONDS)[0] and not os.read(STDIN, 1024):
            break
        while running and (ended := os.waitpid(-1, os.WNOHANG)[0]):
            del running[ended]
    for process in running:
        os.kill(process, signal.SIGKILL)  # one that is stopped does not end by itself
        os.waitpid(process, 0)
    _end()


def _line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        if not (more := os.read(STDIN, 4096)):
            sys.exit(1)
        line += more
    return line


def _forked(name: str, orders: dict[str, Any]) -> int:
    """The process of a new worker; this one has no threads whose locks could stay held there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # one of jemalloc's, which knows forks
        process = os.fork()
    if process:
        return process
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    try:
        asyncio.run(_work(name, **orders))
    except BaseException:
        time.sleep(1)  # so that what fails at once is not tried again without a pause
    finally:
        _end()


async def _work(name: str, address: str, host: str, tls: dict[str, str]) -> None:
    security = Security(require_encryption=True, **tls)
    worker = Worker(
        address,
        name=name,
        host=host,
        protocol="tls",
        security=security,
        nthreads=1,
        memory_limit=0,
        dashboard=False,
    )
    async with worker:
        await worker.finished()


def _end_with_the_starter() -> None:
    while os.read(STDIN, 1024):
        pass
    _end()


def _end() -> NoReturn:
    """At once: whatever still trains is wanted by nobody, and there is nothing to tidy up."""
    os._exit(1)


if __name__ == "__main__":
    serve_from_stdin()
