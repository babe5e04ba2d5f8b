"""Workers and one process are given the same, in turn, and their speeds are of whole chunks."""

import pytest

from benchmarks import cluster
from dynstudy.bench.measure import Settings
from dynstudy.launch.executors import EXECUTORS
from dynstudy.launch.executors.executor import Chunk
from tests.launch.executors.planted import AtOnce


@pytest.fixture
def chunks(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Chunk]]:
    """What each side was given; both train in this process."""
    given: dict[str, list[Chunk]] = {"here": [], "dask": []}

    class Counting(AtOnce):
        def submit(self, slot: object, chunk: Chunk) -> None:
            given[self.side].append(chunk)
            super().submit(slot, chunk)  # type: ignore[arg-type]

        side = ""

    def make(home: str) -> object:
        def side(backend: str, workers: int) -> Counting:
            made = Counting(backend)
            made.side = next(name for name in EXECUTORS if EXECUTORS[name] == home)
            return made

        return side

    monkeypatch.setattr(cluster, "maker", make)
    for name, value in {"STEPS": 20, "WIDTH": 3, "PERIOD": 4, "SECONDS": 0.05}.items():
        monkeypatch.setattr(cluster, name, value)
    return given


def test_both_train_alike_and_are_compared_within_a_round(chunks: dict[str, list[Chunk]]) -> None:
    said: list[str] = []
    ratio, workers, process = cluster.measure(Settings(rounds=2), said.append).rows
    assert said == [f"cluster: {side}, {i} of 2" for i in (1, 2) for side in ("here", "dask")]
    assert ratio.unit == "ratio"
    assert ratio.quantity == "2 workers of one thread / one process of 2 threads"
    assert min(workers.min, process.min, ratio.min) > 0
    assert workers.min / process.max <= ratio.min <= ratio.max <= workers.max / process.min
    for side in chunks.values():
        assert {chunk.steps for chunk in side} == {20}
        assert {task.replicate.configuration.width for c in side for task in c.tasks} == {3}


def test_a_speed_is_that_between_the_first_chunk_that_lands_and_the_last() -> None:
    assert cluster._speed([(10.0, 999.0), (12.0, 30.0), (15.0, 20.0)]) == pytest.approx(10.0)
