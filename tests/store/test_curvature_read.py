"""Which networks lack what of their curvature."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynstudy.config import Cell, Configuration, Replicate
from dynstudy.measure.records import record_steps
from dynstudy.protocol import Protocol
from dynstudy.store.curvature_read import curvature_read
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage
from tests.conftest import DATA

TRAINER = Trainer("cpu", "test", "a processor", {"numpy": "2"})
CE = Configuration("ce", 5, 1.0)
CELL = Cell(CE, range(1), (100, 200))


def protocol(**curvature: Any) -> Protocol:
    return Protocol.model_validate({"steps": 200, "tail": 50, "curvature": curvature})


def plant(ledger: Ledger, diverged_at: int | None = None, **series: Series) -> None:
    counts = (
        {}
        if diverged_at
        else dict.fromkeys((TRAIN, VALIDATION), Series(CELL.reads, np.zeros((2, 3), int)))
    )
    measures = {"val_accuracy": 0.4, "train_accuracy": 0.4}
    ledger.add([Record(Replicate(CE, 0), diverged_at, measures, counts | series)], TRAINER)


def values(steps: tuple[int, ...], count: int) -> Series:
    numbers = np.random.default_rng(1).normal(size=(len(steps), 2 * count))
    numbers[0, 0] = np.nan
    return Series(steps, numbers)


def lacks(storage: Storage, **curvature: Any) -> bool:
    return Ledger(storage.engine, protocol(**curvature)).lacking([CELL])[CE] == (0,)


ENDS = Series((200,), np.zeros((1, 6)))


def test_steps_and_numbers_of_eigenvalues_must_all_be_there(storage: Storage) -> None:
    plant(Ledger(storage.engine, protocol()), eigenvalues=values((7, 8, 90, 91), 3))
    quiet = {"onsets": False, "uphill": False}
    assert not lacks(storage, records=[7], eigenvalues=3, **quiet)
    assert not lacks(storage, records=[90, 7], eigenvalues=1, **quiet)
    assert lacks(storage, records=[8], **quiet)  # 9 is not there
    assert lacks(storage, records=[7], eigenvalues=4, **quiet)
    assert lacks(storage, records=[7], smallest=True, **quiet)
    assert lacks(storage, records=[7], onsets=True, uphill=False)
    assert lacks(storage, records=[], onsets=False, uphill=True)
    assert not Ledger(storage.engine, Protocol(steps=200, tail=50)).lacking([CELL])[CE]


def test_where_there_are_all_nothing_lacks(storage: Storage) -> None:
    steps = record_steps(protocol())
    series = {"smallest_eigenvalue": values(steps, 1), "onsets": ENDS, "uphill": ENDS}
    plant(Ledger(storage.engine, protocol()), eigenvalues=values(steps, 2), **series)
    assert not lacks(storage, smallest=True)
    assert lacks(storage, records={"every": 7})


def test_of_a_diverged_network_only_what_came_before_is_asked_for(storage: Storage) -> None:
    ledger = Ledger(storage.engine, protocol())
    plant(ledger, 30, eigenvalues=values((7, 8), 2), onsets=ENDS, uphill=ENDS)
    assert not lacks(storage, records=[7, 29 + 1, 100])
    assert not lacks(storage, records=[100])
    assert lacks(storage, records=[7, 29])
    assert lacks(storage, records=[100], smallest=True) is False


def test_sums_of_the_loss_are_asked_for_at_their_steps(storage: Storage) -> None:
    quiet = {"onsets": False, "uphill": False, "loss": True}
    sums = Series((7, 90, 200), np.array([[3.0], [40.0], [70.0]]))
    plant(Ledger(storage.engine, protocol()), eigenvalues=values((7, 8, 90, 91), 2), loss=sums)
    assert not lacks(storage, records=[7, 90], **quiet)
    assert not lacks(storage, records=[90], **quiet)  # means are over longer spans, then
    assert not lacks(storage, records=[], **quiet)
    assert lacks(storage, records=[8, 90], **quiet)
    assert lacks(storage, records=[90, 91], **quiet)


def test_where_the_loss_was_not_read_a_network_lacks_it(storage: Storage) -> None:
    plant(Ledger(storage.engine, protocol()), eigenvalues=values((7, 8), 2))
    assert lacks(storage, records=[7], onsets=False, uphill=False, loss=True)
    assert not lacks(storage, records=[7], onsets=False, uphill=False)


def test_of_a_diverged_network_the_loss_before_that_is_asked_for(storage: Storage) -> None:
    quiet = {"onsets": False, "uphill": False, "loss": True}
    ledger = Ledger(storage.engine, protocol())
    plant(ledger, 30, eigenvalues=values((7, 8), 2), loss=Series((7,), np.array([[3.0]])))
    assert not lacks(storage, records=[7, 30], **quiet)
    assert lacks(storage, records=[7, 8], **quiet)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("steps", [(9,), (9, 10, 70)])
def test_how_many_there_are_is_told_by_sql(
    storage: Storage, steps: tuple[int, ...], count: int
) -> None:
    ledger = Ledger(storage.engine, protocol())
    plant(ledger, eigenvalues=values(steps, count))
    assert ledger.eigenvalues_read(CE) == ({*steps}, count)
    read = ledger.networks([CE])[CE][0][1]["eigenvalues"]
    np.testing.assert_array_equal(read.values, values(steps, count).values)


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_an_older_database_has_none(schema: int, tmp_path: Path) -> None:
    copy = shutil.copy(DATA / f"schema{schema}.db", tmp_path / "older.db")
    older = Storage(f"sqlite:///{copy}")
    spec = older.spec(older.study("small"))
    cells = list(spec.cells_ahead())
    keys = [Ledger(older.engine, spec.protocol).key(cell.configuration) for cell in cells]
    with older.engine.connect() as connection:
        networks = list(curvature_read(connection, ["eigenvalues"], keys))
    assert networks
    assert all(network.name is None and not network.steps for network in networks)
