"""Smoothing of many pixels on a grid: local linear regression, its bandwidth, its errors.

At each pixel a plane is fitted to those around it by weighted least squares, with the product of
two Epanechnikov kernels as weights, and read off in the middle (Fan & Gijbels 1996: no bias of
first order, nor at borders; of all kernels this one has the least mean squared error). The grid is
regular, so that all sums are convolutions along one axis and then along the other: N pixels take
O(N), where a Gaussian process takes O(N³). Missing pixels weigh 0.

The bandwidth is the one that best predicts each pixel from all others (leave-one-out
cross-validation). Where pixels are independent, the surface itself is best at about that one, too;
for bands it is too wide, as bias and standard error are of one size there, which `SHARPER` mends.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from dynstudy.arrays import Array

NARROWEST = 1.5  # from a pixel that is there to the next: nearest neighbours, and diagonal ones
STEP = math.sqrt(2.0)  # from one bandwidth that is tried to the next
WIDEST = 0.5  # of a side of the grid
SHARPER = 0.6
"""The share of the bandwidth of the best prediction that a smoothed surface is made with: bias
is a third as large, the standard error 1.7 times, so that bands of 95 % cover 94 to 95 %."""

SPREAD_WIDER = 2.0
"""Times the bandwidth: from where their spread is told, which changes slowly."""

IN_A_LINE = 1e-3
"""The determinant of pixels around one, of what it is for uncorrelated offsets, that is too small:
they are in a line, or all far to one side."""

MOST_TRIED = 2**16
BLOCKS_IN_BANDWIDTH = 4.0

FULL_LEVERAGE = 1e-6  # less than this of a pixel is said by others

Bandwidth = tuple[float, float]
"""Of a kernel: how many pixels upwards and to the right of one the weights come to 0."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """A surface through pixels (rows, columns); nan where there are too few around."""

    mean: Array
    error: Array  # its standard error, from how pixels nearby scatter about it
    bandwidth: Bandwidth


def smooth(
    values: Array, weights: Array | None = None, bandwidth: Bandwidth | None = None
) -> Smoothed:
    """Return pixels smoothed that are independent of each other.

    Args:
        values: (rows, columns); nan is missing.
        weights: likewise, of how many each is the mean; 1 if left out.
        bandwidth: `SHARPER` times that of the best prediction if left out.

    Raises:
        ValueError: no pixel has a value.
    """
    values, weights = _weighed(values, weights)
    if bandwidth is None:
        least = _narrowest(weights)
        up, right = best_bandwidth(values, weights)
        bandwidth = max(SHARPER * up, least), max(SHARPER * right, least)
    planes = _Planes(weights, bandwidth)
    mean = planes.read(values)
    squares = planes.squares
    # of a squared residual what is to be expected, in units of the variance
    share = 1 - 2 * planes.leverage + weights * squares
    usable = (weights > 0) & np.isfinite(mean) & (share > FULL_LEVERAGE)
    residuals = np.where(usable, values - mean, 0.0)
    squared = weights * residuals**2 / np.where(usable, share, 1.0)
    nearby = SPREAD_WIDER * bandwidth[0], SPREAD_WIDER * bandwidth[1]
    there = _around(usable.astype(float), nearby)
    variance = _around(squared, nearby) / np.where(there > 1, there, np.nan)
    return Smoothed(mean, np.sqrt(np.maximum(variance, 0.0) * squares), bandwidth)


def smooth_mean(values: Array, weights: Array, bandwidth: Bandwidth) -> Array:
    """The mean of `smooth` alone (rows, columns), where it is asked for again and again."""
    values, weights = _weighed(values, weights)
    return _Planes(weights, bandwidth).read(values)


def leverage(weights: Array, bandwidth: Bandwidth) -> Array:
    """How much of the surface in each pixel is its own value (rows, columns); nan where none is."""
    return _Planes(weights, bandwidth).leverage


def best_bandwidth(values: Array, weights: Array | None = None) -> Bandwidth:
    """Return that by which each pixel is predicted best from all others, to within `STEP`.

    Both axes are widened together until that no longer helps, then each by itself. Of more than
    `MOST_TRIED` pixels means of blocks are predicted, if these are much smaller than what comes
    out.
    """
    values, weights = _weighed(values, weights)
    side = max(1, math.isqrt(values.size // MOST_TRIED))
    while True:
        up, right = _best_of(*blocks(values, weights, side))
        if side == 1 or min(up, right) >= BLOCKS_IN_BANDWIDTH:
            return side * up, side * right
        side //= 2


def blocks(values: Array, weights: Array, side: int) -> tuple[Array, Array]:
    """Return the weighted means of blocks of so many pixels to a side, and their weights."""
    values, weights = _weighed(values, weights)
    starts = [np.arange(0, length, side) for length in values.shape]

    def summed(array: Array) -> Array:
        return np.add.reduceat(np.add.reduceat(array, starts[0], axis=0), starts[1], axis=1)

    total = summed(weights)
    sums = summed(weights * values)
    return np.divide(sums, total, out=np.full_like(sums, np.nan), where=total > 0), total


def _best_of(values: Array, weights: Array) -> Bandwidth:
    values, weights = _weighed(values, weights)
    ladders = [_ladder(_narrowest(weights), WIDEST * side) for side in values.shape]
    highest = [len(ladder) - 1 for ladder in ladders]
    errors: dict[tuple[int, int], float] = {}

    def error(steps: tuple[int, int]) -> float:
        if not all(0 <= step <= top for step, top in zip(steps, highest, strict=True)):
            return math.inf
        if steps not in errors:
            bandwidth = ladders[0][steps[0]], ladders[1][steps[1]]
            errors[steps] = left_out_error(values, bandwidth, weights)
        return errors[steps]

    best, since = (0, 0), 0
    for both in range(1, max(highest) + 1):
        steps = min(both, highest[0]), min(both, highest[1])
        best, since = (steps, 0) if error(steps) < error(best) else (best, since + 1)
        if since > 1:
            break
    while True:
        up, right = best
        nearest = min(
            [(up + 1, right), (up - 1, right), (up, right + 1), (up, right - 1)], key=error
        )
        if not error(nearest) < error(best):
            return ladders[0][up], ladders[1][right]
        best = nearest


def left_out_error(values: Array, bandwidth: Bandwidth, weights: Array | None = None) -> float:
    """Return the mean squared error of pixels that are each predicted from all others.

    One that has too few others around it is predicted as the mean of all.
    """
    values, weights = _weighed(values, weights)
    planes = _Planes(weights, bandwidth)
    left = 1 - planes.leverage
    usable = (weights > 0) & (left > FULL_LEVERAGE)
    errors = values - np.average(values, weights=weights)
    errors[usable] = (values - planes.read(values))[usable] / left[usable]
    return float(np.average(errors**2, weights=weights))


def _weighed(values: Array, weights: Array | None) -> tuple[Array, Array]:
    """Values, 0 where they are missing, and their weights, which are 0 there."""
    there = np.isfinite(values)
    if not there.any():
        raise ValueError("no pixel has a value")
    weights = there.astype(float) if weights is None else np.where(there, weights, 0.0)
    return np.where(weights > 0, values, 0.0), weights


def _narrowest(weights: Array) -> float:
    """The least bandwidth in pixels; of every fourth row and column it is four times as large."""
    return NARROWEST * math.sqrt(weights.size / np.count_nonzero(weights))


def _ladder(low: float, high: float) -> list[float]:
    steps = int(math.log(max(high / low, 1.0)) / math.log(STEP))
    return [low * STEP**step for step in range(steps + 1)]


def _kernel(bandwidth: float) -> tuple[Array, Array]:
    """Offsets, in bandwidths so that all sums are of one size, and weights; 1 in the middle."""
    reach = math.ceil(bandwidth) - 1
    offsets = np.arange(-reach, reach + 1) / bandwidth
    return offsets, 1 - offsets**2


def _moments(values: Array, bandwidth: Bandwidth, order: int, power: int = 1) -> list[Array]:
    """Sums of values around each pixel by the kernel to a power, and by its offsets.

    Returns:
        By 1, by the offset upwards u and that to the right r; for order 2 by u², ur, r², too.
    """
    (up, above), (right, beside) = map(_kernel, bandwidth)
    above, beside = above**power, beside**power
    along = [
        correlate1d(values, beside * right**each, 1, mode="constant") for each in range(order + 1)
    ]
    degrees = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)][: 3 if order == 1 else 6]
    return [correlate1d(along[r], above * up**u, 0, mode="constant") for u, r in degrees]


def _around(values: Array, bandwidth: Bandwidth) -> Array:
    """The sum of values around each pixel by the kernel."""
    for axis, width in enumerate(bandwidth):
        values = correlate1d(values, _kernel(width)[1], axis, mode="constant")
    return values


class _Planes:
    """The planes about all pixels, of which each value is a sum of values by weights wᵢ Kᵢ lᵢ.

    lᵢ = a + b u + c r, where (a, b, c) is the first row of the inverse of the normal equations.
    """

    def __init__(self, weights: Array, bandwidth: Bandwidth) -> None:
        self.weights, self.bandwidth = weights, bandwidth
        s, u, r, uu, ur, rr = _moments(weights, bandwidth, 2)
        a, b, c = uu * rr - ur * ur, r * ur - u * rr, u * ur - r * uu
        determinant = s * a + u * b + r * c
        regular = determinant > IN_A_LINE * np.abs(s * uu * rr)
        scale = np.full_like(s, np.nan)
        scale[regular] = 1 / determinant[regular]
        self.row = a * scale, b * scale, c * scale

    @property
    def leverage(self) -> Array:
        """How much of each surface is its own pixel; nan where there is no surface."""
        leverage: NDArray[np.float64] = self.weights * self.row[0]
        return leverage

    @property
    def squares(self) -> Array:
        """Σ wᵢ (Kᵢ lᵢ)²: the variance of the surface, in that of a pixel of weight 1."""
        s, u, r, uu, ur, rr = _moments(self.weights, self.bandwidth, 2, power=2)
        a, b, c = self.row
        within = a * (a * s + 2 * b * u + 2 * c * r) + b * b * uu + 2 * b * c * ur + c * c * rr
        return np.maximum(within, 0.0)

    def read(self, values: Array) -> Array:
        """Each plane in its middle."""
        s, u, r = _moments(self.weights * values, self.bandwidth, 1)
        a, b, c = self.row
        return a * s + b * u + c * r
