"""Chunks of small networks, and what an executor says of them."""

import time
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np

from dynstudy.config import Configuration, Replicate
from dynstudy.launch.executors.executor import Chunk, Event, Executor, Said, Slot
from dynstudy.launch.replicates import NetworkTask
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Record
from tests.command import LIMIT_SECONDS

E = TypeVar("E", bound=Event)

FOREVER = 10**8
"""Steps that no test waits for."""


def make_chunk(seeds: Iterable[int] = range(3), steps: int = 40, **protocol: Any) -> Chunk:
    """Networks of one cell, read in the middle and at the end."""
    configuration = Configuration("dce", 6, 1.0, 10.0, 8)
    tasks = tuple(
        NetworkTask(Replicate(configuration, seed), (steps // 2, steps)) for seed in seeds
    )
    return Chunk(tasks, Protocol(steps=steps, tail=4, **protocol))


def free_slot(executor: Executor, but: Iterable[Slot] = ()) -> Slot:
    """A slot, when there is one besides some."""
    return free_slots(executor, 1, but)[0]


def free_slots(executor: Executor, count: int, but: Iterable[Slot] = ()) -> list[Slot]:
    """So many slots besides some, when they are there."""
    until = time.monotonic() + LIMIT_SECONDS
    while len(free := [slot for slot in executor.slots() if slot not in set(but)]) < count:
        assert time.monotonic() < until
        event = executor.next_event(0.02)
        slow = isinstance(event, Said) and "waiting" in event.line  # on a busy machine
        assert event is None or slow, event
    return free


def events_until(executor: Executor, kind: type[E]) -> tuple[list[Event], E]:
    """What an executor says, and what of a kind it says last."""
    until, before = time.monotonic() + LIMIT_SECONDS, list[Event]()
    while True:
        assert time.monotonic() < until, before
        event = executor.next_event(0.1)
        if isinstance(event, kind):
            return before, event
        if event is not None:
            before.append(event)


def assert_same(records: Iterable[Record], others: Iterable[Record]) -> None:
    """Bit by bit."""
    for record, other in zip(records, others, strict=True):
        assert (record.replicate, record.diverged_at) == (other.replicate, other.diverged_at)
        assert record.measures == other.measures
        assert record.series.keys() == other.series.keys()
        for name, series in record.series.items():
            assert series.steps == other.series[name].steps
            np.testing.assert_array_equal(series.values, other.series[name].values)
