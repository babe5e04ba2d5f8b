"""Where along the amplitude a panel starts to forget: between which tested amplitudes, per period.

Here forgetting sets in where its mean passes the level (0.4) for good. The onset of a map's
boundaries asks for more, a significant excess, and so moves with the number of replicates.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dynstudy.analysis.regime_map import PanelKey, RegimeMap
from dynstudy.arrays import Array
from dynstudy.statistics.outcomes import Outcomes


@dataclass(frozen=True)
class ForgettingPanel:
    """Forgetting, net of the static loss's, in the K cells of one loss, width and learning rate."""

    study: str
    loss: str
    width: int
    learning_rate: float
    cells: Outcomes  # at (log A, log T), and each replicate's forgetting
    static: Array  # (K,) variance that the static loss's mean adds, equal within a period

    @property
    def key(self) -> PanelKey:
        """Loss, width and learning rate."""
        return self.loss, self.width, self.learning_rate

    @property
    def networks(self) -> int:
        """Replicates of all cells."""
        return sum(map(len, self.cells.samples))

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest amplitude."""
        log_amplitude = self.cells.places[:, 0]
        return float(np.exp(log_amplitude.min())), float(np.exp(log_amplitude.max()))

    def noise(self) -> Array:
        """(K,) variances of the means."""
        return self.cells.variances()[0] + self.static

    def resampled(self, draws: int, rng: np.random.Generator) -> Array:
        """Means (draws, K) of resampled replicates; the static loss's part is shared per period."""
        _, period = np.unique(self.cells.places[:, 1], return_inverse=True)
        shared = rng.normal(0, 1, (draws, int(period.max()) + 1))[:, period]
        return self.cells.resampled(draws, rng) + shared * np.sqrt(self.static)


@dataclass(frozen=True)
class Onsets:
    """Tested amplitudes between which a panel's onset lies, at P periods."""

    period: Array  # (P,) steps, ascending
    low: Array  # (P,) amplitude, 0 where the smallest tested one forgets already
    high: Array  # (P,) amplitude, inf where the largest tested one does not forget

    @property
    def inside(self) -> int:
        """How many lie within the map."""
        return int(((self.low > 0) & np.isfinite(self.high)).sum())


def forgetting_panels(study_map: RegimeMap) -> Iterator[ForgettingPanel]:
    """The panels of a map, with those of their cells whose forgetting is known, if any."""
    for (loss, width, rate, *_), cells in study_map.panels():
        rows = cells.dropna(subset=["forgetting"])
        if not len(rows):
            continue
        samples, static = [], []
        for row in rows.itertuples():
            lost = study_map.lost[row.Index]
            lost = lost[np.isfinite(lost)]
            samples.append(lost - lost.mean() + row.forgetting)
            of_cell = lost.var(ddof=1) / len(lost) if len(lost) > 1 else np.nan
            static.append(np.nan_to_num(max(float(row.forgetting_sem) ** 2 - of_cell, 0.0)))
        places = np.log(rows[["amplitude", "period"]].to_numpy(float))
        names = study_map.spec.name, loss, width, rate
        yield ForgettingPanel(*names, Outcomes(places, samples), np.array(static))


def onsets(panel: ForgettingPanel, level: float) -> Onsets:
    """Return where forgetting passes the level for good, at each period.

    Low is the last tested amplitude whose mean is at most the level, and high the next: all tested
    ones from there on are above it.
    """
    log_amplitude, log_period = panel.cells.places.T
    means = panel.cells.means()
    ends = []
    for period in np.unique(log_period):
        line = np.flatnonzero(log_period == period)
        line = line[np.argsort(log_amplitude[line])]
        remembers = np.flatnonzero(means[line] <= level)
        last = int(remembers[-1]) if len(remembers) else -1
        tested = np.exp(log_amplitude[line]).round(9)  # as the study file has them
        amplitude = np.r_[0, tested, np.inf]
        ends.append((np.exp(period).round(), amplitude[last + 1], amplitude[last + 2]))
    return Onsets(*np.array(ends).T)
