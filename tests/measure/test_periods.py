"""Periods of the logistic map, where they are known, and of planted series."""

from typing import Any

import numpy as np
import pytest

from dynstudy.arrays import Array
from dynstudy.measure.periods import LEAST_STEPS, PERIODS, WINDOW, local_periods, spreads


def logistic(rates: Any, start: float = 0.3) -> Array:
    """x -> r x (1 - x), with an r for every step."""
    values = [start]
    for rate in np.asarray(rates, float):
        values.append(rate * values[-1] * (1 - values[-1]))
    return np.array(values)


@pytest.mark.parametrize(
    ("rate", "period"),
    [
        (2.5, 1), (2.95, 1), (3.05, 2), (3.2, 2), (3.44, 2), (3.46, 4), (3.5, 4), (3.54, 4),
        (3.55, 8), (3.563, 8), (3.5705, 0), (3.7, 0), (3.83, 0), (4.0, 0),
    ],
)  # fmt: skip
def test_periods_of_the_logistic_map_are_those_of_theory(rate: float, period: int) -> None:
    """They double at 3, 3.4495, 3.5441 and 3.5644; beyond 3.5699 is chaos, but for windows of 3."""
    settled = logistic(np.full(5000, rate))[-1000:]
    assert set(local_periods(settled).tolist()) == {period}


def test_a_rate_that_moves_slowly_passes_through_them_in_turn() -> None:
    rates = np.linspace(2.95, 3.56, 60_000)
    periods = local_periods(logistic(rates)[1:])[200:]
    starts = np.flatnonzero(np.diff(periods)) + 1
    assert periods[[0, *starts]].tolist() == [1, 2, 4, 8]
    # a cycle that has become unstable is left a little later
    for start, doubles in zip(starts, (3, 3.4495, 3.5441), strict=True):
        assert doubles < rates[200 + start] < doubles + 0.03


def branches(period: int, split: float, steps: int = 400, level: float = 1.0) -> Array:
    """A series whose branches split in two again and again, each time half as far."""
    k = np.arange(steps)
    series = np.full(steps, level)
    for number in range(int(np.log2(period))):
        series += split * 0.5**number * (1 - 2 * (k // 2**number % 2))
    return series


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("level", [1e-6, 1, 1e4])
def test_branches_that_drift_grow_and_are_noisy_are_told_apart(
    period: int, level: float, rng: np.random.Generator
) -> None:
    k = np.arange(400)
    for split in (0.02, 0.3):
        drift = 1 + 0.004 * k + 1e-5 * (k - 200) ** 2
        noise = 1e-4 * rng.normal(size=400)
        series = level * (drift * branches(period, split) + noise)
        assert set(local_periods(series).tolist()) == {period}
    shown = spreads(branches(period, 0.3))
    assert (shown[: PERIODS.index(period)] > 0.05).all()
    np.testing.assert_allclose(shown[PERIODS.index(period) :], 0, atol=1e-12)


def test_a_change_is_seen_within_a_window() -> None:
    series = np.concatenate([branches(p, 0.2) for p in (1, 2, 4, 2)])
    periods = local_periods(series)
    starts = np.flatnonzero(np.diff(periods)) + 1
    assert periods[[0, *starts]].tolist() == [1, 2, 4, 2]
    assert abs(starts - [400, 800, 1200]).max() <= WINDOW


def test_noise_about_a_cycle_that_attracts_is_no_period(rng: np.random.Generator) -> None:
    """Amplified by a multiplier, which turns it about: it looks the like of one only near -1."""
    for multiplier, expected in ((-0.5, 1), (-0.8, 1), (-0.999, 2)):
        values = [0.0]
        for kick in 1e-4 * rng.normal(size=20_000):
            values.append(multiplier * values[-1] + kick)
        periods = local_periods(1 + np.array(values[10_000:]))
        assert (periods == expected).mean() > 0.9


def test_rounding_is_no_branch() -> None:
    series = branches(2, 0.1).astype(np.float32)
    series += (np.arange(400) % 4 == 0) * np.finfo(np.float32).eps
    assert set(local_periods(series).tolist()) == {2}
    assert set(local_periods(branches(4, 3e-7)).tolist()) == {1}


def test_noise_without_any_order_is_none(rng: np.random.Generator) -> None:
    assert set(local_periods(rng.random(1000)).tolist()) == {0}


@pytest.mark.parametrize("steps", [20, 50, 200, 1000])
def test_a_smooth_curve_has_one_branch(steps: int) -> None:
    wave = 1 + 0.5 * np.sin(2 * np.pi * np.arange(2000) / steps)
    assert {2, 4, 8}.isdisjoint(local_periods(wave).tolist())


@pytest.mark.parametrize("period", PERIODS)
def test_the_shortest_series_is_long_enough(period: int) -> None:
    assert set(local_periods(branches(period, 0.3, LEAST_STEPS)).tolist()) == {period}


def test_what_lasts_for_less_than_a_window_is_what_was_before() -> None:
    series = branches(2, 0.2, 600)
    series[300:310] += np.random.default_rng(1).random(10)
    assert set(local_periods(series).tolist()) == {2}
