"""Cells beside their static losses, as a planted ledger has them."""

from dataclasses import replace

import numpy as np
import pytest

from dynstudy.config import Configuration
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.cell_tests import CELL_TESTS
from dynstudy.statistics.compared_cells import ComparedCells, read_compared
from dynstudy.statistics.sequential import FamilyLooks, cells_looked_at
from dynstudy.store.studies import Storage
from tests.planted import Planted, SpecMaker, spread


@pytest.fixture
def compared(storage: Storage, make_spec: SpecMaker, rng: np.random.Generator) -> ComparedCells:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 15], "width": [5, 9]}
    planted = Planted(storage, make_spec(replicates=10, space=space))
    cells = list(planted.spec.grid_cells())
    for cell in cells:
        static = cell.configuration.static
        planted.put(cell, spread(rng, 0.5 if static else 0.7, 40 if static else 10), diverged=1)
    return read_compared(planted.ledger, cells, range(24), planted.spec.family)


def test_families_are_of_the_dynamical_cells(compared: ComparedCells) -> None:
    widths = [
        {compared.cells[index].configuration.width for index in family}
        for family in compared.families
    ]
    assert sorted(map(sorted, widths)) == [[5], [9]]
    indices = np.concatenate(compared.families)
    assert not any(compared.cells[index].configuration.static for index in indices)
    assert len(indices) == 8
    assert len(set(compared.keys)) == len(compared.cells) == 10
    assert set(compared.baselines) == {Configuration("ce", width, 1.0) for width in (5, 9)}


def test_contrasts_hold_the_replicates_that_count(compared: ComparedCells) -> None:
    family = compared.families[0]
    accuracy = compared.accuracy(family)
    assert accuracy.sizes.tolist() == [10] * 4
    assert [len(baseline) for baseline in accuracy.baselines] == [24]  # one, and its first seeds
    assert compared.baseline_sizes(family).tolist() == [24] * 4
    for row, index in enumerate(family):
        np.testing.assert_array_equal(
            accuracy.samples[row], compared.samples[index].measures["val_accuracy"]
        )
    forgetting = compared.measure("forgetting", family)
    assert forgetting.sizes.tolist() == [9] * 4  # it is not defined of one that diverged
    assert len(forgetting.baselines) == 2  # read at the steps of each period
    assert compared.accuracy(family, 6).sizes.tolist() == [6] * 4
    assert compared.measure("forgetting", family, 6).sizes.tolist() == [5] * 4


def test_the_static_loss_is_read_at_the_steps_of_each_cell(
    compared: ComparedCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Baseline, "measure", lambda _, name, period: np.full(3, float(period)))
    family = compared.families[0]
    periods = [compared.cells[index].configuration.period for index in family]
    lasting = compared.measure("lasting", family)
    assert [lasting.baselines[which][0] for which in lasting.baseline_of] == periods
    assert set(periods) == {10, 15}


def test_evidence_is_what_the_tests_say_of_the_contrasts(compared: ComparedCells) -> None:
    family = compared.families[1]
    evidence = compared.evidence(CELL_TESTS, family, 8)
    expected = CELL_TESTS(compared.accuracy(family, 8), compared.measure("forgetting", family, 8))
    for name in ("gain", "differs", "equivalent", "forgets", "retains", "forgetting_sizes"):
        np.testing.assert_array_equal(getattr(evidence, name), getattr(expected, name))
    assert (evidence.differs < 0.05).all()


def test_fewer_replicates_are_planned_and_seen(compared: ComparedCells) -> None:
    first, second, *_ = compared.families[0]
    looks = FamilyLooks(np.array([first]), [6, 9])
    looks.taken, looks.looked[:] = 1, 6
    fewer = cells_looked_at(compared, [looks])
    assert fewer.cells[first] == replace(compared.cells[first], seeds=range(9))
    assert fewer.samples[first].seed.tolist() == list(range(6))
    assert len(fewer.samples[second]) == len(compared.samples[first]) == 10
    assert fewer.baselines is compared.baselines
