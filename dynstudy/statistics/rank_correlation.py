"""How two quantities go together, by their ranks: over cells, and among the networks of cells.

A rank correlation is Spearman's: Pearson's of ranks, of which equal values share the mean.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from dynstudy.arrays import Array, Ints
from dynstudy.statistics.two_samples import LEVEL

LARGEST = 1 - 1e-15
"""Of correlations: beyond, Fisher's transformation is infinite."""


def correlation(x: Array, y: Array) -> Array:
    """Return Pearson's correlation along the last axis, of what is there of both.

    It is nan where one of them does not vary.

    >>> float(correlation(np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0, 4.0, 6.0, 0.0])))
    1.0
    """
    x, y = np.broadcast_arrays(x, y)
    there = np.isfinite(x) & np.isfinite(y)
    count = np.maximum(there.sum(axis=-1, keepdims=True), 1)

    def centred(values: Array) -> Array:
        values = np.where(there, values, 0.0)
        return np.where(there, values - values.sum(axis=-1, keepdims=True) / count, 0.0)

    a, b = centred(x), centred(y)
    return _ratio((a * b).sum(axis=-1), (a**2).sum(axis=-1), (b**2).sum(axis=-1))


def _ratio(products: Array, first: Array, second: Array) -> Array:
    """A correlation of its three sums; what is left of rounding is no variance."""
    spread = np.sqrt(first * second)
    varies = spread > 1e-9
    return np.where(varies, products / np.where(varies, spread, 1.0), np.nan).clip(-1, 1)


def normal_interval(rho: float, drawn: Array) -> tuple[float, float]:
    """Return the 95 % interval of a correlation, by the spread of resampled ones.

    It is normal in Fisher's transformation, z = artanh ρ, and nan where a resampled one is.
    """
    if np.isnan(rho) or np.isnan(drawn).any():
        return math.nan, math.nan
    spread = _fisher(drawn).std(ddof=1)
    middle, margin = float(_fisher(rho)), float(stats.norm.ppf(1 - LEVEL / 2) * spread)
    return math.tanh(middle - margin), math.tanh(middle + margin)


def _fisher(rho: ArrayLike) -> Array:
    return np.arctanh(np.clip(rho, -LARGEST, LARGEST))


def holm_p_values(p_values: ArrayLike) -> Array:
    """Return p-values (K,) corrected for how many there are (Holm 1979), ignoring nan.

    The chance that any of those whose null hypotheses hold is below 0.05 is at most 0.05, whatever
    they have to do with each other.

    >>> holm_p_values([0.01, 0.04, float("nan"), 0.03]).round(4)
    array([0.03, 0.06,  nan, 0.06])
    """
    p_values = np.asarray(p_values, float)
    corrected = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(np.isfinite(p_values))
    ordered = tested[np.argsort(p_values[tested], kind="stable")]
    raised = p_values[ordered] * np.arange(len(ordered), 0, -1)
    corrected[ordered] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return corrected


@dataclass(frozen=True)
class WithinCells:
    """The rank correlation of two quantities among the networks of each cell, over many cells.

    Σ over cells and networks of the products of their ranks, each less its cell's mean, over the
    root of the like sums of squares: what differs between cells is not in it. A cell in which one
    of the two does not vary says nothing.
    """

    products: Array  # (...)
    first: Array  # (...) sums of squares
    second: Array  # (...)
    variance: Array  # (...) of the products, of networks permuted within cells

    @classmethod
    def of(cls, first: Array, second: Array) -> "WithinCells":
        """One cell, of the ranks (..., n) of its networks; sum several to have them together."""
        a, b = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (first, second))
        squares = (a**2).sum(axis=-1), (b**2).sum(axis=-1)
        varies = (squares[0] > 0) & (squares[1] > 0)
        variance = squares[0] * squares[1] / max(a.shape[-1] - 1, 1)
        return cls((a * b).sum(axis=-1), squares[0] * varies, squares[1] * varies, variance)

    def __add__(self, other: "WithinCells") -> "WithinCells":
        """The cells of both."""
        return WithinCells(
            self.products + other.products,
            self.first + other.first,
            self.second + other.second,
            self.variance + other.variance,
        )

    @property
    def rho(self) -> Array:
        """(...) the correlation; nan where nothing varies."""
        return _ratio(self.products, self.first, self.second)

    @property
    def p_value(self) -> Array:
        """(...) of no relation within any cell, two-sided; nan where nothing varies.

        Networks of a cell differ by their seeds alone, so that under this hypothesis one quantity
        may be permuted among them: the sum of products then has a mean of 0 and a variance that is
        known, and is normal where there are many cells.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(2 * stats.norm.sf(np.abs(self.products) / np.sqrt(self.variance)))


NO_CELL = WithinCells(*np.zeros(4))


def thirds(values: Array) -> Ints:
    """Return in which third by rank, 0 to 2, each of values (..., K) is, along the last axis.

    Equal ones are in one, so that another may be empty.

    >>> thirds(np.array([0.0, 0.0, 0.0, 0.2, 0.5, 0.4]))
    array([0, 0, 0, 1, 2, 2])
    """
    ranks = stats.rankdata(values, axis=-1) - 0.5
    return np.floor(3 * ranks / values.shape[-1]).astype(np.int64)
