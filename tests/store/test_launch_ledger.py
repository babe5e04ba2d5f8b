"""What a launch remembers is what it would read."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.config import Cell, Configuration, Replicate
from dynstudy.measure.measures import MEASURES, not_asked
from dynstudy.protocol import Protocol
from dynstudy.store.launch_ledger import COLUMNS, LaunchLedger
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage

TRAINER = Trainer("cpu", "test", "a processor", {"numpy": "2"})
PROTOCOL = Protocol(steps=200, tail=50)
DCE = Configuration("dce", 5, 1.0, amplitude=3, period=10)
CE = DCE.baseline()
CELLS = [Cell(CE, range(4), (100, 200)), Cell(DCE, range(3), (150, 200))]


def trained(cell: Cell, *seeds: int, draw: int = 1) -> list[Record]:
    """Networks with made-up outcomes, of which that of seed 0 diverged."""
    rng = np.random.default_rng(draw)
    records = []
    for seed in seeds:
        asked = MEASURES.keys() - not_asked(PROTOCOL)
        measures = {name: None if seed == 0 else float(rng.random()) for name in sorted(asked)}
        measures |= {"train_accuracy": 0.25, "val_accuracy": float(rng.random())}
        read = Series(cell.reads, rng.integers(0, 100, (len(cell.reads), 3)))
        series = {} if seed == 0 else {TRAIN: read, VALIDATION: read}
        replicate = Replicate(cell.configuration, seed)
        records.append(Record(replicate, 17 if seed == 0 else None, measures, series))
    return records


@pytest.fixture
def ledger(storage: Storage) -> LaunchLedger:
    return LaunchLedger(storage.engine, PROTOCOL)


def stored(ledger: Ledger) -> pd.DataFrame:
    return Ledger(ledger.engine, PROTOCOL).load([CE, DCE])[COLUMNS].astype({"lasting": float})


def same(ledger: LaunchLedger) -> bool:
    remembered = ledger.load([DCE, CE]).astype({"lasting": float})
    pd.testing.assert_frame_equal(remembered, stored(ledger), check_dtype=False)
    return True


def test_what_was_there_and_what_is_added_is_what_the_ledger_has(ledger: LaunchLedger) -> None:
    static, dynamical = CELLS
    Ledger(ledger.engine, PROTOCOL).add(trained(static, 0, 1), TRAINER)
    ledger.remember(CELLS, ledger.lacking(CELLS))
    ledger.add(trained(static, 2, 3) + trained(dynamical, 0, 1, 2), TRAINER)
    assert same(ledger)
    assert len(ledger.load([CE, DCE])) == 7
    assert ledger.load([CE]).seed.tolist() == [0, 1, 2, 3]


def test_only_what_is_remembered_is_in_memory(ledger: LaunchLedger) -> None:
    ledger.add(trained(CELLS[0], 0, 1), TRAINER)
    assert len(ledger.load([CE])) == 2
    ledger.remember(CELLS[1:], ledger.lacking(CELLS[1:]))
    assert ledger.load([CE]).seed.tolist() == [0, 1]  # as the baseline of what is remembered


def test_a_network_trained_again_is_the_new_one(ledger: LaunchLedger) -> None:
    Ledger(ledger.engine, PROTOCOL).add(trained(CELLS[0], 1), TRAINER)
    before = stored(ledger)
    ledger.remember(CELLS, ledger.lacking(CELLS))
    ledger.add(trained(CELLS[0], 1, draw=2), TRAINER)
    assert same(ledger)
    assert not stored(ledger).equals(before)


def test_what_another_process_adds_meanwhile_is_noticed(ledger: LaunchLedger) -> None:
    ledger.remember(CELLS, ledger.lacking(CELLS))
    Ledger(ledger.engine, PROTOCOL).add(trained(CELLS[1], 0, 1), TRAINER)
    assert not len(ledger.load([DCE]))
    ledger.remember(CELLS, ledger.lacking(CELLS))
    assert ledger.load([DCE]).seed.tolist() == [0, 1]


@pytest.mark.parametrize("seeds", [[2, 3], [3], [0, 2], [1, 2, 3], []])
def test_readings_are_those_of_the_ledger_from_memory_or_not(
    ledger: LaunchLedger, seeds: list[int]
) -> None:
    plain = Ledger(ledger.engine, PROTOCOL)
    plain.add(trained(CELLS[0], 1), TRAINER)
    ledger.add(trained(CELLS[0], 0, 2, 3), TRAINER)
    remembered, read = ledger.readings(CE, seeds), plain.readings(CE, seeds)
    assert remembered.steps == read.steps
    for name in ("correct", "validation_correct", "diverged"):
        np.testing.assert_array_equal(getattr(remembered, name), getattr(read, name))
