"""Networks in chunks, sized by how long the last one took."""

import pytest

from dynstudy.config import Configuration, Replicate
from dynstudy.launch import chunks
from dynstudy.launch.chunks import CHUNK_NETWORKS, CHUNK_SECONDS, Chunks
from dynstudy.launch.replicates import Task
from dynstudy.train.loop import step_work

STEPS = 100


def tasks(count: int, loss: str = "ce", width: int = 5, steps: int = STEPS) -> list[Task]:
    configuration = Configuration(loss, width, 1.0)
    return [Task(Replicate(configuration, seed), (steps,)) for seed in range(count)]


def test_everything_comes_once_in_its_order_and_each_chunk_has_one_loss() -> None:
    networks = tasks(5) + tasks(3, "mse") + tasks(4)
    cut = list(Chunks(iter(networks), together=2))
    assert [task for chunk in cut for task in chunk] == networks
    assert [len(chunk) for chunk in cut] == [2, 2, 1, 2, 1, 2, 2]
    for chunk in cut:
        assert len({task.replicate.configuration.loss for task in chunk}) == 1
    assert list(Chunks(iter([]), together=2)) == []


def test_networks_that_may_end_early_are_trained_beside_several_others() -> None:
    sizes = [len(chunk) for chunk in Chunks(iter(tasks(20)), together=2, uneven=True)]
    assert sizes == [8, 8, 4]


def test_networks_of_other_numbers_of_steps_are_trained_apart() -> None:
    configurations = [Configuration("ce", 5, rate) for rate in (1.0, 0.5)]
    networks = [
        Task(Replicate(configuration, seed), (round(STEPS / configuration.learning_rate),))
        for configuration in configurations
        for seed in range(3)
    ]
    cut = list(Chunks(iter(networks), together=2, budget=float("inf")))
    assert [[task.steps for task in chunk] for chunk in cut] == [[STEPS] * 3, [2 * STEPS] * 3]


def test_the_next_chunk_takes_as_long_as_it_should_but_grows_fourfold_at_most() -> None:
    networks = Chunks(iter(tasks(CHUNK_NETWORKS)), together=2)
    first = next(networks)
    work = len(first) * step_work(5) * STEPS
    networks.took(work, CHUNK_SECONDS / 100)
    second = next(networks)
    assert len(second) == 4 * len(first)
    networks.took(4 * work, 2 * CHUNK_SECONDS)  # it took too long
    assert len(next(networks)) == len(second) // 2
    networks.took(work, 0.0)
    assert networks.budget == 4 * work


def test_whole_rounds_are_trained_and_never_more_than_memory_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_NETWORKS", 10)
    networks = Chunks(iter(tasks(40)), together=3, budget=float("inf"))
    assert [len(chunk) for chunk in networks] == [12, 12, 12, 4]
    many_at_once = Chunks(iter(tasks(40)), together=8, budget=float("inf"))
    assert [len(chunk) for chunk in many_at_once] == [32, 8]


@pytest.mark.parametrize(
    ("width", "steps", "count"), [(5, STEPS, 6), (5, 2 * STEPS, 4), (50, STEPS, 2)]
)
def test_wider_networks_and_longer_trainings_are_more_work(
    width: int, steps: int, count: int
) -> None:
    budget = 6 * step_work(5) * STEPS
    networks = Chunks(iter(tasks(9, width=width, steps=steps)), together=2, budget=budget)
    assert len(next(networks)) == count
