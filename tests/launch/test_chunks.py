"""Networks in chunks, sized by how long the last one took."""

import pytest

from dynstudy.config import Configuration, Replicate
from dynstudy.launch import chunks
from dynstudy.launch.chunks import CHUNK_SECONDS, Chunks, next_budget
from dynstudy.launch.replicates import NetworkTask
from dynstudy.train.loop import step_work

STEPS = 100


def tasks(count: int, loss: str = "ce", width: int = 5, steps: int = STEPS) -> list[NetworkTask]:
    configuration = Configuration(loss, width, 1.0)
    return [NetworkTask(Replicate(configuration, seed), (steps,)) for seed in range(count)]


def all_of(chunks: Chunks, together: int, budget: float = 0.0) -> list[list[NetworkTask]]:
    cut = []
    while chunk := chunks.cut(together, budget):
        cut.append(chunk)
    return cut


def test_everything_comes_once_in_its_order_and_each_chunk_has_one_loss() -> None:
    networks = tasks(5) + tasks(3, "mse") + tasks(4)
    cut = all_of(Chunks(networks), together=2)
    assert [task for chunk in cut for task in chunk] == networks
    assert [len(chunk) for chunk in cut] == [2, 2, 1, 2, 1, 2, 2]
    for chunk in cut:
        assert len({task.replicate.configuration.loss for task in chunk}) == 1
    assert all_of(Chunks(), together=2) == []


def test_what_waits_is_counted_in_work_and_more_may_be_added_behind_it() -> None:
    waiting = Chunks(tasks(3))
    waiting.add(tasks(1, width=50))
    work = [step_work(width) * STEPS for width in (5, 5, 5, 50)]
    assert waiting.work == sum(work)
    waiting.cut(together=2)
    assert waiting.work == pytest.approx(sum(work[2:]))
    assert len(waiting.cut(together=2)) == 2


def test_networks_that_may_end_early_are_trained_beside_several_others() -> None:
    sizes = [len(chunk) for chunk in all_of(Chunks(tasks(20), uneven=True), together=2)]
    assert sizes == [8, 8, 4]


def test_networks_of_other_numbers_of_steps_are_trained_apart() -> None:
    configurations = [Configuration("ce", 5, rate) for rate in (1.0, 0.5)]
    networks = [
        NetworkTask(Replicate(configuration, seed), (round(STEPS / configuration.learning_rate),))
        for configuration in configurations
        for seed in range(3)
    ]
    cut = all_of(Chunks(networks), together=2, budget=float("inf"))
    assert [[task.steps for task in chunk] for chunk in cut] == [[STEPS] * 3, [2 * STEPS] * 3]


def test_the_next_chunk_takes_as_long_as_it_should_but_grows_fourfold_at_most() -> None:
    assert next_budget(100.0, CHUNK_SECONDS / 100) == 400
    assert next_budget(400.0, 2 * CHUNK_SECONDS) == 200  # it took too long
    assert next_budget(100.0, 0.0) == 400


def test_whole_rounds_are_trained_and_never_more_than_memory_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_NETWORKS", 10)
    all_there_is = float("inf")
    cut = all_of(Chunks(tasks(40)), together=3, budget=all_there_is)
    assert [len(chunk) for chunk in cut] == [12, 12, 12, 4]
    many_at_once = all_of(Chunks(tasks(40)), together=8, budget=all_there_is)
    assert [len(chunk) for chunk in many_at_once] == [32, 8]


@pytest.mark.parametrize(
    ("width", "steps", "count"), [(5, STEPS, 6), (5, 2 * STEPS, 4), (50, STEPS, 2)]
)
def test_wider_networks_and_longer_trainings_are_more_work(
    width: int, steps: int, count: int
) -> None:
    budget = 6 * step_work(5) * STEPS
    networks = Chunks(tasks(9, width=width, steps=steps))
    assert len(networks.cut(together=2, budget=budget)) == count
