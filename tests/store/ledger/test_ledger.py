from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import delete, select

from dynstudy.config import Cell, Configuration, Replicate
from dynstudy.store.ledger import Ledger, Record, networks_trained
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import Series
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow, SeriesRow, StepsRow
from tests.planted import SpecMaker
from tests.store.made_networks import ACCURACIES, CE, DCE, PROTOCOL, TRAINER, count, record


def diverged(configuration: Configuration, seed: int) -> Record:
    return Record(Replicate(configuration, seed), 3, ACCURACIES, {})


@pytest.fixture
def ledger(storage: Storage) -> Ledger:
    return Ledger(storage.engine, PROTOCOL)


def backends(ledger: Ledger) -> list[str]:
    with ledger.engine.connect() as connection:
        return list(connection.scalars(select(ReplicateRow.backend).order_by(ReplicateRow.seed)))


def test_the_same_network_again_adds_only_new_readings(ledger: Ledger) -> None:
    ledger.add([record(CE, 0, (100, 200))], TRAINER)
    ledger.add([record(CE, 0, (150, 200))], replace(TRAINER, backend="autograd"))
    assert count(ledger, ReplicateRow) == 1
    assert count(ledger, SeriesRow) == 2  # sets
    read = ledger.readings(CE, [0])
    assert read.steps == (100, 150, 200)
    assert (read.correct == 7).all()
    assert (read.validation_correct == 8).all()
    assert backends(ledger) == ["cpu"]


def test_a_training_that_went_another_way_replaces_the_old_one_whole(ledger: Ledger) -> None:
    ledger.add([record(CE, 0, (100, 200)), record(CE, 1, (100, 200))], TRAINER)
    other = record(CE, 0, (150, 200), correct=9)
    other = replace(other, measures=ACCURACIES | {"val_accuracy": 0.6})
    ledger.add([other], replace(TRAINER, backend="autograd"))
    read = ledger.readings(CE, [0, 1])
    assert read.steps == (100, 150, 200)
    # no network is a mixture of two trainings
    np.testing.assert_array_equal(read.validation_correct[0, :, 0], [np.nan, 10, 10])
    np.testing.assert_array_equal(read.correct[1, :, 0], [7, np.nan, 7])
    assert backends(ledger) == ["autograd", "cpu"]
    assert ledger.load([CE]).val_accuracy.tolist() == [0.6, 0.4]


def test_a_network_that_diverges_when_trained_again_is_diverged(ledger: Ledger) -> None:
    ledger.add([record(CE, 0, (100, 200))], TRAINER)
    ledger.add([diverged(CE, 0)], TRAINER)
    assert ledger.load([CE]).diverged_at.tolist() == [3]
    assert count(ledger, SeriesRow) == 0
    assert ledger.lacking([Cell(CE, range(1), (150, 200))]) == {CE: ()}


def test_nothing_of_a_failed_write_stays(ledger: Ledger) -> None:
    broken = replace(record(DCE, 1, (200,)), measures={"train_accuracy": 0.5})
    with pytest.raises(Exception, match=r"(?i)not.null"):
        ledger.add([record(DCE, 0, (200,)), broken], TRAINER)
    assert [count(ledger, table) for table in (ReplicateRow, SeriesRow, StepsRow)] == [0, 0, 0]


def test_what_lacks_is_what_is_not_recorded_or_not_read_where_needed(ledger: Ledger) -> None:
    for configuration in (DCE, CE):  # a dynamical one, too: a measure may come that needs more
        ledger.add([record(configuration, 0, (100, 200)), diverged(configuration, 2)], TRAINER)
        ledger.add([record(configuration, 1, (200,))], TRAINER)
    lacking = ledger.lacking([Cell(DCE, range(4), (100, 200)), Cell(CE, range(4), (100, 200))])
    assert lacking == {DCE: (1, 3), CE: (1, 3)}
    assert ledger.lacking([Cell(DCE, range(2), (200,))]) == {DCE: ()}


def test_the_steps_read_are_those_of_accuracies(ledger: Ledger) -> None:
    of_every_step = Series(tuple(range(200)), np.zeros((200, 1)))
    network = record(CE, 0, (100, 200))
    ledger.add([replace(network, series={**network.series, "loss": of_every_step})], TRAINER)
    ledger.add([record(CE, 1, (150, 200))], TRAINER)
    assert ledger.steps_read([CE, DCE]) == {CE: {100, 150, 200}, DCE: set()}


def test_a_network_trained_again_gets_the_measures_that_it_did_not_have(ledger: Ledger) -> None:
    ledger.add([record(DCE, 0, (100, 200))], TRAINER)
    assert ledger.load([DCE]).forgetting.tolist() == [None]
    more = {"forgetting": 0.3, "val_accuracy": 0.9}
    ledger.add([replace(record(DCE, 0, (100, 150, 200)), measures=ACCURACIES | more)], TRAINER)
    loaded = ledger.load([DCE])
    assert loaded.forgetting.tolist() == [0.3]
    assert loaded.val_accuracy.tolist() == [0.4]  # what it had, it keeps


def test_a_ledger_of_another_protocol_sees_nothing(ledger: Ledger, storage: Storage) -> None:
    ledger.add([record(DCE, 0, (200,))], TRAINER)
    other = Ledger(storage.engine, PROTOCOL.model_copy(update={"steps": 300}))
    assert len(ledger.load([DCE])) == 1
    assert other.load([DCE]).empty
    assert other.lacking([Cell(DCE, range(1), (300,))]) == {DCE: (0,)}


def test_more_configurations_than_one_query_takes(ledger: Ledger, make_spec: SpecMaker) -> None:
    space = {
        "learning_rate": 1.0,
        "amplitude": {"low": 2, "high": 100, "num": 60},
        "period": {"low": 2, "high": 100, "num": 20},
        "width": 3,
    }
    many = list(make_spec(space=space).grid_cells())
    assert len(many) == 1 + 60 * 20
    ledger.add([record(cell.configuration, 0, (200,)) for cell in many], TRAINER)
    assert len(ledger.load(cell.configuration for cell in many)) == len(many)


def test_networks_are_counted_by_seed_whatever_is_missing(
    storage: Storage, make_spec: SpecMaker
) -> None:
    ledger = Ledger(storage.engine, make_spec().protocol)
    one, two = Configuration("ce", 5, 1.0), Configuration("ce", 9, 1.0)
    accuracies = {"train_accuracy": 0.5, "val_accuracy": 0.5}
    ledger.add(
        [
            Record(Replicate(configuration, seed), None, accuracies, {})
            for configuration in (one, two)
            for seed in range(10)
        ],
        Trainer("cpu", "here", "a processor", {}),
    )
    with storage.engine.begin() as connection:  # a hole at seed 4, and nothing below seed 2
        gone = ReplicateRow.seed.in_([4]) & (ReplicateRow.configuration == ledger.key(one))
        connection.execute(delete(ReplicateRow).where(gone))
        gone = (ReplicateRow.seed < 2) & (ReplicateRow.configuration == ledger.key(two))
        connection.execute(delete(ReplicateRow).where(gone))
    first, second = ledger.key(one), ledger.key(two)
    wanted = [
        {first: range(10)},
        {first: range(5), second: range(5)},
        {first: range(4, 20), second: range(40, 60)},
        {"absent": range(3)},
        {},
    ]
    trained = networks_trained(storage.engine, wanted)
    assert [sum(each.values()) for each in trained] == [9, 4 + 3, 5, 0, 0]
