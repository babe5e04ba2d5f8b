"""A scheduler of Dask's and its workers, each a process that may be hit, and comes back."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from distributed.cli import dask_scheduler, dask_worker

from tests.chaos.launched import Launched, ending

WORKERS = 2
QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical"}


class Cluster:
    """As `dask scheduler` and `dask worker` start it, on this machine; a context.

    Args:
        folder: for what its processes say.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._stack = ExitStack()
        self._count = 0

    @property
    def address(self) -> str:
        """Of its scheduler."""
        return f"tcp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._processes = self._stack.enter_context(ending())
        self.scheduler = self._scheduler()
        self.workers = [self._worker() for _ in range(WORKERS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def mend(self) -> None:
        """Start again what has ended; workers do not outlive their scheduler."""
        if self.scheduler.status is not None:
            self.scheduler = self._scheduler()
        self.workers = [each if each.status is None else self._worker() for each in self.workers]

    def _scheduler(self) -> Launched:
        """Start it, and wait until it answers."""
        at = ["--host", "127.0.0.1", "--port", str(self.port), "--dashboard-address", "127.0.0.1:0"]
        process = self._started("scheduler", dask_scheduler.main, at)
        while process.status is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
                break
            time.sleep(0.02)
        return process

    def _worker(self) -> Launched:
        options = ["--no-nanny", "--nthreads", "1", "--local-directory", str(self.folder)]
        return self._started("worker", dask_worker.main, [self.address, *options])

    def _started(self, name: str, main: Callable[..., Any], arguments: list[str]) -> Launched:
        self._count += 1
        process = Launched(
            self.folder,
            f"{name}-{self._count}",
            lambda: main(arguments, standalone_mode=False),
            QUIET,
        )
        self._processes.append(process)
        return process
