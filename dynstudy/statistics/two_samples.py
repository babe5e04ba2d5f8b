"""Is a cell better than the static loss? The statistics of a map, on plain arrays.

Two independent samples, since seeds pair nothing, whose distributions are bimodal near the
transition: hence a permutation test of the studentised difference of means (Janssen 1997; Chung &
Romano 2013), which is exact when the distributions are equal and asymptotically right when only
their means are. One static baseline serves all cells of a loss and width, and is larger for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from dynstudy.arrays import Array

LEVEL = 0.05

RESAMPLES = 9999
ROUNDING = 1e-13
"""Variances below this are zero: accuracies are ratios of small whole numbers."""


def of_each(samples: list[Array], of: Callable[[Array], Array], least: int = 1) -> Array:
    """What a function of rows (k, n) says of each of K samples, nan where it has too few values."""
    sizes = np.array([len(sample) for sample in samples], np.int64)
    values = np.full(len(samples), np.nan)
    for size in np.unique(sizes[sizes >= least]):  # thousands of cells share a few sizes
        alike = np.flatnonzero(sizes == size)
        values[alike] = of(np.stack([samples[index] for index in alike]))
    return values


@dataclass(frozen=True)
class Moments:
    """Mean, variance of the mean, and size of K samples."""

    mean: Array  # (K,)
    variance: Array  # (K,) s² / n, nan for fewer than two
    size: NDArray[np.int64]  # (K,)

    @classmethod
    def of(cls, samples: list[Array]) -> "Moments":
        """Of samples of any sizes; an empty one has a mean of nan."""
        sizes = np.array([len(sample) for sample in samples], np.int64)
        means = of_each(samples, lambda rows: rows.mean(axis=1))
        variances = of_each(samples, lambda rows: rows.var(axis=1, ddof=1) / rows.shape[1], least=2)
        return cls(means, _cleaned(variances), sizes)


@dataclass(frozen=True)
class Difference:
    """Differences of means with Welch's approximation of their distribution."""

    estimate: Array  # (K,)
    standard_error: Array  # (K,)
    freedom: Array  # (K,) Welch-Satterthwaite degrees of freedom

    @classmethod
    def between(cls, first: Moments, second: Moments) -> "Difference":
        """first - second."""
        total = first.variance + second.variance
        with np.errstate(divide="ignore", invalid="ignore"):
            freedom = total**2 / (
                first.variance**2 / (first.size - 1) + second.variance**2 / (second.size - 1)
            )
        # two samples without any variance: their difference is exact, whatever the freedom
        freedom = np.where(total == 0, 1.0, freedom)
        return cls(first.mean - second.mean, np.sqrt(total), freedom)

    def interval(self, confidence: ArrayLike = 1 - LEVEL) -> tuple[Array, Array]:
        """Two-sided confidence interval, nan where it is not defined."""
        quantile = (1 + np.asarray(confidence)) / 2
        margin = stats.t.ppf(quantile, self.freedom) * self.standard_error
        return self.estimate - margin, self.estimate + margin

    def above(self, bound: float) -> Array:
        """One-sided p-values of the difference being at most `bound`."""
        excess = self.estimate - bound
        with np.errstate(divide="ignore", invalid="ignore"):
            t = excess / self.standard_error  # infinite where nothing varies
        t = np.where((self.standard_error == 0) & (excess == 0), 0.0, t)
        return np.asarray(stats.t.sf(t, self.freedom))

    def below(self, bound: float) -> Array:
        """One-sided p-values of the difference being at least `bound`."""
        return Difference(-self.estimate, self.standard_error, self.freedom).above(-bound)

    def within(self, bound: float) -> Array:
        """p-values of the difference not lying within ±`bound`: the larger of two one-sided."""
        return np.maximum(self.above(-bound), self.below(bound))


def permutation_p_values(samples: Array, baseline: Array, resamples: int = RESAMPLES) -> Array:
    """Return two-sided permutation tests (K,) of the studentised difference of means.

    Of `samples` (K, n), the replicates of K cells, and the `baseline` (m,) of all: nan where n or m
    is below two, 1 where nothing varies at all. The same random splits serve all samples, as sums
    over them are one matrix product, and a map reads the same every time. Of R resamples, the
    smallest p-value is 1 / (R + 1).

    >>> cells = np.array([[0.70, 0.71, 0.69, 0.72, 0.70, 0.71], [0.5, 0.4, 0.6, 0.5, 0.4, 0.6]])
    >>> static = np.tile([0.4, 0.45, 0.5, 0.55, 0.6, 0.5], 4)
    >>> permutation_p_values(cells, static).round(4)
    array([1.e-04, 1.e+00])
    """
    n, m = samples.shape[1], len(baseline)
    if n < 2 or m < 2:
        return np.full(len(samples), np.nan)
    first = _splits(n, m, resamples)
    x, y = samples - baseline.mean(), baseline - baseline.mean()
    # the static loss's share in the sums of a split is the same for all cells
    sums = np.concatenate([first[:n], [y, y**2] @ first[n:], np.ones((1, resamples))])
    root, right = _as_extreme(x, y)
    extreme = [
        np.count_nonzero(np.square(few @ sums) >= right_of_few @ sums, axis=1)
        # few at a time: what is computed of them takes 10 MB
        for few, right_of_few in zip(_by_few(root), _by_few(right), strict=True)
    ]
    return (1 + np.concatenate(extreme)) / (resamples + 1)


def _by_few(rows: Array) -> list[Array]:
    return np.array_split(rows, max(1, len(rows) // 128))


@lru_cache(maxsize=1)  # the families of a map have equal sizes, as a rule
def _splits(n: int, m: int, resamples: int) -> Array:
    """Who is in the first sample of each random split: (n + m, R)."""
    drawn = np.random.default_rng(0).random((resamples, n + m))
    last = np.partition(drawn, n - 1, axis=1)[:, n - 1]  # of the n smallest
    first = np.less_equal(drawn, last[:, None]).T.copy().astype(float)
    first.flags.writeable = False
    return first


def _as_extreme(x: Array, y: Array) -> tuple[Array, Array]:
    """When a split of cells x (K, n) and the static loss y (m,) is as extreme as what was observed.

    Of a split whose first sample has the sum S and the sum of squares Q, and both together P, all
    about the mean of both, the difference of means is S (1/n + 1/m), and its variance is
    a Q + b P - c S². Its t² is no smaller than d²/v, the observed one, where
    S² (v (1/n + 1/m)² + c d²) >= d² (a Q + b P), also where nothing varies.

    Returns:
        (K, n + 3) each, by what the root of the left side and the right side are linear
        combinations of n + 3 numbers: whether each of x is in the first sample, what y and y² sum
        to there, and 1.
    """
    n, m = x.shape[1], len(y)
    total, squares = x.sum(axis=1) + y.sum(), (x**2).sum(axis=1) + (y**2).sum()
    mean = total / (n + m)
    d = _cleaned(np.square(x.mean(axis=1) - y.mean())) * (1 - 2e-9)  # ties are as extreme
    v = _cleaned(x.var(axis=1, ddof=1) / n) + _cleaned(y.var(ddof=1) / m)
    a, b = 1 / (n * (n - 1)) - 1 / (m * (m - 1)), 1 / (m * (m - 1))
    c = 1 / (n * n * (n - 1)) + 1 / (m * m * (m - 1))
    zero, one = np.zeros_like(mean), np.ones_like(mean)
    root = np.sqrt(v * (1 / n + 1 / m) ** 2 + c * d)
    sums = np.column_stack([x, one, zero, -n * mean])
    right = a * np.column_stack([x * (x - 2 * mean[:, None]), -2 * mean, one, n * mean**2])
    right[:, -1] += b * (squares - (n + m) * mean**2)
    # where nothing varies in a split, both sides are the same but for rounding
    return root[:, None] * sums, (d * (1 - 1e-14))[:, None] * right


def _cleaned(variance: Array) -> Array:
    return np.where(variance < ROUNDING, 0.0, variance)


def false_discovery_q_values(p_values: ArrayLike) -> Array:
    """Benjamini-Hochberg adjusted p-values, ignoring nan."""
    p_values = np.asarray(p_values, float)
    q_values = np.full(p_values.shape, np.nan)
    tested = np.isfinite(p_values)
    if tested.any():
        q_values[tested] = stats.false_discovery_control(p_values[tested])
    return q_values
