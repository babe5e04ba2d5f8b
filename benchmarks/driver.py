"""What a launch itself takes, beside workers that answer at once: how many of them it can feed."""

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context

import numpy as np
import psutil

from benchmarks.planted import planted_spec
from dynstudy.bench.measure import Measurement, Row, Say, Settings
from dynstudy.launch.chunks import CHUNK_SECONDS
from dynstudy.launch.executors.executor import Chunk, Executor, Slot, Trained
from dynstudy.launch.replicates import NetworkTask
from dynstudy.launch.runner import run
from dynstudy.store.ledger import Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec

CASES = ((1, 30), (10, 30), (100, 30), (1000, 30), (10, 1000))
"""Workers, and the networks that each trains in the time of a chunk: 30 of width 20 for 30 000
steps are about what two cores train; a card trains more, and a chunk has at most 1000."""

CELLS = 3000

TRAINER = Trainer("cpu", "planted", "none", {"dynstudy": "0"}, "planted")
MEASURES = {
    "train_accuracy": 0.5,
    "val_accuracy": 0.5,
    "val_accuracy_before_tail": 0.5,
    "forgetting": 0.25,
    "unrecovered": 0.125,
    "lasting": 0.125,
}


def measure(settings: Settings, say: Say) -> Measurement:
    """Launch a map with so and so many workers, each time into a database of its own.

    Args:
        settings: how often.
        say: told what is being measured.

    Returns:
        Networks a second, from the first chunk to the last trial; for each chunk, the time and the
        processor time of the launch; how much its memory grew.
    """
    spec = planted_spec(CELLS)
    costs: dict[tuple[int, int], list[DriverCost]] = {case: [] for case in CASES}
    for number in range(settings.rounds):
        for (workers, size), of_rounds in costs.items():
            say(f"driver: {workers} workers, {number + 1} of {settings.rounds}")
            with tempfile.TemporaryDirectory(prefix="dynstudy-bench-") as folder:
                url = f"sqlite:///{folder}/driver.db"
                of_rounds.append(in_a_process(launch_cost, spec, workers, size, url))
    rows = []
    for (workers, size), of_rounds in costs.items():
        name = f"{workers} worker{'s' * (workers > 1)}, chunks of {size}"
        for quantity, unit in UNITS.items():
            values = [getattr(each, quantity) for each in of_rounds]
            rows.append(Row.of("driver", f"{name}, {quantity}", unit, values))
    networks = sum(len(cell.seeds) for cell in spec.grid_cells())
    return Measurement(
        rows, [f"driver: a map of {networks} networks, SQLite, no time to train them"]
    )


UNITS = {"speed": "networks/s", "of_chunk": "ms", "processor": "ms", "memory": "MiB"}


@dataclass(frozen=True)
class DriverCost:
    """Of a launch whose workers take no time, from its first chunk to its last trial."""

    speed: float  # networks per second
    of_chunk: float  # milliseconds by the clock
    processor: float  # milliseconds a chunk of this process
    memory: float  # MiB that it grew by


def in_a_process(function: Callable[..., DriverCost], *arguments: object) -> DriverCost:
    """Call a function in a process of its own, whose memory no other launch has used."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


class Planted(Executor):
    """So many workers, which have the outcomes at once; and what is seen from there."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.places = [Slot(f"worker {number}", at_once=size) for number in range(count)]
        self.process = psutil.Process()
        self.chunks, self.memory = 0, 0
        self.began, self.used, self.memory_before = 0.0, 0.0, 0

    def slots(self) -> Sequence[Slot]:
        """All of them."""
        return self.places

    def submit(self, slot: Slot, chunk: Chunk) -> None:
        """Answer as if it had taken its time."""
        resident = self.process.memory_info().rss
        if not self.chunks:
            self.began, self.used = time.perf_counter(), time.process_time()
            self.memory_before = resident
        self.chunks += 1
        self.memory = max(self.memory, resident - self.memory_before)
        records = [outcome(task) for task in chunk.tasks]
        seconds = CHUNK_SECONDS * len(records) / self.size
        self.events.put(Trained(chunk, slot, records, TRAINER, seconds))

    def stop(self, *, drop: bool) -> bool:
        """Nothing is under way."""
        return True


def launch_cost(spec: StudySpec, count: int, size: int, url: str) -> DriverCost:
    """Launch a study with so many workers, and chunks of such a size, in a new database."""
    storage, workers = Storage(url, create=True), Planted(count, size)
    done = run(spec, storage=storage, executor=workers, report=lambda _: None)
    seconds = time.perf_counter() - workers.began
    used = time.process_time() - workers.used
    storage.engine.dispose()
    chunks, memory = workers.chunks, workers.memory / 2**20
    return DriverCost(done.trained / seconds, 1000 * seconds / chunks, 1000 * used / chunks, memory)


def outcome(task: NetworkTask) -> Record:
    """A network that is read where it is to be."""
    static = task.replicate.configuration.static
    measures = {name: value for name, value in MEASURES.items() if not static or "acc" in name}
    return Record(task.replicate, None, measures, _series(task.reads))


@lru_cache
def _series(steps: tuple[int, ...]) -> dict[str, Series]:
    counts = np.full((len(steps), 3), 50)
    return {TRAIN: Series(steps, counts), VALIDATION: Series(steps, counts)}
