"""Chunks, and how an executor's events are taken."""

from collections.abc import Sequence

import pytest

from dynstudy.errors import ClusterError
from dynstudy.launch.executors.executor import Chunk, Executor, Said, Slot
from dynstudy.train.loop import step_work
from tests.launch.executors.chunks import make_chunk


class Idle(Executor):
    """It does nothing, and remembers that it was ended."""

    dropped: bool | None = None

    def slots(self) -> Sequence[Slot]:
        return []

    def submit(self, slot: Slot, chunk: Chunk) -> None:
        raise AssertionError

    def stop(self, *, drop: bool) -> bool:
        self.dropped = drop
        return True


def test_halves_of_a_chunk_are_its_networks_in_their_order() -> None:
    chunk = make_chunk(range(5))
    first, second = chunk.halves
    assert first.tasks + second.tasks == chunk.tasks
    assert abs(len(first.tasks) - len(second.tasks)) <= 1
    assert first.protocol is second.protocol is chunk.protocol


def test_work_is_that_of_all_its_steps() -> None:
    chunk = make_chunk(range(4), steps=60)
    assert chunk.steps == 60
    assert chunk.work == step_work([6] * 4) * 60 == sum(half.work for half in chunk.halves)


def test_events_come_in_their_order_and_an_error_ends_the_launch() -> None:
    executor = Idle()
    assert executor.next_event(0.001) is None
    executor.events.put(Said("one"))
    executor.events.put(ClusterError("two"))
    assert executor.next_event(1) == Said("one")
    with pytest.raises(ClusterError, match="two"):
        executor.next_event(1)


def test_leaving_an_executor_drops_what_it_trains() -> None:
    with Idle() as executor:
        pass
    assert executor.dropped is True
