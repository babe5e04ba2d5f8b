"""What a trial says of its cell."""

import numpy as np
import pytest

from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.studies import Storage
from tests.planted import Planted, SpecMaker

STATIC, CELL = [0.5, 0.6, 0.4, 0.5] * 2, [0.7, 0.9]


@pytest.fixture
def planted(storage: Storage, make_spec: SpecMaker) -> Planted:
    planted = Planted(storage, make_spec())
    planted.put(planted.cell(amplitude=3, period=10), CELL)
    return planted


def test_a_cell_is_its_mean_and_its_gain_over_the_baseline(planted: Planted) -> None:
    planted.put(planted.cell(loss="ce"), STATIC)
    cell = planted.cell(amplitude=3, period=10)
    (finished,) = Summaries(planted.ledger, range(8)).of([cell])
    assert (finished.configuration, finished.value) == (cell.configuration, pytest.approx(0.8))
    attributes = finished.attributes
    assert attributes["sem"] == pytest.approx(0.1)
    assert (attributes["replicates"], attributes["diverged"]) == (2, 0)
    assert attributes["gain"] == pytest.approx(0.3)
    # the planted static networks forget nothing, the cell's 0.1 and 0.11
    assert attributes["forgetting"] == pytest.approx(0.105)
    assert attributes["forgetting_sem"] == pytest.approx(0.005)
    assert finished.key == planted.ledger.key(cell.configuration)


def test_only_the_seeds_that_count_are_compared_with(planted: Planted) -> None:
    planted.put(planted.cell(loss="ce"), STATIC)
    (few,) = Summaries(planted.ledger, range(2)).of([planted.cell(amplitude=3, period=10)])
    assert few.attributes["gain"] == pytest.approx(0.8 - 0.55)


def test_without_a_baseline_there_is_no_gain_and_of_one_network_no_error(
    planted: Planted,
) -> None:
    summaries = Summaries(planted.ledger, range(8))
    (finished,) = summaries.of([planted.cell(amplitude=3, period=10)])
    assert "gain" not in finished.attributes
    cell = planted.cell(amplitude=30, period=10)
    planted.put(cell, [0.5])
    (finished,) = summaries.of([cell])
    assert finished.attributes["sem"] is None


def test_a_baseline_has_neither_gain_nor_forgetting(planted: Planted) -> None:
    planted.put(planted.cell(loss="ce"), STATIC, diverged=1)
    (finished,) = Summaries(planted.ledger, range(8)).of([planted.cell(loss="ce")])
    attributes = finished.attributes
    assert attributes["diverged"] == 1
    assert not {"gain", "forgetting"} & attributes.keys()
    assert attributes["sem"] == pytest.approx(np.std([1 / 3, *STATIC[1:]], ddof=1) / np.sqrt(8))


def test_many_cells_are_what_each_is_by_itself(planted: Planted) -> None:
    cells = list(planted.spec.grid_cells())
    for number, cell in enumerate(cells):
        planted.put(cell, [0.1 * number + 0.01 * seed for seed in cell.seeds], diverged=number % 2)
    summaries = Summaries(planted.ledger, range(8))
    together = list(summaries.of(reversed(cells)))
    assert together == [each for cell in reversed(cells) for each in summaries.of([cell])]
    assert len({each.value for each in together}) == len(cells)
    assert list(summaries.of([])) == []
