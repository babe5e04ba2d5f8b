"""A worker of a cluster on this machine: a process that ends with the one that started it.

It reads where to go from its standard input, a line of JSON with credentials that so stand in no
file and on no command line, and ends when that is closed, however its starter died.
"""

import asyncio
import json
import os
import sys
import threading

from distributed import Worker
from distributed.security import Security


def _end_with_the_starter() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(1)


async def _work(address: str, host: str, name: str, tls: dict[str, str]) -> None:
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


if __name__ == "__main__":
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(sys.stdin.fileno(), 1)
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    asyncio.run(_work(**json.loads(line)))
    os._exit(0)  # whatever still trains is wanted by nobody
