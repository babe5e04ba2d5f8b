"""The gain of a panel's cells over a measure, and a smooth curve through it with a band.

The curve is a local regression, a line through near cells (Cleveland 1979): near by rank, since
many cells may have next to nothing of a measure and few have much.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from dynstudy.analysis.cell_networks import CellNetworks, Resampled
from dynstudy.analysis.regime_map import PanelKey
from dynstudy.arrays import Array
from dynstudy.statistics.two_samples import LEVEL

NEAR = 0.1
"""Standard deviation of a cell's weight, as a share of the panel's cells."""
MOST_POINTS = 60  # of a curve
BANDS = 200  # resamples of a curve


@dataclass(frozen=True)
class GainShape:
    """The K cells of a panel, and the curve at G values of a measure, ascending."""

    key: PanelKey
    measure: Array  # (K,)
    measure_error: Array  # (K,) standard errors, nan where a cell has one network
    gain: Array  # (K,)
    gain_error: Array  # (K,) without the static loss's, which moves all cells alike
    static_error: float  # that one
    curve: Array  # (4, G): the measure, the gain there, and both ends of its 95 % band


def gain_shapes(panel: CellNetworks, cells: Resampled) -> Iterator[GainShape]:
    """The shape of a panel over each of its measures."""
    drawn = cells.drawn.copy()
    drawn[:, 0] -= cells.shared
    errors, static_error = drawn.std(axis=0, ddof=1), float(cells.shared[:, 0].std(ddof=1))
    gain, *measures = cells.means
    for number, measure in enumerate(measures, start=1):
        values, ranks = np.unique(measure), stats.rankdata(measure)
        shares = np.array([ranks[measure == value][0] for value in values]) / len(measure)
        at = np.unique(np.linspace(0, len(values) - 1, MOST_POINTS).astype(int))
        through = _local_lines(ranks / len(ranks), shares[at], gain)
        curves = [
            _local_lines(np.interp(again[number], values, shares), shares[at], again[0])
            for again in drawn[:BANDS]
        ]
        margin = stats.norm.ppf(1 - LEVEL / 2) * np.std(curves, axis=0, ddof=1)
        line = np.stack([values[at], through, through - margin, through + margin])
        yield GainShape(panel.key, measure, errors[number], gain, errors[0], static_error, line)


def _local_lines(x: Array, at: Array, y: Array) -> Array:
    """(G,) at some places, of lines through values y (K,) at x (K,), near ones weighing more."""
    away = x - at[:, None]
    weights = np.exp(-((away / NEAR) ** 2) / 2)
    s0, s1, s2 = (np.sum(weights * away**power, axis=1) for power in range(3))
    t0, t1 = (weights * away**power @ y for power in range(2))
    spread = s0 * s2 - s1**2
    level = t0 / s0
    with np.errstate(divide="ignore", invalid="ignore"):
        line = (s2 * t0 - s1 * t1) / spread
    return np.where(spread > 1e-9 * s0**2, line, level)  # where all near cells have one value
