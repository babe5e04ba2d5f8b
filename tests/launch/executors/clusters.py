"""A scheduler and workers of Dask's in a thread of the test's process."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from distributed import Scheduler, Worker
from distributed.security import Security
from distributed.utils import silence_logging_cmgr

from tests.command import LIMIT_SECONDS


class Cluster:
    """Without TLS and pages, on this machine."""

    def __init__(self) -> None:
        self.scheduler: Scheduler
        self.workers: list[Worker] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._start())

    @property
    def address(self) -> str:
        return str(self.scheduler.address)

    def add_worker(self, **options: Any) -> Worker:
        """One with a single thread, if nothing else is asked for."""
        return self._do(self._add(**({"nthreads": 1} | options)))

    def end_worker(self, worker: Worker, *, lifetime: bool = False) -> None:
        """As one is ended that is told to, or whose ``--lifetime`` is over."""
        self.workers.remove(worker)
        if lifetime:
            self._do(worker.close_gracefully())
        else:
            self._do(worker.close(executor_wait=False))

    def cut_off_clients(self) -> None:
        """Break their connections alone, as a network does."""

        async def abort() -> None:
            for comm in list(self.scheduler.client_comms.values()):
                comm.abort()

        self._do(abort())

    def end_scheduler(self) -> None:
        """As if its process were killed: connections break, and nothing is said."""

        async def abort() -> None:
            self.scheduler.stop()
            for comm in list(self.scheduler.client_comms.values()):
                comm.abort()
            for connection in list(self.scheduler._comms):
                connection.abort()

        self._do(abort())

    def close(self) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT_SECONDS)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT_SECONDS)

    async def _start(self) -> None:
        here = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "dashboard": False}
        self.scheduler = await Scheduler(**here)

    async def _add(self, **options: Any) -> Worker:
        address = {"host": "127.0.0.1", "memory_limit": 0, "dashboard_address": "127.0.0.1:0"}
        worker = await Worker(self.address, **(address | options))
        self.workers.append(worker)
        return worker

    async def _close(self) -> None:
        for worker in self.workers:
            await worker.close(executor_wait=False)
        await self.scheduler.close()


@contextmanager
def cluster_here() -> Iterator[Cluster]:
    with silence_logging_cmgr("CRITICAL"):
        cluster = Cluster()
        try:
            yield cluster
        finally:
            cluster.close()


def stranger(folder: Path) -> dict[str, Path]:
    """Options of `connect`: files of credentials that no cluster knows."""
    made = Security.temporary()
    texts = {"ca": made.tls_ca_file, "cert": made.tls_client_cert, "key": made.tls_client_key}
    for name, text in texts.items():
        (folder / f"{name}.pem").write_text(text)
    return {f"tls_{name}": folder / f"{name}.pem" for name in texts}
