"""What becomes of a chunk whose process died."""

import pytest

from dynstudy.config import Configuration, Replicate
from dynstudy.launch.executors.executor import Chunk
from dynstudy.launch.flights import TRIES, Convicted, Flight
from dynstudy.launch.replicates import NetworkTask
from dynstudy.protocol import Protocol


def flight(networks: int, deaths: int = 0) -> Flight:
    tasks = [
        NetworkTask(Replicate(Configuration("ce", 5, 0.1), seed), (9,)) for seed in range(networks)
    ]
    return Flight(Chunk(tuple(tasks), Protocol(steps=9, tail="none")), deaths)


@pytest.mark.parametrize("networks", [1, 8])
def test_it_is_trained_again_twice(networks: int) -> None:
    lost = flight(networks)
    for _ in range(TRIES - 1):
        assert lost.after_death() == [lost]


def test_it_is_halved_from_then_on() -> None:
    rest = flight(5, TRIES - 1).after_death()
    assert isinstance(rest, list)
    sizes = [(len(each.chunk.tasks), each.deaths) for each in rest]
    assert sizes == [(2, TRIES - 1), (3, TRIES - 1)]
    quarters = rest[0].after_death()
    assert isinstance(quarters, list)
    assert [(len(each.chunk.tasks), each.deaths) for each in quarters] == [(1, 0), (1, 0)]


def test_a_network_by_itself_is_convicted() -> None:
    alone = flight(1, TRIES - 1)
    guilty = alone.after_death()
    assert guilty == Convicted(alone.chunk.tasks[0])
    assert isinstance(guilty, Convicted)
    assert guilty.said == "ce, width 5, learning rate 0.1, seed 0: ended 3 workers by itself"
