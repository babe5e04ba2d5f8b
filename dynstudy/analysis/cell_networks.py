"""The networks of a panel's cells: what they reached and were measured, and are drawn again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from dynstudy.analysis.measure_map import MeasureMap
from dynstudy.analysis.regime_map import PanelKey
from dynstudy.arrays import Array
from dynstudy.statistics.rank_correlation import NO_CELL, WithinCells, thirds

AsDrawn = tuple[WithinCells, WithinCells]
"""As networks are, and (D,) as they are drawn."""

NONE = NO_CELL, NO_CELL


@dataclass(frozen=True)
class Resampled:
    """K cells of M measures as they are, and of networks that are drawn with replacement, D times.

    A network keeps its accuracy and its measures together.
    """

    means: Array  # (1 + M, K) gain and measures
    drawn: Array  # (D, 1 + M, K); nan where a cell has one network, whose spread is not known
    shared: Array  # (D, K) of the drawn gains: what the static loss moves all of a panel by
    within: list[list[AsDrawn]]
    """M measures, each with accuracy among the networks of cells: of the third of each panel's
    cells with the least of it, the middle one and that with the most."""

    @classmethod
    def together(cls, panels: Sequence["Resampled"]) -> "Resampled":
        """The cells of several panels."""
        return cls(
            np.concatenate([panel.means for panel in panels], axis=-1),
            np.concatenate([panel.drawn for panel in panels], axis=-1),
            np.concatenate([panel.shared for panel in panels], axis=-1),
            [
                [sum_of(third) for third in zip(*of_measure, strict=True)]
                for of_measure in zip(*(panel.within for panel in panels), strict=True)
            ],
        )


def sum_of(within: Iterable[AsDrawn]) -> AsDrawn:
    """The cells of all."""
    once, drawn = zip(*within, strict=True)
    return sum(once, NO_CELL), sum(drawn, NO_CELL)


@dataclass(frozen=True)
class CellNetworks:
    """The K cells of one loss, width and learning rate that have a gain and M measures."""

    key: PanelKey
    places: Array  # (K, 2) A, T
    samples: list[Array]  # K of (n, 1 + M) accuracies and measures of networks; these may be nan
    static: Array  # (m,) accuracies of the static loss

    @property
    def networks(self) -> int:
        """Those of all cells."""
        return sum(map(len, self.samples))

    def resampled(self, draws: int, rng: np.random.Generator) -> Resampled:
        """Draw networks, within each cell and of the static loss, which all cells share."""
        means = np.array([np.nanmean(sample, axis=0) for sample in self.samples]).T
        means[0] -= self.static.mean()
        columns = self.samples[0].shape[1]
        drawn = np.empty((draws, columns, len(self.samples)))
        third = [thirds(measure) for measure in means[1:]]
        within = [[NONE] * 3 for _ in third]
        for k, sample in enumerate(self.samples):
            drawn[..., k] = _drawn_means(sample, draws, rng)
            whole = sample[np.isfinite(sample).all(axis=1)]
            if len(whole) > 1:
                for number, cell in enumerate(_within(whole, draws, rng)):
                    sums, which = within[number], third[number][k]
                    sums[which] = sum_of([sums[which], cell])
        static = _drawn_means(self.static[:, None], draws, rng)
        drawn[:, 0] -= static
        shared = np.broadcast_to(self.static.mean() - static, drawn[:, 0].shape)
        return Resampled(means, drawn, shared, within)


def _drawn_means(sample: Array, draws: int, rng: np.random.Generator) -> Array:
    """Return means (draws, values) of n networks (n, values), of which m have a value.

    They are as spread as means of m networks: the variance of what is drawn, with the mean in the
    place of what is missing, is m (m - 1)/n² of that, which is undone. A value that one network of
    several has is taken as it is.
    """
    n = len(sample)
    if n < 2:
        return np.full((draws, sample.shape[1]), np.nan)
    mean, there = np.nanmean(sample, axis=0), np.isfinite(sample)
    drawn = np.where(there, sample, mean)[rng.integers(n, size=(draws, n))].mean(axis=1)
    m = np.maximum(there.sum(axis=0), 2)
    return np.asarray(mean + (drawn - mean) * n / np.sqrt(m * (m - 1)))


def _within(sample: Array, draws: int, rng: np.random.Generator) -> Iterator[AsDrawn]:
    """A cell of networks (n, 1 + M): each of its measures."""
    drawn = sample[rng.integers(len(sample), size=(draws, len(sample)))]
    (accuracy, *ranks), (accuracies, *again) = (
        np.moveaxis(stats.rankdata(values, axis=-2), -1, 0) for values in (sample, drawn)
    )
    for one, other in zip(ranks, again, strict=True):
        yield WithinCells.of(accuracy, one), WithinCells.of(accuracies, other)


def cell_networks(measures: MeasureMap) -> Iterator[CellNetworks]:
    """The panels of a map with a static loss, with those of their cells that have all measures."""
    study_map = measures.study_map
    for key, cells in study_map.panels():
        static = study_map.baseline_outcomes(*key)
        rows = cells[(cells.replicates > 0) & cells[measures.names].notna().all(axis=1)]
        if not (len(static) and len(rows)):
            continue
        samples = [
            np.column_stack([
                study_map.outcomes[index],
                *(study_map.measured[index][name] for name in measures.names),
            ])
            for index in rows.index
        ]
        yield CellNetworks(key, rows[["amplitude", "period"]].to_numpy(float), samples, static)
