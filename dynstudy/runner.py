"""The bridge between search and train: which networks are missing -> train -> record."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any

import optuna

from dynstudy.chunks import Chunks, network_work
from dynstudy.config import Configuration, Replicate
from dynstudy.measure.accuracy import standard_error
from dynstudy.progress import Progress, Summary
from dynstudy.replicates import Task, train_replicates
from dynstudy.search.baseline import Baseline
from dynstudy.search.database import database_errors, storage_url
from dynstudy.search.ledger import Ledger, Record
from dynstudy.search.provenance import ARITHMETIC, versions
from dynstudy.search.runs import Run, claim
from dynstudy.search.space import Cell, cells
from dynstudy.search.spec import StudySpec
from dynstudy.search.storage import Storage
from dynstudy.search.trials import FinishedCell, add_cells, finished
from dynstudy.train import Outcome
from dynstudy.train.backends import load
from dynstudy.train.backends.cpu import threads

PATIENCE_SECONDS = 1.0
"""How long a dropped chunk may take to notice it."""


class Dropped(Exception):  # noqa: N818 - it is no error
    """Leaves the training thread between two slices."""


def run(
    spec: StudySpec,
    *,
    storage: str | Storage | None = None,
    backend: str = "auto",
    extend: bool = False,
    report: Callable[[Progress], None] | None = None,
    log: Callable[[str], None] | None = None,
) -> Summary:
    """Launch a study or resume it: train what the ledger lacks, record it, make cells trials.

    The first Ctrl-C lets the chunk in flight finish and be recorded; the second one drops it.

    Args:
        spec: the study, from `dynstudy.load_spec`.
        storage: a database URL or an open storage; if None, the environment's or the default.
        backend: see `dynstudy.train.train`.
        extend: let an existing study grow to a superset of its cells.
        report: called about ten times a second with the progress.
        log: called with what a person should know besides, a line at a time.

    Returns:
        What was done.

    Raises:
        StorageError: the database cannot be used.
        StudyMismatchError: the study exists and means something else.
        StudyBusyError: another process is running it.
        BackendError: the backend is not on this machine.
    """
    load(backend)  # what is wrong with it is found before anything is written
    threads()
    opened = storage if isinstance(storage, Storage) else Storage(storage_url(storage), create=True)
    with database_errors(opened.url):
        study = opened.open_study(spec, extend=extend)
        with claim(opened.engine, opened.study_id(study), spec, backend) as launch:
            runner = _Runner(
                spec, opened, study, launch, backend, report or _ignore, log or _ignore
            )
            with runner.interruptible():
                runner.work()
            launch.interrupted = runner.interrupted
    return runner.summary()


def _ignore(_: object) -> None:
    pass


class _Runner:
    """One launch of one study."""

    def __init__(
        self,
        spec: StudySpec,
        storage: Storage,
        study: optuna.Study,
        launch: Run,
        backend: str,
        report: Callable[[Progress], None],
        log: Callable[[str], None],
    ) -> None:
        self.spec, self.study, self.launch = spec, study, launch
        self.backend, self.report, self.log = backend, report, log
        self.began = time.monotonic()
        self.ledger = Ledger(storage.engine, spec.protocol)
        self.cells = list(cells(spec))
        self.lacking_seeds = self.ledger.lacking(self.cells)
        self.lacking = {own: len(seeds) for own, seeds in self.lacking_seeds.items()}
        steps = spec.protocol.steps
        self.progress = Progress(
            sum(self.lacking.values()),
            sum(count * network_work(c.width, steps) for c, count in self.lacking.items()),
        )
        present = finished(study)
        self.waiting = [cell for cell in self.cells if cell.configuration not in present]
        self.baselines: dict[Configuration, Baseline] = {}
        self.diverged = 0
        self.abandoned = False
        self.stop_after_chunk, self.drop_chunk = threading.Event(), threading.Event()
        self.versions = {name: versions()[name] for name in ("dynstudy", "python", *ARITHMETIC)}

    @property
    def interrupted(self) -> bool:
        """Whether it was told to stop and something is left to do."""
        return self.stop_after_chunk.is_set() and any(self.lacking.values())

    def summary(self) -> Summary:
        """What was done so far."""
        return Summary(
            self.spec.name,
            len(self.cells),
            self.progress.done,
            sum(cell.replicates for cell in self.cells) - self.progress.networks,
            self.diverged,
            time.monotonic() - self.began,
            self.interrupted,
            self.abandoned,
        )

    def work(self) -> None:
        """Train and record until nothing is missing, or until told to stop."""
        self._record_finished_cells()
        chunks = Chunks(self._tasks(), self.spec.protocol.steps)
        for chunk in chunks:
            began = time.monotonic()
            trained = self._train(chunk)
            if trained is None:
                return
            records, outcome = trained
            self._record(records, outcome)
            chunks.took(time.monotonic() - began)
            if self.stop_after_chunk.is_set():
                return

    def _tasks(self) -> Iterator[Task]:
        """The networks to train, cell after cell, baselines first."""
        for cell in self.cells:
            seeds, steps = self.lacking_seeds[cell.configuration], cell.reads
            if seeds and cell.configuration.static:
                # what other studies need of a baseline is read again with what this one needs
                steps = tuple(sorted({*steps, *self.ledger.steps_read(cell.configuration)}))
            for seed in seeds:
                yield Task(Replicate(cell.configuration, seed), steps)

    def _train(self, chunk: Sequence[Task]) -> tuple[list[Record], Outcome] | None:
        """Train a chunk in a thread, so that this one is free to answer; None if dropped."""
        progress, steps = self.progress, self.spec.protocol.steps
        work_before, steps_before = progress.work_done, progress.steps_done
        work = sum(network_work(task.replicate.configuration.width, steps) for task in chunk)

        def on_slice(step: int) -> None:
            if self.drop_chunk.is_set():
                raise Dropped
            progress.work_done = work_before + work * step / steps
            progress.steps_done = steps_before + float(len(chunk)) * step

        future: Future[tuple[list[Record], Outcome]] = Future()

        def train_in_thread() -> None:
            try:
                future.set_result(
                    train_replicates(chunk, self.spec.protocol, self.backend, on_slice)
                )
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=train_in_thread, name="dynstudy-train", daemon=True).start()
        try:
            while not wait([future], timeout=0.1).done:
                self.report(progress)
                self.launch.beat()
                if self.drop_chunk.is_set() and not wait([future], timeout=PATIENCE_SECONDS).done:
                    self.abandoned = True  # it is compiling, or in a very long step
                    return None
            return future.result()
        except Dropped:
            return None
        except BaseException:
            self.drop_chunk.set()  # nobody waits for it any more
            raise

    def _record(self, records: Sequence[Record], outcome: Outcome) -> None:
        """Networks first, then the trials they complete: a crash between the two costs nothing."""
        self.ledger.add(
            records,
            backend=outcome.backend,
            device=outcome.device,
            versions=self.versions,
            run_id=self.launch.id,
        )
        self.launch.recorded(len(records), outcome.backend, outcome.device)
        self.diverged += int(outcome.diverged.sum())
        for record in records:
            self.lacking[record.replicate.configuration] -= 1
        self._record_finished_cells()
        self.progress.done += len(records)
        self.report(self.progress)

    def _record_finished_cells(self) -> None:
        ready: list[Cell] = []
        waiting: list[Cell] = []
        for cell in self.waiting:
            whole = not self.lacking[cell.configuration]
            comparable = not self.lacking.get(cell.configuration.baseline(), 0)
            (ready if whole and comparable else waiting).append(cell)
        self.waiting = waiting
        add_cells(self.study, map(self._finished_cell, ready))

    def _finished_cell(self, cell: Cell) -> FinishedCell:
        configuration = cell.configuration
        rows = self.ledger.load([configuration])
        rows = rows[rows.seed < cell.replicates]
        mean = float(rows.val_accuracy.mean())
        attributes: dict[str, Any] = {
            "sem": _or_none(standard_error(rows.val_accuracy)),
            "replicates": len(rows),
            "diverged": int(rows.diverged_at.notna().sum()),
            "cell": {
                "configuration": self.ledger.key(configuration),
                "train_accuracy": float(rows.train_accuracy.mean()),
            },
        }
        if configuration.period is not None:
            baseline = self._baseline(configuration.baseline())
            static, _ = baseline.forgetting(configuration.period)
            attributes["gain"] = mean - float(baseline.val_accuracy.mean())
            own = rows.forgetting.dropna()
            if len(own) and len(static):
                attributes["forgetting"] = float(own.mean() - static.mean())
        return FinishedCell(configuration, mean, attributes)

    def _baseline(self, configuration: Configuration) -> Baseline:
        if configuration not in self.baselines:
            self.baselines[configuration] = Baseline(
                self.ledger, configuration, self.spec.baseline_replicates
            )
        return self.baselines[configuration]

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Answer Ctrl-C (and SIGTERM): finish the chunk the first time, drop it the second."""

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if self.stop_after_chunk.is_set():
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


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
