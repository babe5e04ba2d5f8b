"""Regression with censored values, beside ordinary regression and planted laws."""

import numpy as np
import pytest
from scipy import stats

from dynstudy.statistics.censored_regression import SMALLEST_SD, fit_line, interval, p_value

X = np.linspace(3, 9, 12)
DESIGN = np.column_stack([np.ones(12), X])


def values(seed: int = 0, sd: float = 1.0) -> np.ndarray:
    return 2 + 0.5 * X + np.random.default_rng(seed).normal(0, sd, len(X))


def test_short_intervals_give_ordinary_regression_and_its_interval() -> None:
    y = values()
    line = fit_line(DESIGN, y - 1e-6, y + 1e-6)
    assert line is not None
    expected = stats.linregress(X, y)
    assert line.beta == pytest.approx([expected.intercept, expected.slope], abs=1e-4)
    residual = y - expected.intercept - expected.slope * X
    assert line.sd == pytest.approx(np.sqrt((residual**2).mean()), rel=1e-4)
    margin = stats.t.ppf(0.975, 10) * expected.stderr
    slopes = interval(DESIGN, y - 1e-6, y + 1e-6, line, 1)
    assert slopes == pytest.approx((expected.slope - margin, expected.slope + margin), abs=1e-3)


def test_the_likelihood_ratio_is_then_the_f_test() -> None:
    y = values(1)
    small, large = (fit_line(design, y - 1e-6, y + 1e-6) for design in (DESIGN[:, :1], DESIGN))
    assert small is not None
    assert large is not None
    assert p_value(small, large) == pytest.approx(stats.linregress(X, y).pvalue, rel=0.01)


def test_what_is_fitted_is_the_likeliest() -> None:
    """By the definition of the likelihood, with censoring on both sides, against its neighbours."""
    y = values(2)
    low, high = np.floor(y), np.floor(y) + 1
    low[:2], high[-2:] = -np.inf, np.inf
    line = fit_line(DESIGN, low, high)
    assert line is not None

    def likelihood(a: float, b: float, sd: float) -> float:
        share = stats.norm.cdf(high, a + b * X, sd) - stats.norm.cdf(low, a + b * X, sd)
        return float(np.log(share).sum())

    best = (*line.beta.tolist(), line.sd)
    assert likelihood(*best) == pytest.approx(line.log_likelihood)
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 0.01:
        assert likelihood(*(best + step)) < line.log_likelihood


def test_a_line_through_all_intervals_leaves_the_slopes_that_fit() -> None:
    """Without error nothing is rejected that passes through all of them."""
    y = 2 + 0.5 * X
    line = fit_line(DESIGN, y - 0.5, y + 0.5)
    assert line is not None
    assert line.sd == pytest.approx(SMALLEST_SD)
    low, high = interval(DESIGN, y - 0.5, y + 0.5, line, 1)
    widest = 1 / (X[-1] - X[0])  # from the lower end of the first to the upper end of the last
    assert low <= 0.5 - 0.9 * widest
    assert high >= 0.5 + 0.9 * widest


def test_too_little_tells_nothing() -> None:
    y = values(3)[:3]
    design = DESIGN[:3]
    assert fit_line(design[:2], y[:2], y[:2] + 1) is None
    assert fit_line(design, y, np.r_[y[:2] + 1, np.inf]) is None
    assert fit_line(np.ones((3, 2)), y, y + 1) is None
    exact = fit_line(design, y, y + 1)
    assert exact is not None
    assert np.isnan(p_value(exact, exact))
