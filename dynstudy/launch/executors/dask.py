"""The executor of a cluster: workers of Dask's, on this machine or on many.

A slot is a worker. Which of them trains what is decided by the launch and not by Dask's scheduler,
whose reruns are not used: a chunk whose worker is gone is `Lost`.
"""

import asyncio
import pickle
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future as Promise
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker
from distributed.security import Security
from distributed.utils import silence_logging_cmgr

from dynstudy.errors import ClusterError
from dynstudy.launch.executors._dask_worker import Call, Delivery, Unwanted, Work, train_work
from dynstudy.launch.executors.cluster_workers import ClusterWorkers, Member, sent
from dynstudy.launch.executors.executor import (
    Advanced,
    Chunk,
    Event,
    Executor,
    Failed,
    Lost,
    Said,
    Slot,
    Trained,
)
from dynstudy.launch.executors.local_cluster import local_cluster
from dynstudy.launch.executors.scheduler import (
    CONNECT_SECONDS,
    GOES_ON,
    in_a_line,
    talking,
    who_is_there,
)
from dynstudy.launch.executors.security import Credentials, reached, secured
from dynstudy.store.patience import PATIENCE_SECONDS

LOOK_SECONDS = 0.5
"""How often the scheduler is asked which workers there are."""

STOP_SECONDS = 5.0
"""How long the thread that talks to the cluster may take to end."""

STARTING_SECONDS, WAITING_SECONDS = 20.0, 2.0
"""After which it is said that there are none: of those that are started here, and of others."""

STARTED_SECONDS = 60.0
"""That those which are started here may take, however little patience there is."""

Cluster = AbstractAsyncContextManager[tuple[str, Security]]
"""What, once entered, is the address of a scheduler and the way to talk to it."""


def local(backend: str, workers: int, patience: float = PATIENCE_SECONDS) -> "Dask":
    """So many processes on this machine, which share its threads, or have a card each."""
    patience = max(patience, STARTED_SECONDS)
    cluster = Dask(lambda: local_cluster(workers), backend, patience=patience)
    cluster.hush, cluster.way_out = STARTING_SECONDS, "with fewer --workers if they do not start"
    return cluster


def connect(
    address: str,
    *,
    backend: str,
    patience: float = PATIENCE_SECONDS,
    other_versions: bool = False,
    insecure: bool = False,
    tls_ca: Path | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> "Dask":
    """Return the workers of a scheduler that is there, once it has answered.

    Args:
        address: ``tcp://HOST:PORT`` or ``tls://HOST:PORT``.
        backend: as it is chosen on each worker.
        patience: seconds to wait for workers where there are none.
        other_versions: let workers train whose packages are of other versions.
        insecure: do without TLS beyond this machine.
        tls_ca: the certificate of who signed those of the cluster.
        tls_cert: the certificate of this process.
        tls_key: its key.

    Raises:
        ClusterError: there is no scheduler, or none that can be talked to.
    """
    credentials = Credentials(tls_ca, tls_cert, tls_key)
    address, security = secured(address, credentials, insecure=insecure)
    reached(address, CONNECT_SECONDS)

    @asynccontextmanager
    async def there() -> AsyncIterator[tuple[str, Security]]:
        yield address, security  # it is not ours, and stays

    cluster = Dask(there, backend, patience=patience, other_versions=other_versions)
    cluster.connect()
    return cluster


class Dask(Executor):
    """Workers of a cluster, which may come and go; a thread talks to them."""

    def __init__(
        self,
        cluster: Callable[[], Cluster],
        backend: str,
        *,
        patience: float = PATIENCE_SECONDS,
        other_versions: bool = False,
    ) -> None:
        super().__init__()
        self.cluster, self.backend = cluster, backend
        self.patience, self.other_versions = patience, other_versions
        self.hush, self.way_out = WAITING_SECONDS, "when there are some: `dask worker {}`"
        self._workers: ClusterWorkers | None = None
        self._training = dict[int, Member]()  # by number of the chunk
        self._chunks = 0
        self._topic = f"dynstudy-{uuid.uuid4().hex}"  # of what is said on the way
        self._address = ""
        self._answered = Promise[None]()
        self._beginning, self._stopped = threading.Lock(), False
        self._serving: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="dynstudy-dask", daemon=True)

    def slots(self) -> Sequence[Slot]:
        """Workers that have greeted and give signs of life; the first call starts them."""
        self._begin()
        workers = self._workers  # which the thread that talks to them takes away at its end
        return workers.slots if workers is not None else ()

    def submit(self, slot: Slot, chunk: Chunk) -> None:
        """Send a chunk to a worker."""
        self._call(self._submit, slot, chunk)

    def connect(self) -> None:
        """Return when the scheduler has answered.

        Raises:
            ClusterError: it does not.
        """
        self._begin()
        self._answered.result()

    def stop(self, *, drop: bool) -> bool:
        """Let go of what is being trained, which workers leave; those of this machine end.

        Args:
            drop: does not matter: without it, nothing is being trained.

        Returns:
            Whether the thread that talks to them ended.
        """
        with self._beginning:
            self._stopped = True
            if self._thread.ident is None:
                self._loop.close()
                return True
        self._call(lambda: self._serving.cancel() if self._serving is not None else None)
        self._thread.join(STOP_SECONDS)
        return not self._thread.is_alive()

    def _begin(self) -> None:
        with self._beginning:
            if self._thread.ident is None and not self._stopped:
                self._thread.start()

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # the thread has ended, and said why
            self._loop.call_soon_threadsafe(function, *arguments)

    def _run(self) -> None:
        with (
            silence_logging_cmgr("CRITICAL"),  # to the end of the last task that Dask leaves behind
            silence_logging_cmgr("CRITICAL", "tornado"),
            asyncio.Runner(loop_factory=lambda: self._loop) as runner,
        ):
            try:
                runner.run(self._serve())
            except asyncio.CancelledError:
                pass  # it was told to stop
            except Exception as error:
                line = in_a_line(error, self._address)
                self.events.put(line)
                if not self._answered.done():
                    self._answered.set_exception(line)
            finally:
                self._workers = None

    async def _serve(self) -> None:
        """Talk to the cluster until told to stop."""
        self._serving = asyncio.current_task()
        if self._stopped:
            return
        self._loop.set_exception_handler(lambda *_: None)  # for tasks that Dask leaves behind
        async with (
            self.cluster() as (self._address, security),
            talking(self._address, security) as client,
        ):
            client.subscribe_topic(self._topic, self._advanced)
            self._workers = ClusterWorkers(
                client, self.backend, self.other_versions, self.events.put
            )
            self._answered.set_result(None)
            await self._watch(self._workers)

    async def _watch(self, workers: ClusterWorkers) -> None:
        """Keep looking who is there.

        Raises:
            ClusterError: there has been nobody for too long.
        """
        looked, without = time.monotonic(), 0.0
        while True:
            # if this process was stopped, its workers were not silent
            watched = min(time.monotonic() - looked, 2 * LOOK_SECONDS)
            looked = time.monotonic()
            workers.look(await who_is_there(workers.client, self._address), watched)
            before, without = without, 0.0 if workers.slots else without + watched
            if before < self.hush <= without:
                there = f"no worker at {self._address} yet"
                self.events.put(Said(f"{there}; waiting for one up to {self.patience:.0f} s"))
            if without > self.patience:
                refused = f", but for {workers.refused} refused" if workers.refused else ""
                raise ClusterError(
                    f"no worker at {self._address} for {self.patience:.0f} s{refused}; {GOES_ON}, "
                    + self.way_out.format(self._address)
                )
            await asyncio.sleep(LOOK_SECONDS)

    def _submit(self, slot: Slot, chunk: Chunk) -> None:
        worker = self._workers.of(slot) if self._workers is not None else None
        if worker is None:
            self.events.put(Lost(chunk, slot, "was gone before it got its chunk", killed=False))
            return
        self._chunks += 1
        worker.chunk = chunk
        worker.task = asyncio.create_task(self._train(worker, slot, chunk, self._chunks))

    async def _train(self, worker: Member, slot: Slot, chunk: Chunk, number: int) -> None:
        """Have a worker train a chunk."""
        assert self._workers is not None
        assert worker.greeting is not None
        self._training[number] = worker
        try:
            work = Work(number, self._topic, worker.greeting.pid, _whole(chunk), worker.backend)
            content = await sent(self._workers.client, worker, Call(train_work, work))
            delivery: Delivery | Exception = pickle.loads(content)
            event: Event = (
                Failed(chunk, slot, delivery)
                if isinstance(delivery, Exception)
                else Trained(chunk, slot, delivery.records, delivery.trainer, delivery.seconds)
            )
        except (Unwanted, KilledWorker):
            event = Lost(chunk, slot, worker.gone, killed=not worker.leaving)
        except Exception as error:
            if self._workers.client.status != "running":
                return  # the scheduler is gone, and the launch with it
            event = (
                Lost(chunk, slot, "cannot be reached just now", killed=False)
                if isinstance(error, OSError | FutureCancelledError)  # a worker's is delivered
                else Failed(chunk, slot, error)
            )
        finally:
            del self._training[number]
        worker.chunk = worker.task = None
        self.events.put(event)

    def _advanced(self, event: tuple[float, Any]) -> None:
        number, steps = event[1]
        worker = self._training.get(number)
        if worker is not None and worker.chunk is not None and worker.slot is not None:
            self.events.put(Advanced(worker.chunk, worker.slot, steps))


def _whole(chunk: Chunk) -> Chunk:
    """With what is in the files that its networks are made of and trained on, if any."""
    protocol = chunk.protocol
    initial = protocol.initial
    if initial is not None:
        initial = initial.taken_along(protocol.data.classes, protocol.dtype, protocol.data.features)
    with_all = {
        "data": protocol.data.taken_along(),
        "network": protocol.network.taken_along(),
        "initial": initial,
    }
    return Chunk(chunk.tasks, protocol.model_copy(update=with_all))
