"""Replicates in rounds: what is settled stays settled, and error rates hold at any stop."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dynstudy.statistics.cell_tests import CellTests, Evidence, by_rows
from dynstudy.statistics.labels import USEFUL
from dynstudy.statistics.power import (
    SPREADS,
    SimulatedMap,
    calibrate,
    judge_map,
    plant_map,
    planted_gains,
)
from dynstudy.statistics.sequential import FamilyLooks, predictive_power, weights
from dynstudy.statistics.two_samples import LEVEL, false_discovery_q_values, permutation_p_values
from dynstudy.study.rounds import Rounds

LOOKS = Rounds(min=6, max=30).looks
RESAMPLES = 999
COARSE = CellTests(differs=by_rows(partial(permutation_p_values, resamples=RESAMPLES)))


def test_weights_share_out_the_level() -> None:
    shares = weights(LOOKS)
    assert shares.sum() == pytest.approx(1)
    assert (shares > 0).all()
    np.testing.assert_allclose(shares / shares[0], np.sqrt(np.array(LOOKS) / LOOKS[0]))


def scripted(p_values: np.ndarray) -> Callable[[np.ndarray, int], Evidence]:
    """Tests whose p-values are given: (4, L, K) of differs, equivalent, forgets and retains."""

    def tests(indices: np.ndarray, size: int) -> Evidence:
        differs, equivalent, forgets, retains = p_values[:, LOOKS.index(size), indices]
        sizes = np.where(np.isnan(forgets), 0, size)
        return Evidence(np.full(len(indices), 0.1), differs, equivalent, forgets, retains, sizes)

    return tests


P_VALUES = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).random((4, len(LOOKS), 12)) ** 4
)


@given(P_VALUES)
def test_what_is_settled_stays_settled_and_gets_no_more_replicates(p_values: np.ndarray) -> None:
    p_values[2:, :, 0] = np.nan  # too few oscillations: no forgetting to decide about
    looks, before = FamilyLooks(np.arange(12), LOOKS), None
    for number, size in enumerate(LOOKS, start=1):
        went_on = looks.going.copy()
        assert (looks.planned[went_on] == size).all()
        looks.look(scripted(p_values))
        assert (looks.looked[went_on] == size).all()
        joined = looks.evidence
        now = looks.settled()
        if before is not None:
            evidence, settled, looked = before
            assert (now >= settled).all()
            assert (looks.looked[settled] == looked[settled]).all()
            for name in ("differs", "equivalent", "forgets", "retains"):
                fell = getattr(joined, name) <= getattr(evidence, name)
                assert (fell | np.isnan(getattr(joined, name))).all(), name
        assert not (looks.going & now).any()
        assert not (looks.going & ~went_on).any()
        assert number < len(LOOKS) or not looks.going.any()
        before = joined, now, looks.looked.copy()
        if not looks.going.any():
            break


@given(P_VALUES)
def test_evidence_is_the_smallest_corrected_p_value_so_far(p_values: np.ndarray) -> None:
    looks = FamilyLooks(np.arange(12), LOOKS)
    while looks.going.any():
        looks.look(scripted(p_values))
    share = weights(LOOKS)
    for cell in range(12):
        taken = LOOKS.index(looks.looked[cell]) + 1
        corrected = p_values[:3, :taken, cell] / share[:taken]
        expected = np.minimum(corrected.min(axis=1), 1)
        evidence = looks.evidence
        np.testing.assert_allclose(
            [evidence.differs[cell], evidence.equivalent[cell], evidence.forgets[cell]], expected
        )
        assert evidence.retains[cell] == p_values[3, :taken, cell].min()  # nothing is spent on it


def test_a_cell_waits_for_both_of_its_labels() -> None:
    p_values = np.full((4, len(LOOKS), 4), 0.9)
    p_values[3] = 0.1  # not settled, and not hopeless
    p_values[0, :, 3] = 0.02  # likewise
    p_values[0, 0, :3] = 1e-4  # useful at the first look
    p_values[2, 1, 0] = 1e-4  # forgets at the second
    p_values[3, 2, 1] = 0.01  # does not, at the third
    p_values[2:, :, 2] = np.nan
    looks = FamilyLooks(np.arange(4), LOOKS)
    while looks.going.any():
        looks.look(scripted(p_values))
    assert looks.looked.tolist() == [LOOKS[1], LOOKS[2], LOOKS[0], LOOKS[-1]]
    assert looks.settled().tolist() == [True, True, True, False]


def test_a_gain_keeps_the_sign_of_its_strongest_evidence() -> None:
    def tests(indices: np.ndarray, size: int) -> Evidence:
        strong = size == LOOKS[0]
        one = np.ones(len(indices))
        p_value = 1e-4 if strong else 0.9
        gain = 0.1 if strong else -0.1
        return Evidence(gain * one, p_value * one, one, one, 0.1 * one, one.astype(int))

    looks = FamilyLooks(np.arange(2), LOOKS)
    while looks.going.any():
        looks.look(tests)
    assert (looks.looked == LOOKS[-1]).all()  # for its forgetting, which is never decided
    assert (looks.evidence.gain > 0).all()


def test_replicates_that_would_hardly_settle_a_cell_are_not_asked_for() -> None:
    p_values = np.full((4, len(LOOKS), 4), 0.9)
    p_values[0, 0, 0] = 1e-4  # useful, but its forgetting will never be decided
    p_values[3, :, 1] = 0.01  # does not forget, but its regime will never be decided
    p_values[0, :, 2] = 0.02  # its forgetting is hopeless, its regime is not
    looks = FamilyLooks(np.arange(4), LOOKS)
    while looks.going.any():
        looks.look(scripted(p_values))
    assert looks.looked.tolist() == [LOOKS[0], LOOKS[0], LOOKS[-1], LOOKS[0]]
    assert not looks.settled().any()  # to be given up is no label


@pytest.mark.parametrize("true", [0.0, 0.4, 1.0])
def test_predictive_power_is_a_probability(true: float, rng: np.random.Generator) -> None:
    """Of what happens: among means seen with so much evidence, with a flat prior."""
    n, most, level = 6, 30, 0.01
    effects = rng.uniform(-6, 6, 400_000)  # flat, in units of one replicate's deviation
    seen = effects + rng.normal(0, 1, len(effects)) / np.sqrt(n)
    near = np.abs(seen * np.sqrt(n) - true * 2) < 0.05
    rest = effects[near] + rng.normal(0, 1, near.sum()) / np.sqrt(most - n)
    final = (n * seen[near] + (most - n) * rest) / most
    share = (final * np.sqrt(most) > stats.norm.isf(level)).mean()
    expected = predictive_power(stats.norm.sf(np.array([true * 2])), level, most / n)[0]
    assert share == pytest.approx(expected, abs=5 * np.sqrt(0.25 / near.sum()))


@pytest.mark.parametrize("spread", ["bimodal", "narrow"])
def test_looks_at_simulated_maps_depend_on_the_first_replicates_alone(
    spread: str, rng: np.random.Generator
) -> None:
    chosen = SPREADS[spread]
    planted = plant_map(rng, chosen, planted_gains(chosen, 0.2), LOOKS[-1])
    verdicts = judge_map(planted, COARSE, LOOKS[0])
    assert 6 <= verdicts.replicates.min() < LOOKS[-1]
    assert set(verdicts.replicates) <= set(LOOKS)
    others = planted.samples.copy()
    for cell, size in enumerate(verdicts.replicates):
        others[cell, size:] = rng.random(LOOKS[-1] - size)  # what was not asked for
    again = judge_map(SimulatedMap(planted.gains, others, planted.baseline), COARSE, LOOKS[0])
    assert again.labels == verdicts.labels
    np.testing.assert_array_equal(again.replicates, verdicts.replicates)
    np.testing.assert_array_equal(again.low, verdicts.low)


MAPS = 100


@pytest.mark.parametrize(
    ("spread", "gain"),
    [
        ("bimodal", 0.0),
        pytest.param("narrow", 0.05, marks=pytest.mark.long),
        pytest.param("bimodal", 0.2, marks=pytest.mark.long),
    ],
)
def test_false_discoveries_are_below_their_level_though_one_looks_often(
    spread: str, gain: float
) -> None:
    calibration = calibrate(spread, 30, gain, MAPS, tests=COARSE, fewest=6)
    bound = stats.binom.ppf(0.999, MAPS, LEVEL) / MAPS
    assert calibration.false_discoveries <= bound
    # of intervals at the stop, whose level is shared out as well; docs/calibration.md has limits
    assert calibration.coverage > (0.95 if spread == "narrow" else 0.91)
    if gain:
        assert calibration.power > 0.5
        assert calibration.networks < 30


def test_without_the_correction_looking_often_would_find_what_is_not_there(
    rng: np.random.Generator,
) -> None:
    """The guard can fail: the smallest p-value of all looks, as it is, is no p-value."""
    outcomes = rng.normal(0, 1, (20_000, LOOKS[-1]))
    z = np.stack([outcomes[:, :size].sum(axis=1) / np.sqrt(size) for size in LOOKS], axis=1)
    p_values = 2 * stats.norm.sf(np.abs(z))
    assert (p_values.min(axis=1) <= LEVEL).mean() > 2 * LEVEL
    corrected = (p_values / weights(LOOKS)).min(axis=1)
    assert (corrected <= LEVEL).mean() < LEVEL


def test_one_look_is_the_plain_test(rng: np.random.Generator) -> None:
    chosen = SPREADS["narrow"]
    planted = plant_map(rng, chosen, planted_gains(chosen, 0.05), 10)
    verdicts = judge_map(planted, COARSE)
    assert (verdicts.replicates == 10).all()
    q_values = false_discovery_q_values([
        stats.permutation_test(
            (sample, planted.baseline),
            lambda x, y, axis: stats.ttest_ind(x, y, axis=axis, equal_var=False).statistic,
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(0),
        ).pvalue
        for sample in planted.samples
    ])
    clear = (q_values < 0.02) | (q_values > 0.1)  # their splits are not ours
    useful = np.array(verdicts.labels) == USEFUL
    assert (useful == ((q_values <= LEVEL) & (planted.gains > 0)))[clear].all()
