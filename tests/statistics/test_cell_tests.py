"""The tests of a cell are values: what is passed is what labels, rounds and `power` stand on."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.launch import run_map
from dynstudy.launch.run_map import run_rounds
from dynstudy.statistics.cell_tests import (
    CELL_TESTS,
    CellTests,
    Contrast,
    by_rows,
    catastrophic,
    equivalence,
    permutation,
    retained,
)
from dynstudy.statistics.power import calibrate
from dynstudy.statistics.two_samples import permutation_p_values
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.planted import Planted, SpecMaker, spread


@by_rows
def mann_whitney(samples: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """Scipy's, in place of ours."""
    return np.asarray(stats.mannwhitneyu(samples, baseline, axis=1).pvalue)


def rejects(contrast: Contrast) -> np.ndarray:
    """Whatever it is shown."""
    return np.zeros(len(contrast.samples))


def never_rejects(contrast: Contrast) -> np.ndarray:
    return np.ones(len(contrast.samples))


def contrast(*samples: np.ndarray, baseline: np.ndarray) -> Contrast:
    return Contrast(list(samples), [baseline], np.zeros(len(samples), np.int64))


def test_a_test_of_ones_own_decides_what_a_map_says(
    storage: Storage, make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    planted = Planted(storage, make_spec(replicates=10))
    static = spread(rng, 0.5, 40)
    planted.put(planted.cell(loss="ce"), static)
    outcomes = {}
    for amplitude, period, mean in ((3, 10, 0.7), (3, 30, 0.53), (30, 10, 0.3), (30, 30, 0.47)):
        outcomes[amplitude, period] = spread(rng, mean, 10, 0.05)
        cell = planted.cell(amplitude=amplitude, period=period)
        planted.put(cell, outcomes[amplitude, period])

    def labels(tests: CellTests) -> tuple[list[str], list[bool]]:
        cells = regime_map(storage, "small", tests).dynamical_cells()
        return cells.regime.tolist(), cells.forgets.tolist()

    always = labels(CellTests(differs=rejects, forgets=rejects))
    assert always == (["useful", "harmful"] * 2, [True] * 4)
    assert labels(CellTests(differs=never_rejects))[0] == ["unsettled"] * 4
    assert labels(CellTests(differs=never_rejects, equivalent=rejects))[0] == ["neutral"] * 4
    cells = regime_map(storage, "small", CellTests(differs=mann_whitney)).dynamical_cells()
    theirs = [
        stats.mannwhitneyu(outcomes[row.amplitude, row.period], static).pvalue
        for row in cells.itertuples()
    ]
    np.testing.assert_allclose(cells.p_value.astype(float), theirs, rtol=1e-12)


def test_a_test_of_ones_own_decides_what_power_says_of_it() -> None:
    assert calibrate("narrow", 8, 0.05, 20, tests=CellTests(differs=rejects)).power == 1
    none = CellTests(differs=never_rejects, equivalent=rejects)
    table = calibrate("narrow", 8, 0.05, 20, tests=none)
    assert (table.power, table.false_neutral) == (0, 1)
    # ranks tell two modes apart less well than their means do
    ours, ranks = (
        calibrate("bimodal", 10, 0.2, 20, tests=tests)
        for tests in (CELL_TESTS, CellTests(differs=mann_whitney))
    )
    assert 0 < ranks.power < ours.power
    # in rounds as well: what is settled at the first look takes no more networks
    assert calibrate("narrow", 20, 0.05, 2, fewest=6, tests=everything(rejects)).networks == 6
    assert calibrate("narrow", 20, 0.05, 2, fewest=6).networks > 6


def everything(test: Callable[[Contrast], np.ndarray]) -> CellTests:
    return CellTests(test, test, test, test)


@pytest.mark.parametrize(("tests", "enough"), [(everything(rejects), True), (CELL_TESTS, False)])
def test_a_test_of_ones_own_decides_when_a_launch_has_enough(
    storage: Storage,
    make_spec: SpecMaker,
    monkeypatch: pytest.MonkeyPatch,
    tests: CellTests,
    enough: bool,
) -> None:
    monkeypatch.setattr(
        run_map, "run_rounds", lambda *arguments: run_rounds(*arguments, tests=tests)
    )
    spec = make_spec(replicates={"min": 6, "max": 9})
    dynstudy.run(spec, storage=storage)
    cells = regime_map(storage, "small", tests).dynamical_cells()
    trained = {len(seeds_of_cell(storage, spec, key)) for key in cells.ledger_configuration}
    assert trained == ({6} if enough else {6, 9})
    assert set(cells.replicates) == trained
    assert (cells.replicates_planned == cells.replicates).all()


def seeds_of_cell(storage: Storage, spec: StudySpec, key: str) -> list[int]:
    """What the ledger has of a cell, whether a map reads it or not."""
    rows = Ledger(storage.engine, spec.protocol).load(
        cell.configuration for cell in spec.cells_ahead()
    )
    return rows.seed[rows.configuration == key].tolist()


def test_cells_of_one_size_and_baseline_are_tested_together(rng: np.random.Generator) -> None:
    samples = [rng.normal(0.5, 0.1, size) for size in (8, 6, 8, 5, 8)]
    baselines = [rng.normal(0.5, 0.1, 40), rng.normal(0.4, 0.1, 24), rng.normal(0.4, 0.1, 5)]
    p_values = permutation(Contrast(samples, baselines, np.array([0, 1, 0, 0, 2])))
    first = permutation_p_values(np.stack([samples[0], samples[2]]), baselines[0])
    (second,) = permutation_p_values(samples[1][None], baselines[1])
    # too few replicates of a cell, then of a static loss
    np.testing.assert_array_equal(p_values, [first[0], second, first[1], np.nan, np.nan])


def test_two_one_sided_tests_are_scipys(rng: np.random.Generator) -> None:
    x, y = rng.normal(0.5, 0.02, 10), rng.normal(0.5, 0.01, 40)

    def one_sided(shift: float, side: str) -> float:
        return stats.ttest_ind(x, y + shift, equal_var=False, alternative=side).pvalue

    both = contrast(x, baseline=y)
    expected = max(one_sided(-0.02, "greater"), one_sided(0.02, "less"))
    np.testing.assert_allclose(equivalence(both), [expected])
    np.testing.assert_allclose(catastrophic(both), [one_sided(0.4, "greater")])
    np.testing.assert_allclose(retained(both), [one_sided(0.4, "less")])


def test_contrasts_share_their_static_losses() -> None:
    asked: list[str] = []

    def static(key: str) -> np.ndarray:
        asked.append(key)
        return np.full(3, float(key))

    samples = [np.full(2, value) for value in (5.0, 6.0, 7.0)]
    contrast = Contrast.of(samples, ["1", "2", "1"], static)
    assert asked == ["1", "2"]
    assert contrast.difference.estimate.tolist() == [4, 4, 6]
    assert contrast.sizes.tolist() == [2, 2, 2]


def test_nothing_is_tested_with_fewer_than_six_replicates() -> None:
    varied = 0.5 + 0.01 * np.arange(24)
    few, enough = contrast(varied[:5], baseline=varied), contrast(varied[:6], baseline=varied)
    for accuracy, forgetting in ((few, enough), (enough, few)):
        evidence = everything(rejects)(accuracy, forgetting)
        assert np.isnan(evidence.differs[0]) == np.isnan(evidence.equivalent[0])
        assert np.isnan(evidence.differs[0]) == (accuracy is few)
        assert np.isnan(evidence.forgets[0]) == np.isnan(evidence.retains[0])
        assert np.isnan(evidence.forgets[0]) == (forgetting is few)
        assert evidence.forgetting_sizes == len(forgetting.samples[0])
