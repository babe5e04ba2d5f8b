"""Train what the ledger lacks and record it, in chunks, ready to be interrupted at any time."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import FrameType

from dynstudy.config import Cell, Configuration, Replicate
from dynstudy.launch.chunks import Chunks
from dynstudy.launch.replicates import Task
from dynstudy.launch.workers import TrainedChunk, Worker, workers
from dynstudy.measure.records import record_steps
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.launches import Launch
from dynstudy.store.ledger import Record
from dynstudy.store.provenance import Trainer
from dynstudy.train.backends import at_once
from dynstudy.train.loop import step_work

PATIENCE_SECONDS = 1.0
"""How long a dropped chunk may take to notice it."""

MEASURED_FROM = 0.01
"""Of the work: before that, the time is that of compiling."""

Lacking = dict[Configuration, tuple[int, ...]]
"""Seeds of the networks that are to be trained."""


class Dropped(Exception):  # noqa: N818 - it is no error
    """Leaves the training thread between two slices."""


@dataclass
class Progress:
    """How far a launch is, for whoever shows it."""

    networks: int = 0  # to train in all, as far as is known
    work: float = 0.0  # in units x steps, which is what takes time
    done: int = 0  # networks
    work_done: float = 0.0
    steps_done: float = 0.0  # network-steps
    stage: str = ""  # of a launch that has several, whose sizes are not known before
    began: float = field(default_factory=time.monotonic)

    def expect(self, networks: float, work: float) -> None:
        """Say how much there is still to do."""
        self.networks = self.done + round(networks)
        self.work = self.work_done + work

    @property
    def rate(self) -> float:
        """Network-steps per second."""
        return self.steps_done / max(time.monotonic() - self.began, 1e-9)

    @property
    def seconds_left(self) -> float:
        """Estimated from the work done so far; nan before a hundredth was, while it compiles."""
        if not self.work_done or self.work_done < MEASURED_FROM * self.work:
            return math.nan
        return (time.monotonic() - self.began) * (self.work / self.work_done - 1)


@dataclass
class Flight:
    """A chunk that is being trained."""

    worker: Worker
    chunk: Sequence[Task]
    work: float  # units x steps
    steps: int = 0  # taken, as its thread tells
    counted: int = 0  # of them, in the progress
    began: float = field(default_factory=time.monotonic)
    landed: Future[TrainedChunk] = field(default_factory=Future)


class Training:
    """The networks that one launch trains; `launch` is None for a ledger that is thrown away.

    `report` is called about ten times a second with the progress, and `log` with what a person
    should know besides.
    """

    def __init__(
        self,
        ledger: LaunchLedger,
        launch: Launch | None,
        backend: str,
        report: Callable[[Progress], None] | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.ledger, self.launch = ledger, launch
        self.workers, self.together = workers(backend), at_once(backend)
        self.report, self.log = report or (lambda _: None), log or (lambda _: None)
        self.progress = Progress()
        self.reused = self.diverged = 0
        self.abandoned = False
        self.said_first: list[str] = []  # what is logged before the first network is trained
        self.stop_after_chunk, self.drop_chunk = threading.Event(), threading.Event()
        self._budget = 0.0  # of the next chunk

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self.stop_after_chunk.is_set()

    def plan(self, cells: Sequence[Cell], share: float = 1.0) -> Lacking:
        """The seeds to train of each configuration, which are a `share` of all the work ahead."""
        lacking = self.ledger.lacking(cells)
        networks = sum(map(len, lacking.values()))
        work = sum(
            len(lacking[cell.configuration]) * step_work(cell.configuration.width) * cell.steps
            for cell in {cell.configuration: cell for cell in cells}.values()
        )
        self.progress.expect(networks / share, work / share)
        while networks and self.said_first:
            self.log(self.said_first.pop(0))
        self.reused += sum(cell.replicates for cell in cells) - networks
        return lacking

    def train(self, cells: Sequence[Cell], lacking: Lacking) -> Iterator[list[Record]]:
        """Train what is missing, cell after cell; yields each chunk when it is recorded."""
        uneven = self.ledger.protocol.until is not None
        tasks = self._tasks(cells, lacking)
        chunks = Chunks(tasks, self.together, self._budget, uneven=uneven)
        idle, flights = list(self.workers), list[Flight]()
        try:
            while True:
                while idle and not self.stopped and (chunk := next(chunks, None)):
                    flights.append(self._launched(idle.pop(), chunk))
                if not flights or (flight := self._landed(flights)) is None:
                    return
                flights.remove(flight)
                idle.append(flight.worker)
                chunks.took(flight.work, time.monotonic() - flight.began)
                self._budget = chunks.budget
                records, trainer = flight.landed.result()
                self._record(flight, records, trainer)
                yield records
        except Dropped:
            return
        except BaseException:
            self.drop_chunk.set()  # nobody waits for what is under way any more
            raise

    def complete(self, cells: Sequence[Cell], share: float = 1.0, note: str = "") -> bool:
        """Plan and train cells to the end, `note` logged if any is missing; false if stopped."""
        lacking = self.plan(cells, share)
        self.ledger.remember(cells, lacking)
        if note and any(lacking.values()):
            self.log(note)
        trained = sum(map(len, self.train(cells, lacking)))
        return trained == sum(map(len, lacking.values()))

    def _tasks(self, cells: Sequence[Cell], lacking: Lacking) -> Iterator[Task]:
        """The networks to train, cell after cell."""
        # what other studies need of a baseline is read again with what this one needs
        static = (cell.configuration for cell in cells if cell.configuration.static)
        read = self.ledger.steps_read(each for each in static if lacking[each])
        for cell in cells:
            steps = tuple(sorted({*cell.reads, *read.get(cell.configuration, ())}))
            curvature = (
                self._curvature_of(cell.configuration) if lacking[cell.configuration] else ()
            )
            for seed in lacking[cell.configuration]:
                yield Task(Replicate(cell.configuration, seed), steps, *curvature)

    def _curvature_of(self, configuration: Configuration) -> tuple[tuple[int, ...], int]:
        """Return the steps at which eigenvalues are read of a cell's networks, and how many.

        What another study asked for is read again, so that a network is not trained in turns for
        two that ask for more or fewer of them.
        """
        protocol = self.ledger.protocol.at(configuration.learning_rate)
        if protocol.curvature is None or not (records := record_steps(protocol)):
            return (), 1
        steps, count = self.ledger.eigenvalues_read(configuration)
        return tuple(sorted(steps.union(records))), max(count, protocol.curvature.eigenvalues)

    def _launched(self, worker: Worker, chunk: Sequence[Task]) -> Flight:
        """Train a chunk in a thread, so that this one is free to answer."""
        widths = [task.replicate.configuration.width for task in chunk]
        flight = Flight(worker, chunk, step_work(widths) * chunk[0].steps)

        def on_slice(step: int) -> None:
            if self.drop_chunk.is_set():
                raise Dropped
            flight.steps = step

        def train_in_thread() -> None:
            try:
                flight.landed.set_result(worker(chunk, self.ledger.protocol, on_slice))
            except BaseException as error:
                flight.landed.set_exception(error)

        threading.Thread(target=train_in_thread, name="dynstudy-train", daemon=True).start()
        return flight

    def _landed(self, flights: Sequence[Flight]) -> Flight | None:
        """Wait for the first chunk; None if they were dropped and do not notice it."""
        futures = [flight.landed for flight in flights]
        while not wait(futures, timeout=0.1, return_when=FIRST_COMPLETED).done:
            for flight in flights:
                self._count(flight, flight.steps)
            self.report(self.progress)
            if self.drop_chunk.is_set() and not wait(futures, timeout=PATIENCE_SECONDS).done:
                self.abandoned = True  # it is compiling, or in a very long step
                return None
        return next(flight for flight in flights if flight.landed.done())

    def _record(self, flight: Flight, records: Sequence[Record], trainer: Trainer) -> None:
        launch = self.launch.id if self.launch is not None else None
        self.ledger.add(records, trainer, run_id=launch)
        ended = datetime.now(UTC).replace(tzinfo=None)
        began = ended - timedelta(seconds=time.monotonic() - flight.began)
        trained = {record.replicate.configuration for record in records}
        self.ledger.was_trained(trained, began, ended)
        if self.launch is not None:
            self.launch.recorded(len(records), trainer.backend, trainer.device)
        self.diverged += sum(record.diverged_at is not None for record in records)
        self._count(flight, flight.chunk[0].steps)
        self.progress.done += len(records)
        self.report(self.progress)

    def _count(self, flight: Flight, steps: int) -> None:
        """Add the steps that a chunk took since it was last counted."""
        more, flight.counted = steps - flight.counted, steps
        self.progress.work_done += flight.work * more / flight.chunk[0].steps
        self.progress.steps_done += len(flight.chunk) * float(more)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Answer Ctrl-C (and SIGTERM): finish the chunk the first time, drop it the second."""

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if self.stopped:
                self.drop_chunk.set()
                self.log("dropping the chunk in flight; everything before it is recorded")
            else:
                self.stop_after_chunk.set()
                self.log("finishing the chunk in flight; once more to drop it")

        if threading.current_thread() is not threading.main_thread():
            yield  # Python lets only the main thread handle signals
            return
        before = {s: signal.signal(s, on_signal) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
