"""Networks go in in one order, whoever writes them in which."""

import gc
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Engine, select

from dynstudy.config import Configuration, Replicate
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.recording import READ_AT_ONCE
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow

PROTOCOL = Protocol(steps=200, tail=50)
CE = Configuration("ce", 5, 1.0)
TRAINER = Trainer("cpu", "test", "a processor", {"numpy": "2"})


@pytest.fixture
def ledger(storage: Storage) -> Ledger:
    return Ledger(storage.engine, PROTOCOL)


def keys(engine: Engine) -> Sequence[str]:
    with engine.connect() as connection:
        return connection.scalars(select(ReplicateRow.key).order_by(ReplicateRow.id)).all()


@pytest.mark.parametrize("seeds", [range(20), range(19, -1, -1)])
def test_rows_go_in_in_the_order_of_their_keys(ledger: Ledger, seeds: range) -> None:
    """Else two that write the same networks would each wait for the other on PostgreSQL."""
    accuracies = {"train_accuracy": 0.5, "val_accuracy": 0.4}
    records = [Record(Replicate(CE, seed), None, accuracies, {}) for seed in seeds]
    ledger.add(records, TRAINER)
    written = keys(ledger.engine)
    assert len(written) == 20
    assert list(written) == sorted(written)


def trained(seed: int, steps: tuple[int, ...], accuracy: float) -> Record:
    """A network whose numbers have all digits that they may have."""
    counts = np.full((len(steps), 3), round(100 * accuracy), np.int32)
    series = {TRAIN: Series(steps, counts), VALIDATION: Series(steps, counts)}
    measures = {"train_accuracy": accuracy / 3, "val_accuracy": accuracy / 7}
    return Record(Replicate(CE, seed), None, measures, series)


def test_of_many_networks_trained_again_each_is_filled_or_replaced(ledger: Ledger) -> None:
    seeds = range(2 * READ_AT_ONCE + 5)
    ledger.add([trained(seed, (100, 200), 0.5) for seed in seeds], TRAINER)
    elsewhere = replace(TRAINER, device='élan \\ "x"')
    again = [trained(seed, (150, 200), 0.6 if seed % 2 else 0.5) for seed in seeds]
    ledger.add([*reversed(again)], elsewhere)
    frame = ledger.load([CE])
    assert frame.seed.tolist() == list(seeds)
    assert frame.val_accuracy.tolist() == [(0.6 if seed % 2 else 0.5) / 7 for seed in seeds]
    assert frame.train_accuracy.tolist() == [(0.6 if seed % 2 else 0.5) / 3 for seed in seeds]
    for seed, (diverged_at, named) in ledger.networks([CE])[CE].items():
        assert diverged_at is None
        for series in named.values():
            assert series.steps == ((150, 200) if seed % 2 else (100, 150, 200))
            assert (series.values == (60 if seed % 2 else 50)).all()
    with ledger.engine.connect() as connection:
        devices = connection.scalars(select(ReplicateRow.device).order_by(ReplicateRow.seed))
        assert list(devices) == [elsewhere.device if seed % 2 else "test" for seed in seeds]


def test_memory_does_not_grow_with_what_is_recorded(ledger: Ledger) -> None:
    steps = tuple(range(1, 201))

    def record_chunk(number: int) -> None:
        seeds = range(20 * number, 20 * (number + 1))
        ledger.add([trained(seed, steps, 0.5) for seed in seeds], TRAINER)

    for number in range(3):  # what is compiled and remembered once
        record_chunk(number)
    tracemalloc.start()
    try:
        record_chunk(3)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(4, 14):
            record_chunk(number)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    readings = 10 * 20 * 2 * 3 * len(steps)  # that were recorded between
    assert after - before < readings  # not a byte of any of them; what else is made may stay
