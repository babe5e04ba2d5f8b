"""How the useful region of an atlas lies: the line along its middle, with an interval.

Along each row of pixels that is surely useful somewhere the middle of the largest useful piece is
taken, half way between its edges on the axis's scale, if both are in the atlas: what its border
cuts would tilt the line. A line is fitted through them by least squares. For amplitude and period
on logarithmic axes its slope b is the power of A ~ Tᵇ.

The interval is of a bootstrap. Pixels are independent draws, so the surface is smoothed again and
again with random weights on blocks of pixels, which are much smaller than the bandwidth
(gamma weights, as in Rubin's Bayesian bootstrap; of variance 1 / (1 - L)² instead of 1, L being how
much of a surface is its own block, which draws it nearer to that than to the truth), and 0.02
shifted by the static loss's error; the line is fitted anew each time. The bandwidth stays the one
of the pixels as they are. The interval holds what other draws of the networks would change, not how
far a line is from being the right curve.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dynstudy.analysis.atlas_edges import AtlasEdges
from dynstudy.arrays import Array, Ints
from dynstudy.search.level_sets import CONFIDENT
from dynstudy.statistics.columns import Column, names, typed
from dynstudy.statistics.local_regression import (
    MOST_TRIED,
    NARROWEST,
    blocks,
    leverage,
    smooth_mean,
)
from dynstudy.statistics.two_samples import LEVEL
from dynstudy.study.pixel_axes import PixelAxis

DRAWS = 200
BLOCKS_IN_BANDWIDTH = 3.0
FEWEST_ROWS = 3
FINE = 0.1  # an interval for which two digits are too few


@dataclass(frozen=True, eq=False)
class BandSlope:
    """The line along the middle of a useful region: right = a + b upwards, on the axes' scales."""

    slope: float
    low: float
    high: float  # of 95 %
    rows: int  # that it is fitted to
    upwards: Array  # (2,) ends of the line, values of the axes
    right: Array  # (2,)
    axes: tuple[PixelAxis, PixelAxis]  # to the right, and upwards

    @property
    def of_what(self) -> str:
        """Which power or slope it is, in words."""
        right, upwards = (f"{'log ' * axis.range.log}{axis.name}" for axis in self.axes)
        return f"d {right} / d {upwards}".replace("_", " ")

    @property
    def frame(self) -> pd.DataFrame:
        """A row, with the columns of `slope_columns`."""
        columns = slope_columns(*(axis.name for axis in self.axes))
        ends = [end for pair in zip(self.upwards, self.right, strict=True) for end in pair]
        row = (self.of_what, self.slope, self.low, self.high, self.rows, *ends)
        return typed(pd.DataFrame([row], columns=names(columns)), columns)

    def __str__(self) -> str:
        """Say what it is, with its interval."""
        digits = 2 if self.high - self.low > FINE else 4
        slope, low, high = (f"{each:+.{digits}f}" for each in (self.slope, self.low, self.high))
        return f"{self.of_what} = {slope} [{low}, {high}]"


def slope_columns(right: str, upwards: str) -> tuple[Column, ...]:
    """The columns of a slope, of an atlas with these axes."""
    return (
        Column("slope_of", "", "which: of an axis that is logarithmic, its logarithm", "string"),
        Column("slope", "", "b of the line along the middle of the useful region, a + b upwards"),
        Column("slope_low", "", "lower end of its 95 % interval"),
        Column("slope_high", "", "upper end of its 95 % interval"),
        Column("rows", "", "of pixels that the line is fitted to", "Int64"),
        Column(f"{upwards}_first", "", "where the line begins, on the axis upwards"),
        Column(f"{right}_first", "", "and on the axis to the right"),
        Column(f"{upwards}_last", "", "where it ends, on the axis upwards"),
        Column(f"{right}_last", "", "and on the axis to the right"),
    )


def band_slope(edges: AtlasEdges, draws: int = DRAWS) -> BandSlope | None:
    """Return the slope of the useful region of an atlas.

    Returns:
        None where fewer than `FEWEST_ROWS` values have both edges, there or in most draws.
    """
    atlas, surface = edges.atlas, edges.gain
    sure = np.logical_or.reduce(surface.excess > CONFIDENT, axis=1)
    line = _line(surface.smoothed.mean - surface.level, sure, atlas.right, atlas.upwards, 1)
    if line is None:
        return None
    gain, bandwidth = atlas.of("gain"), surface.smoothed.bandwidth
    side = max(1, int(min(bandwidth) / BLOCKS_IN_BANDWIDTH), round((gain.size / MOST_TRIED) ** 0.5))
    means, counts = blocks(gain, np.ones(gain.shape), side)
    reach = max(bandwidth[0] / side, NARROWEST), max(bandwidth[1] / side, NARROWEST)
    spread = 1 / (1 - min(float(np.nanmean(leverage(counts, reach))), 0.5)) ** 2
    error = float(np.nan_to_num(np.nanmean(surface.static_error)))
    rows = np.logical_or.reduceat(sure, np.arange(0, len(sure), side))
    rng = np.random.default_rng(0)  # an atlas reads the same every time
    drawn = [
        (counts * rng.gamma(1 / spread, spread, counts.shape), error * rng.normal())
        for _ in range(draws)
    ]

    def again(weights: Array, shift: float) -> tuple[float, float, Array] | None:
        excess = smooth_mean(means, weights, reach) - (surface.level + shift)
        return _line(excess, rows, atlas.right, atlas.upwards, side)

    with ThreadPoolExecutor() as pool:
        lines = pool.map(again, *zip(*drawn, strict=True))
    slopes = [each[0] for each in lines if each is not None]
    if len(slopes) < draws / 2:
        return None
    low, high = np.quantile(slopes, [LEVEL / 2, 1 - LEVEL / 2])
    slope, offset, fitted = line
    ends = atlas.upwards.scaled(atlas.upwards.values)[fitted[[0, -1]]]
    return BandSlope(
        slope,
        float(low),
        float(high),
        len(fitted),
        atlas.upwards.unscaled(ends),
        atlas.right.unscaled(offset + slope * ends),
        (atlas.right, atlas.upwards),
    )


def _line(
    excess: Array, sure: NDArray[np.bool_], right: PixelAxis, upwards: PixelAxis, side: int
) -> tuple[float, float, Array] | None:
    """Slope, offset and the rows that the line is fitted to, of blocks of so many pixels."""
    x, y = (_of_blocks(axis.scaled(axis.values), side) for axis in (right, upwards))
    rows, starts, stops = _largest_runs(excess)
    last = excess.shape[1] - 1
    before, after = excess[rows, starts - 1], excess[rows, stops.clip(max=last)]
    whole = sure[rows] & (starts > 0) & (stops <= last) & np.isfinite(before) & np.isfinite(after)
    rows, starts, stops = rows[whole], starts[whole], stops[whole]
    if len(np.unique(y[rows])) < FEWEST_ROWS:  # several rows may share a whole number
        return None
    middles = np.zeros(len(rows))
    for outside, inside in ((starts - 1, starts), (stops, stops - 1)):
        low, high = excess[rows, outside], excess[rows, inside]
        middles += (x[outside] + (x[inside] - x[outside]) * low / (low - high)) / 2
    slope, offset = np.polyfit(y[rows], middles, 1)
    return float(slope), float(offset), rows


def _largest_runs(excess: Array) -> tuple[Ints, Ints, Ints]:
    """The run above 0 of largest sum in each row that has one: row, its first, the one after it."""
    above = np.pad(excess > 0, ((0, 0), (1, 1)))
    rows, starts = np.nonzero(above[:, 1:-1] & ~above[:, :-2])
    _, lasts = np.nonzero(above[:, 1:-1] & ~above[:, 2:])
    sums = np.pad(np.cumsum(np.where(above[:, 1:-1], excess, 0.0), axis=1), ((0, 0), (1, 0)))
    order = np.lexsort((-(sums[rows, lasts + 1] - sums[rows, starts]), rows))
    _, first = np.unique(rows[order], return_index=True)
    largest = order[first]
    return rows[largest], starts[largest], lasts[largest] + 1


def _of_blocks(values: Array, side: int) -> Array:
    starts = np.arange(0, len(values), side)
    return np.add.reduceat(values, starts) / np.diff([*starts, len(values)])
