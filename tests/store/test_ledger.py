from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from dynstudy.config import Cell, Configuration, Protocol, Replicate, SpiralData
from dynstudy.store.keys import configuration_key
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series, read
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow, SeriesRow, StepsRow
from tests.planted import SpecMaker

PROTOCOL = Protocol(steps=200, tail=50)
DCE = Configuration("dce", 5, 1.0, amplitude=3, period=10)
CE = Configuration("ce", 5, 1.0)
TRAINER = Trainer("cpu", "test", "a processor", {"numpy": "2"})
ACCURACIES = {"train_accuracy": 0.5, "val_accuracy": 0.4}


def record(
    configuration: Configuration, seed: int, steps: tuple[int, ...], correct: int = 7
) -> Record:
    counts = np.full((len(steps), 3), correct, np.int32)
    series = {TRAIN: Series(steps, counts), VALIDATION: Series(steps, counts + 1)}
    return Record(Replicate(configuration, seed), None, ACCURACIES, series)


def diverged(configuration: Configuration, seed: int) -> Record:
    return Record(Replicate(configuration, seed), 3, ACCURACIES, {})


@pytest.fixture
def ledger(storage: Storage) -> Ledger:
    return Ledger(storage.engine, PROTOCOL)


def count(ledger: Ledger, table: type[ReplicateRow | SeriesRow | StepsRow]) -> int:
    with ledger.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def backends(ledger: Ledger) -> list[str]:
    with ledger.engine.connect() as connection:
        return list(connection.scalars(select(ReplicateRow.backend).order_by(ReplicateRow.seed)))


def test_the_key_is_pinned() -> None:
    """Changing it would train everything again: raise NUMERICS or migrate instead."""
    assert configuration_key(PROTOCOL, DCE) == (
        "924f10d35068f5d4d1d0284fe363d3532c414b059d41660b1d9e716c4a113142"
    )
    assert configuration_key(PROTOCOL, CE) == (
        "ae1274419e9581c73a5d4d00318bd98c70ea2aaa2a84600f7eb67662670007ba"
    )


@pytest.mark.parametrize(
    "protocol",
    [
        PROTOCOL.model_copy(update={"steps": 201}),
        PROTOCOL.model_copy(update={"dtype": "float64"}),
        PROTOCOL.model_copy(update={"data": SpiralData(noise=0.1)}),
        PROTOCOL.model_copy(update={"data": SpiralData(train_seed="replicate")}),
        PROTOCOL.model_copy(update={"data": SpiralData(validation_seed=2)}),
    ],
)
def test_whatever_changes_a_network_changes_its_key(protocol: Protocol) -> None:
    for configuration in (DCE, CE):
        assert configuration_key(protocol, configuration) != configuration_key(
            PROTOCOL, configuration
        )
    for other in (
        replace(DCE, width=6),
        replace(DCE, learning_rate=0.5),
        replace(DCE, amplitude=4),
        replace(DCE, period=11),
        replace(DCE, loss="dmse1"),
    ):
        assert configuration_key(PROTOCOL, other) != configuration_key(PROTOCOL, DCE)


def test_the_tail_counts_as_what_really_runs_and_not_for_static_losses() -> None:
    # 15 oscillations of 10 steps fit before a tail of 50, and before one of 41
    same = PROTOCOL.model_copy(update={"tail": 41})
    other = PROTOCOL.model_copy(update={"tail": 40})
    assert configuration_key(same, DCE) == configuration_key(PROTOCOL, DCE)
    assert configuration_key(other, DCE) != configuration_key(PROTOCOL, DCE)
    assert configuration_key(other, CE) == configuration_key(PROTOCOL, CE)


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
    with pytest.raises(Exception, match="NOT NULL"):
        ledger.add([record(DCE, 0, (200,)), broken], TRAINER)
    assert [count(ledger, table) for table in (ReplicateRow, SeriesRow, StepsRow)] == [0, 0, 0]


def test_what_lacks_is_what_is_not_recorded_or_not_read_where_needed(ledger: Ledger) -> None:
    ledger.add([record(DCE, seed, (200,)) for seed in (0, 2)], TRAINER)
    ledger.add([record(CE, 0, (100, 200)), record(CE, 1, (200,))], TRAINER)
    ledger.add([diverged(CE, 2)], TRAINER)
    lacking = ledger.lacking([Cell(DCE, range(4), (200,)), Cell(CE, range(4), (100, 200))])
    assert lacking == {DCE: (1, 3), CE: (1, 3)}


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


def test_steps_that_many_networks_share_are_kept_once(ledger: Ledger) -> None:
    ledger.add([record(CE, seed, (100, 200)) for seed in range(3)], TRAINER)
    ledger.add([record(CE, 3, (100, 200)), record(DCE, 0, (200,))], TRAINER)
    assert (count(ledger, SeriesRow), count(ledger, StepsRow)) == (2 * 5, 2)


def test_a_network_has_as_many_series_as_were_read_of_it(ledger: Ledger, storage: Storage) -> None:
    """One that this version knows nothing of is kept beside the others, and joined like them."""
    steepness = Series((1, 2), np.array([[0.5], [2.5]]))
    network = record(CE, 0, (100, 200))
    ledger.add([replace(network, series={**network.series, "steepness": steepness})], TRAINER)
    ledger.add([record(CE, 0, (150, 200))], TRAINER)
    with storage.engine.connect() as connection:
        (named,) = read(connection, ReplicateRow.seed == 0).values()
    assert named["steepness"].steps == (1, 2)
    assert named["steepness"].values.tolist() == [[0.5], [2.5]]
    assert named[TRAIN].steps == (100, 150, 200)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=8), st.integers(0, 8))
def test_series_are_joined_where_they_agree(rows: list[tuple[int, int]], cut: int) -> None:
    first, second = (dict(sorted(part)) for part in (rows[:cut], rows[cut:]))
    one, two = (Series(tuple(d), np.array([*d.values()]).reshape(-1, 1)) for d in (first, second))
    union = one.union(two)
    if any(second[step] != value for step, value in first.items() if step in second):
        assert union is None
    else:
        assert union is not None
        assert dict(zip(union.steps, union.values[:, 0], strict=True)) == first | second
        assert list(union.steps) == sorted(first | second)
