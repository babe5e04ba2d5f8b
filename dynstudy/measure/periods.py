"""Period 1, 2, 4 and 8 told apart along a series that was read at every step.

Of a series of period p every p-th value lies on one smooth branch. So its spread D_p, the mean of
|x_k - (x_{k-p} + x_{k+p})/2| over a running window, is small, and large for what is less than p.
Second differences take off what drifts, as Γ makes everything do; what is curved besides makes D_2p
four times D_p, never less. The period is the largest p of 2, 4 and 8 with D_p < D_{p/2} / 5. Noise
about a cycle that still attracts does not get there unless it decays slowly: by less than 7 % each
time round. Where no p does, the period is 1 if there is next to no spread, and else none of these:
chaos, a longer period or a jump.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dynstudy.arrays import Array, Ints

WINDOW = 32
"""Steps, eight of period 4."""
PERIODS = (1, 2, 4, 8)
SHARE = 0.2
ROUNDING = 1e-5
"""Of the level, the window's mean |x|: a smaller spread is that of float32, and no branches."""
REST = 1e-3
"""Of the level, likewise: networks at rest leave 1e-5 to 1e-4, as points cross kinks of ReLU."""
LEAST_STEPS = 2 * WINDOW
"""Of a series whose periods can be told."""


def spreads(values: ArrayLike) -> Array:
    """Return D_p of a series (n,) for p = 1, 2, 4 and 8, in units of its level: (4, n)."""
    series = pd.Series(np.asarray(values, float))
    level = _running(series.abs())
    middles = [(series.shift(p) + series.shift(-p)) / 2 for p in PERIODS]
    spread = [(_running((series - middle).abs()) / level).fillna(0) for middle in middles]
    return np.array(spread)


def _running(series: "pd.Series[float]") -> "pd.Series[float]":
    return series.rolling(WINDOW, center=True, min_periods=1).mean()


def local_periods(values: ArrayLike) -> Ints:
    """Tell the period at each step of a series.

    Args:
        values: (n,) finite, n at least `LEAST_STEPS`.

    Returns:
        (n,) 1, 2, 4 or 8, and 0 where it is none of these. What does not last for a window counts
        as what was before it.

    >>> set(local_periods(np.tile([0.3, 0.7, 0.4, 0.8], 100)).tolist())
    {4}
    """
    spread = spreads(values)
    periods = np.where(spread[0] < REST, 1, 0)
    for coarse, fine, period in zip(spread, spread[1:], PERIODS[1:], strict=False):
        periods[(coarse > ROUNDING) & (fine < SHARE * coarse)] = period
    return _lasting(periods)


def intervals(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows of each interval of one period, as the column ``cycle`` has them."""
    for _, part in frame.groupby((frame.cycle != frame.cycle.shift()).cumsum()):
        yield part


def _lasting(periods: Ints) -> Ints:
    """Runs that last for a window, each until the next, the first one from the beginning."""
    starts = np.flatnonzero(np.diff(periods, prepend=periods[0] - 1))
    lengths = np.diff(starts, append=len(periods))
    lasts = np.repeat(lengths >= WINDOW, lengths)
    return pd.Series(periods).where(lasts).ffill().bfill().fillna(0).astype(int).to_numpy()
