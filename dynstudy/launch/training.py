"""Train what the ledger lacks and record it, in chunks, ready to be interrupted at any time.

All that is written is written by the thread that runs this; `Dispatch` keeps what trains busy.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from dynstudy.config import Cell, Configuration, Replicate
from dynstudy.errors import ClusterError
from dynstudy.launch.dispatch import Dispatch
from dynstudy.launch.executors.executor import Executor, Said, Trained
from dynstudy.launch.flights import Convicted
from dynstudy.launch.interrupts import Interrupts
from dynstudy.launch.progress import Progress
from dynstudy.launch.replicates import NetworkTask
from dynstudy.launch.wanted import Wanted
from dynstudy.measure.records import record_steps
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.launches import Launch
from dynstudy.store.ledger import Landing
from dynstudy.store.patience import IMPATIENT, Patience
from dynstudy.train.loop import step_work

REPORT_SECONDS = 0.1
"""Between two reports of the progress."""

RECORD_NETWORKS = 1000
"""Networks of so many are recorded at once, if they have landed."""

Lacking = dict[Configuration, tuple[int, ...]]
"""Seeds of the networks that are to be trained."""


class Training:
    """The networks that one launch trains; `launch` is None for a ledger that is thrown away.

    Args:
        ledger: where networks are recorded.
        launch: the launch that trains them.
        executor: what trains them.
        report: called about ten times a second with the progress.
        log: called with what a person should know besides.
        patience: runs what uses the database, again and again while that is away.
        interrupts: say when to stop.
    """

    def __init__(
        self,
        ledger: LaunchLedger,
        launch: Launch | None,
        executor: Executor,
        report: Callable[[Progress], None] | None = None,
        log: Callable[[str], None] | None = None,
        *,
        patience: Patience | None = None,
        interrupts: Interrupts | None = None,
    ) -> None:
        self.ledger, self.launch, self.executor = ledger, launch, executor
        self.report, self.log = report or (lambda _: None), log or (lambda _: None)
        self.interrupts = interrupts or Interrupts(self.log)
        self.patiently = patience or IMPATIENT
        self.progress = Progress()
        self.reused = self.diverged = 0
        self.abandoned = False
        self.convicted: list[Convicted] = []
        self.said_first: list[str] = []  # what is logged before the first network is trained
        self._budgets: dict[str, float] = {}  # of the next chunk of each slot

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self.interrupts.stopped

    def plan(self, cells: Sequence[Cell], share: float = 1.0) -> Lacking:
        """The seeds to train of each configuration, which are a `share` of all the work ahead."""
        lacking = self.patiently(self.ledger.lacking, cells)
        networks = sum(map(len, lacking.values()))
        work = sum(
            len(lacking[cell.configuration]) * step_work(cell.configuration.width) * cell.steps
            for cell in {cell.configuration: cell for cell in cells}.values()
        )
        self.progress.expect(networks / share, work / share)
        if networks:
            self.say_first()
        self.reused += sum(cell.replicates for cell in cells) - networks
        return lacking

    def say_first(self) -> None:
        """Log what is to be known before the first network is trained, once."""
        while self.said_first:
            self.log(self.said_first.pop(0))

    def train(self, cells: Sequence[Cell], lacking: Lacking) -> Iterator[list[Replicate]]:
        """Train what is missing, cell after cell; yields networks whenever some are recorded."""
        tasks = self._tasks(cells, lacking)
        wanted = Wanted(self.ledger, self.launch, self.patiently, cells, tasks)
        yield from self._train(wanted, cells)

    def train_unreserved(self, tasks: Iterator[NetworkTask]) -> Iterator[list[Replicate]]:
        """The same of networks that no other study is likely to train, as they are handed out."""
        yield from self._train(Wanted(self.ledger, None, self.patiently, (), tasks), ())

    def _train(self, wanted: Wanted, cells: Sequence[Cell]) -> Iterator[list[Replicate]]:
        dispatch = Dispatch(self.executor, self.ledger.protocol, self.progress, self._budgets)
        waiting = False
        with dispatch:
            while not dispatch.over:
                if self.interrupts.drop_chunk.is_set():
                    self.abandoned = not self.executor.stop(drop=True)
                    break
                if self.stopped:
                    dispatch.finish()
                else:
                    dispatch.feed(wanted.next_tasks(*dispatch.appetite()))
                    if wanted.none_left:
                        dispatch.fed()
                    elif (count := len(wanted.elsewhere)) and dispatch.idle and not waiting:
                        waiting = True
                        self.log(f"waiting for {count} networks that another launch is training")
                if recorded := wanted.recorded_elsewhere():
                    self._take(cells, recorded)
                    yield recorded
                trained, landed = self._landed(dispatch)
                if trained:
                    self._record(trained)
                    yield _replicates(trained)
                if isinstance(landed, Convicted):
                    wanted.let_go(landed.task)
                    self.convicted.append(landed)
                    self.log(f"{landed.said}; it is left out")
                elif isinstance(landed, Said):
                    self.log(landed.line)
                self.report(self.progress)
        while not dispatch.over:  # what had landed when the rest was dropped
            trained, _ = self._landed(dispatch)
            if trained:
                self._record(trained)
                yield _replicates(trained)

    def complete(self, cells: Sequence[Cell], share: float = 1.0, note: str = "") -> bool:
        """Plan and train cells to the end, `note` logged if any is missing; false if stopped."""
        lacking = self.plan(cells, share)
        self.patiently(self.ledger.remember, cells, lacking)
        if note and any(lacking.values()):
            self.log(note)
        trained = sum(map(len, self.train(cells, lacking)))
        return trained == sum(map(len, lacking.values()))

    def _tasks(self, cells: Sequence[Cell], lacking: Lacking) -> Iterator[NetworkTask]:
        """The networks to train, cell after cell."""
        # what other studies need of a baseline is read again with what this one needs
        static = (cell.configuration for cell in cells if cell.configuration.static)
        missing = [each for each in static if lacking[each]]
        read = self.patiently(self.ledger.steps_read, missing)
        for cell in cells:
            steps = tuple(sorted({*cell.reads, *read.get(cell.configuration, ())}))
            curvature = (
                self._curvature_of(cell.configuration) if lacking[cell.configuration] else ()
            )
            for seed in lacking[cell.configuration]:
                yield NetworkTask(Replicate(cell.configuration, seed), steps, *curvature)

    def _curvature_of(self, configuration: Configuration) -> tuple[tuple[int, ...], int]:
        """Return the steps at which eigenvalues are read of a cell's networks, and how many.

        What another study asked for is read again, so that a network is not trained in turns for
        two that ask for more or fewer of them.
        """
        protocol = self.ledger.protocol.at(configuration.learning_rate)
        if protocol.curvature is None or not (records := record_steps(protocol)):
            return (), 1
        steps, count = self.patiently(self.ledger.eigenvalues_read, configuration)
        return tuple(sorted(steps.union(records))), max(count, protocol.curvature.eigenvalues)

    def _landed(self, dispatch: Dispatch) -> tuple[list[Trained], Convicted | Said | None]:
        """Wait for a chunk; of many workers, chunks land faster than each by itself is recorded.

        Returns:
            The chunks that have landed, and what came after them.
        """
        trained: list[Trained] = []
        landed = dispatch.next_landed(REPORT_SECONDS)
        while isinstance(landed, Trained):
            trained.append(landed)
            if sum(len(each.records) for each in trained) >= RECORD_NETWORKS:
                return trained, None
            try:
                landed = dispatch.next_landed(0)
            except Exception:
                self._record(trained)
                raise
        return trained, landed

    def _record(self, trained: Sequence[Trained]) -> None:
        launch = None if self.launch is None else self.launch.id
        chunks = [
            Landing(each.records, each.trainer, each.slot.name, each.seconds) for each in trained
        ]
        self.patiently(self.ledger.add_all, chunks, run_id=launch)
        ended = datetime.now(UTC).replace(tzinfo=None)
        for each in trained:
            began = ended - timedelta(seconds=each.seconds)
            configurations = {record.replicate.configuration for record in each.records}
            self.ledger.was_trained(configurations, began, ended)
            self.diverged += sum(record.diverged_at is not None for record in each.records)
            self.progress.done += len(each.records)

    def complain(self) -> None:
        """Raise a `ClusterError` if a network could not be trained anywhere."""
        if self.convicted:
            more = f" (and {len(self.convicted) - 1} more)" if len(self.convicted) > 1 else ""
            raise ClusterError(
                f"{self.convicted[0].said}{more}; all others are recorded, and the same command "
                "tries it again"
            )

    def _take(self, cells: Sequence[Cell], recorded: Sequence[Replicate]) -> None:
        """Count networks that another launch has recorded meanwhile, and read them."""
        configurations = {replicate.configuration for replicate in recorded}
        changed = [cell for cell in cells if cell.configuration in configurations]
        lacking = self.patiently(self.ledger.lacking, changed)
        self.patiently(self.ledger.remember, changed, lacking)
        steps = {cell.configuration: cell.steps for cell in changed}
        self.progress.networks -= len(recorded)
        for each in recorded:
            configuration = each.configuration
            self.progress.work -= step_work(configuration.width) * steps[configuration]
        self.reused += len(recorded)


def _replicates(trained: Sequence[Trained]) -> list[Replicate]:
    return [task.replicate for each in trained for task in each.chunk.tasks]
