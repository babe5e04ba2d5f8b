"""Validation accuracy of a panel as a surface over log A and log T, which pools neighbouring cells.

A panel is what a map has of one loss, width and learning rate.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import compress, count

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from dynstudy.arrays import Array
from dynstudy.config import EQUIVALENCE
from dynstudy.statistics.gaussian_process import GaussianProcess
from dynstudy.statistics.outcomes import Outcomes

MOST_CELLS = 256
"""Beyond so many, neighbours are taken together before a surface is fitted: it costs their cube."""

GRID = 81
"""Places along each axis at which a picture looks at a surface."""


@dataclass(frozen=True)
class PooledGain:
    """The gain of a panel on a fine grid, for pictures."""

    amplitude: Array  # (X,)
    period: Array  # (Y,)
    gain: Array  # (Y, X) of the surface
    error: Array  # (Y, X) its standard deviation, the baseline's standard error included

    @property
    def excess(self) -> Array:
        """(Y, X) by how many standard deviations the gain is above 0.02."""
        return (self.gain - EQUIVALENCE) / self.error


@dataclass(frozen=True)
class PanelSurface:
    """The surface of a panel, fitted, and what its accuracies are compared with."""

    process: GaussianProcess
    outcomes: Outcomes  # of the cells that it goes through
    baseline: Array  # (m,) accuracies of the static loss
    ends: Array  # (2, 2) smallest and largest A and T of the panel

    @cached_property
    def pooled(self) -> PooledGain | None:
        """Its gain everywhere between the cells; None where there is one period only."""
        if self.ends[1, 0] == self.ends[1, 1]:
            return None
        x, y = (np.geomspace(low, high, GRID) for low, high in self.ends)
        across, along = np.meshgrid(np.log(x), np.log(y))
        with threadpool_limits(1):
            accuracy, error = self.process.at(np.stack([across.ravel(), along.ravel()], axis=1))
        static = self.baseline.var(ddof=1) / len(self.baseline)
        gain, error = accuracy - self.baseline.mean(), np.sqrt(error**2 + static)
        return PooledGain(x, y, gain.reshape(GRID, GRID), error.reshape(GRID, GRID))


def fit_panel(panel: pd.DataFrame, samples: list[Array], baseline: Array) -> PanelSurface | None:
    """Return the surface of a panel's rows that have replicates, of these their accuracies.

    None where there are too few cells (fewer than two amplitudes, or four cells with two
    replicates), or no baseline.
    """
    has_any = (panel.replicates > 0).to_numpy()
    trained = panel[has_any]
    several = int((trained.replicates > 1).sum())
    if trained.amplitude.nunique() < 2 or several < 4 or len(baseline) < 2:
        return None
    places = np.log(trained[["amplitude", "period"]].to_numpy(float))
    outcomes = _coarse(places, list(compress(samples, has_any)))
    ends = panel[["amplitude", "period"]].agg(["min", "max"]).to_numpy(float).T
    with threadpool_limits(1):  # many small matrices: threads would wait for each other
        process = GaussianProcess(outcomes.places, outcomes.means(), outcomes.variances()[1])
    return PanelSurface(process, outcomes, baseline, ends)


def _coarse(places: Array, samples: list[Array]) -> Outcomes:
    """At most so many cells: blocks of neighbours on the grid as one, at their middle."""
    columns, rows = (np.unique(places[:, axis], return_inverse=True)[1] for axis in (0, 1))
    for side in count(1):
        blocks, block = np.unique(
            np.stack([columns // side, rows // side]), axis=1, return_inverse=True
        )
        if blocks.shape[1] <= MOST_CELLS:
            break
    if side == 1:
        return Outcomes(places, samples)
    members = [np.flatnonzero(block.ravel() == b) for b in range(blocks.shape[1])]
    return Outcomes(
        np.array([places[cells].mean(0) for cells in members]),
        [np.concatenate([samples[index] for index in cells]) for cells in members],
    )
