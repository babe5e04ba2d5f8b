"""What the tests of a map claim, on simulated maps whose true gains are known."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from dynstudy.statistics.cell_tests import CellTests, by_rows
from dynstudy.statistics.labels import HARMFUL, NEUTRAL, UNTESTED, USEFUL
from dynstudy.statistics.power import (
    CELLS,
    NARROW_SD,
    POINTS,
    SPREADS,
    SimulatedMap,
    calibrate,
    judge_map,
    plant_map,
    planted_gains,
)
from dynstudy.statistics.two_samples import LEVEL, Difference, Moments, permutation_p_values

MAPS = 1000


def permutation_with(resamples: int) -> CellTests:
    """Each test is as valid as with 9999 random splits, only coarser."""
    return CellTests(differs=by_rows(partial(permutation_p_values, resamples=resamples)))


COARSE, COARSEST = permutation_with(999), permutation_with(99)
CONFIDENCE = 0.999  # of each bound; outcomes are seeded, so a test that passes once always does


def most(maps: int, level: float) -> float:
    """The largest mean over maps that a share of expectation `level` may have.

    Of all shares with this expectation, one that is 0 or 1 in each map varies most.
    """
    return float(stats.binom.ppf(CONFIDENCE, maps, level)) / maps


SPREAD = pytest.mark.parametrize(
    "spread",
    [
        "bimodal",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("narrow", "static", "rare")),
    ],
)


@SPREAD
@pytest.mark.parametrize("replicates", [6, 10])
def test_on_maps_on_which_nothing_happens_few_have_a_label(spread: str, replicates: int) -> None:
    # all discoveries are false: their rate is the share of the maps that have any
    calibration = calibrate(spread, replicates, 0, MAPS, tests=COARSE)
    assert calibration.maps == MAPS
    assert 0 < calibration.false_discoveries <= most(MAPS, LEVEL)
    assert np.isnan(calibration.power)


@SPREAD
@pytest.mark.parametrize("gain", [0.05, 0.2])
def test_false_discoveries_are_below_their_level(spread: str, gain: float) -> None:
    calibration = calibrate(spread, 10, gain, MAPS // 2, tests=COARSE)
    assert calibration.false_discoveries <= most(MAPS // 2, LEVEL)
    assert calibration.power > (0.4 if gain == 0.2 else 0)


@pytest.mark.long
def test_the_tests_use_their_level() -> None:
    """They are not below it because they find nothing: half of the cells are null."""
    calibration = calibrate("narrow", 10, 0.2, MAPS, tests=COARSE)
    assert calibration.power > 0.999
    assert 0.015 < calibration.false_discoveries < 0.035


def test_intervals_cover_what_they_claim() -> None:
    for replicates in (6, 10, 20):
        calibration = calibrate("narrow", replicates, 0.05, 500, tests=COARSEST)
        assert abs(calibration.coverage - 0.95) < 5 * calibration.coverage_se
        assert calibration.coverage_se < 0.004
    for replicates, least in ((6, 0.91), (10, 0.92), (20, 0.93)):
        # with two modes Welch's intervals are somewhat narrow; docs/calibration.md has by how much
        calibration = calibrate("bimodal", replicates, 0.1, 500, tests=COARSEST)
        assert least < calibration.coverage < 0.96


def test_few_replicates_mislead_where_only_cells_have_two_modes() -> None:
    """The limits that docs/calibration.md states: they are there, and more replicates end them."""
    false = [
        calibrate("cells", replicates, 0, 100, tests=COARSE).false_discoveries
        for replicates in (6, 20)
    ]
    assert false[0] > 0.3
    assert false[1] < most(100, LEVEL)
    neutral = [
        calibrate("rare", replicates, 0.05, 100, tests=COARSE).false_neutral
        for replicates in (10, 50)
    ]
    assert neutral[0] > 0.2
    assert neutral[1] < 0.02


def test_power_grows_with_replicates_and_gain() -> None:
    def power(replicates: int, gain: float) -> float:
        return calibrate("narrow", replicates, gain, 50, tests=COARSE).power

    assert power(6, 0.05) < power(10, 0.05) < power(20, 0.05)
    assert power(10, 0.02) < power(10, 0.05) < power(10, 0.1)


def test_what_is_simulated_is_what_was_asked_for(rng: np.random.Generator) -> None:
    for name, spread in SPREADS.items():
        gains = planted_gains(spread, 0.2)
        assert (gains == 0).sum() == CELLS / 2
        assert (gains < 0).sum() == (CELLS / 4 if spread.harm else 0)
        planted = plant_map(rng, spread, gains, 2000)
        assert planted.baseline.shape == (8000,)
        error = np.hypot(
            planted.samples.std(axis=1) / np.sqrt(2000), planted.baseline.std() / np.sqrt(8000)
        )
        seen = planted.samples.mean(axis=1) - planted.baseline.mean()
        assert (np.abs(seen - gains) < 5 * error).all(), name
        whole = planted.samples * POINTS
        np.testing.assert_allclose(whole, whole.round(), atol=1e-9)
    narrow = plant_map(rng, SPREADS["narrow"], np.zeros(2), 2000)
    assert narrow.samples.std() == pytest.approx(NARROW_SD, rel=0.1)


def test_the_same_seed_gives_the_same_numbers_and_another_one_others() -> None:
    first, again, other = (
        calibrate("bimodal", 6, 0.2, 20, seed, tests=COARSE) for seed in (0, 0, 1)
    )
    assert first == again
    assert first.power != other.power


def said_of(samples: np.ndarray, baseline: np.ndarray) -> tuple[list[str], np.ndarray, np.ndarray]:
    verdicts = judge_map(SimulatedMap(np.zeros(len(samples)), samples, baseline))
    return verdicts.labels, verdicts.low, verdicts.high


VARIED = 0.5 + 0.01 * np.tile([-1.0, 0.0, 0.0, 1.0], 6)


def test_nothing_varies() -> None:
    labels, low, high = said_of(
        np.repeat([[0.5], [0.6], [0.4], [0.51]], 6, axis=1), np.full(24, 0.5)
    )
    # a difference without any variance is certain, however small
    assert labels == [NEUTRAL, USEFUL, HARMFUL, USEFUL]
    np.testing.assert_allclose(low, [0, 0.1, -0.1, 0.01], atol=1e-12)
    np.testing.assert_allclose(low, high)


def test_only_one_side_varies() -> None:
    labels, low, high = said_of(np.repeat([[0.5], [0.6], [0.4]], 6, axis=1), VARIED)
    assert labels == [NEUTRAL, USEFUL, HARMFUL]
    assert (low < high).all()
    labels, low, high = said_of(np.stack([VARIED[:6], VARIED[:6] + 0.1]), np.full(24, 0.5))
    assert labels == [NEUTRAL, USEFUL]
    assert (low < high).all()


def test_ties_make_a_test_more_careful_and_never_less() -> None:
    """Splits that are as extreme as the observed one count, so p is its exact value or above."""
    sample, baseline = np.array([[1.0] * 3 + [0.0] * 3]), np.array([1.0] * 6 + [0.0] * 18)
    (p_value,) = permutation_p_values(sample, baseline)
    # of 30 outcomes 9 are 1: how many of them a random six has is hypergeometric
    law = stats.hypergeom(30, 9, 6)
    first, second = (
        Moments.of([(np.arange(size) < ones).astype(float) for ones in counts])
        for size, counts in ((6, range(7)), (24, range(9, 2, -1)))
    )
    difference = Difference.between(first, second)
    studentised = np.abs(difference.estimate) / difference.standard_error
    exact = sum(law.pmf(ones) for ones, t in enumerate(studentised) if t >= studentised[3] - 1e-9)
    assert p_value == pytest.approx(exact, abs=0.02)
    # as many ones as the baseline has, in proportion: every split is as extreme
    assert permutation_p_values(np.array([[1.0, 1.0, 0.0, 0.0]]), np.tile([1.0, 0.0], 8))[0] == 1


def test_too_few_replicates_are_not_tested() -> None:
    for count in (1, 5):
        labels, low, _ = said_of(np.full((2, count), 0.9), VARIED)
        assert labels == [UNTESTED] * 2
        assert np.isnan(low).all() == (count == 1)
    labels, *_ = said_of(np.full((2, 6), 0.9), VARIED[:5])
    assert labels == [UNTESTED] * 2


def test_cells_that_all_diverged_count_as_chance() -> None:
    # reports call such a cell diverged; its numbers are defined all the same
    labels, low, high = said_of(np.full((1, 6), 1 / 3), VARIED)
    assert labels == [HARMFUL]
    assert low[0] < -1 / 6 < high[0]
    labels, low, high = said_of(np.full((1, 6), 1 / 3), np.full(24, 1 / 3))
    assert (labels, low[0], high[0]) == ([NEUTRAL], 0, 0)


def test_a_map_without_cells_has_no_answers() -> None:
    labels, low, high = said_of(np.empty((0, 6)), VARIED)
    assert labels == []
    assert low.shape == high.shape == (0,)
    empty = Difference.between(Moments.of([np.empty(0)]), Moments.of([VARIED]))
    assert np.isnan(empty.estimate).all()
    assert np.isnan(empty.interval()[0]).all()
