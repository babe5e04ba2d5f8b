"""What is read along training: joined, shared, and kept beside what is not known yet."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from dynstudy.errors import DamagedError
from dynstudy.measure.records import ONSETS
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Ledger
from dynstudy.store.series import TRAIN, VALIDATION, Series, read
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow, SeriesRow, StepsRow
from tests.store.made_networks import CE, DCE, PROTOCOL, TRAINER, count, record


@pytest.fixture
def ledger(storage: Storage) -> Ledger:
    return Ledger(storage.engine, PROTOCOL)


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


@pytest.mark.parametrize("readings", ["[[1],[2],[3]]", "[[1,2],[3]]", "[1,2]", "{}", "[[1,null]]"])
def test_readings_that_do_not_fit_their_steps_are_damaged(
    readings: str, ledger: Ledger, storage: Storage
) -> None:
    ledger.add([record(CE, 0, (100, 200))], TRAINER)
    with storage.engine.begin() as connection:
        connection.execute(update(SeriesRow).values(readings=readings))
    with storage.engine.connect() as connection, pytest.raises(DamagedError, match="readings"):
        read(connection, ReplicateRow.seed == 0)


CURVED = Protocol.model_validate({"steps": 200, "tail": 50, "curvature": {"records": [5]}})


def test_what_is_not_finite_is_null_and_comes_back_as_nan(storage: Storage) -> None:
    ledger, values = Ledger(storage.engine, CURVED), np.array([[3.5, np.nan], [np.inf, 2.0]])
    read_at = record(CE, 0, (200,))
    series = {**read_at.series, "eigenvalues": Series((5, 6), values)}
    ledger.add([replace(read_at, series=series)], TRAINER)
    with storage.engine.connect() as connection:
        query = select(SeriesRow.readings).where(SeriesRow.name == "eigenvalues")
        assert connection.scalar(query) == "[[3.5,null],[null,2.0]]"
    named = ledger.networks([CE])[CE][0][1]
    np.testing.assert_array_equal(named["eigenvalues"].values, [[3.5, np.nan], [np.nan, 2.0]])
    assert named["train"].values.dtype.kind == "i"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("train", "[[1],[2],[null]]", "an array for each class"),
        ("train", "[[1],[2],[NaN]]", "an array for each class"),
        ("eigenvalues", "[[1],[Infinity]]", "an array for each class"),
        ("eigenvalues", "[[1],[1e999]]", "an array for each class"),
        ("eigenvalues", "[[1],[2],[3]]", "for each eigenvalue and for each residual"),
        ("eigenvalues", "[]", "an array for each class"),
        ("onsets", "[[1],[2],[3]]", "for each of first, first_end, count, ended"),
        ("uphill", "[[1],[2]]", "for each of steps, uphill, episodes"),
        ("smallest_eigenvalue", "[[1]]", "for each of lambda, residual"),
        ("loss", "[[1],[2]]", "for each of sum"),
    ],
)
def test_curvature_that_is_damaged_is_one_line(
    storage: Storage, name: str, text: str, problem: str
) -> None:
    ledger, read_at = Ledger(storage.engine, CURVED), record(CE, 0, (200,))
    widths = {"eigenvalues": 4, "onsets": 8, "uphill": 3, "smallest_eigenvalue": 2, "loss": 1}
    more = {each: Series((200,), np.ones((1, width))) for each, width in widths.items()}
    ledger.add([replace(read_at, series={**read_at.series, **more})], TRAINER)
    assert ledger.networks([CE])[CE][0][1].keys() == {TRAIN, VALIDATION, *widths}
    with storage.engine.begin() as connection:
        connection.execute(update(SeriesRow).where(SeriesRow.name == name).values(readings=text))
    with pytest.raises(DamagedError, match=rf"name '{name}'.*{problem}"):
        ledger.networks([CE])


def test_onsets_of_before_there_were_differences_are_read_as_without(
    storage: Storage,
) -> None:
    ledger, read_at = Ledger(storage.engine, CURVED), record(CE, 0, (200,))
    older = Series((200,), np.array([[7.0, np.nan, 1, 0, 1.5, 2.5]]))
    ledger.add([replace(read_at, series={**read_at.series, ONSETS: older})], TRAINER)
    values = ledger.networks([CE])[CE][0][1][ONSETS].values
    np.testing.assert_array_equal(values, [[*older.values[0], np.nan, np.nan]])
    newer = Series((200,), np.array([[7.0, np.nan, 1, 0, 1.5, 2.5, 1.75, 2.75]]))
    ledger.add([replace(read_at, series={**read_at.series, ONSETS: newer})], TRAINER)
    values = ledger.networks([CE])[CE][0][1][ONSETS].values
    np.testing.assert_array_equal(values, newer.values)
