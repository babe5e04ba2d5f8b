"""What the replicates of some cells say beside their static loss: the p-values behind labels."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynstudy.config import Cell, Configuration
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.samples import Sample, read_samples
from dynstudy.statistics.two_samples import (
    EQUIVALENCE,
    FEWEST,
    Array,
    Difference,
    Moments,
    permutation_p_values,
)
from dynstudy.store.ledger import Ledger

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """Tests of K cells, as p-values; nan where there is too little to test."""

    gain: Array  # (K,) estimate of the difference that is tested
    differs: Array  # (K,) two-sided permutation test of a gain of 0
    equivalent: Array  # (K,) of the gain not lying within ±0.02
    forgets: Array  # (K,) of net forgetting being at most 0.4
    retains: Array  # (K,) of net forgetting being at least 0.4
    forgetting_known: Indices  # (K,) replicates of which forgetting is defined


@dataclass(frozen=True)
class Compared:
    """Cells beside their static losses."""

    cells: list[Cell]  # those that are not trained included
    samples: list[Sample]  # their replicates
    baselines: Mapping[Configuration, Baseline]  # by their static configuration
    families: list[Indices]  # of the dynamical cells that share their control of false discoveries

    @classmethod
    def read(
        cls,
        ledger: Ledger,
        all_cells: Sequence[Cell],
        baseline_seeds: range,
        family: Callable[[Configuration], Hashable],
    ) -> "Compared":
        """Read them from the ledger.

        Args:
            ledger: where their replicates are.
            all_cells: the cells.
            baseline_seeds: of the baselines' replicates that count.
            family: which cells share their control of false discoveries.

        Returns:
            The cells and their baselines.
        """
        groups: dict[Hashable, list[int]] = {}
        baselines: dict[Configuration, Baseline] = {}
        for index, cell in enumerate(all_cells):
            own = cell.configuration
            if not own.static:
                groups.setdefault(family(own), []).append(index)
                if own.baseline() not in baselines:
                    baselines[own.baseline()] = Baseline(ledger, own.baseline(), baseline_seeds)
        families = [np.array(own) for own in groups.values()]
        return cls(list(all_cells), read_samples(ledger, all_cells), baselines, families)

    def narrowed(self, planned: Mapping[int, int], seen: Mapping[int, int]) -> "Compared":
        """The same cells with fewer replicates.

        Args:
            planned: how many replicates a cell is to have, by its index.
            seen: how many of the first of them are read.

        Returns:
            Them beside the same baselines.
        """
        cells, samples = list(self.cells), list(self.samples)
        for index, count in planned.items():
            cells[index] = replace(self.cells[index], seeds=range(count))
            samples[index] = self.samples[index].below(seen[index])
        return replace(self, cells=cells, samples=samples)

    def baseline(self, index: int) -> Baseline:
        """What a dynamical cell is judged against."""
        return self.baselines[self.cells[index].configuration.baseline()]

    def baseline_sizes(self, indices: Indices) -> Indices:
        """Replicates of the baseline of each of K cells (K,)."""
        return np.array([len(self.baseline(index).val_accuracy) for index in indices], np.int64)

    def gain(self, indices: Indices, seeds: int | None = None) -> Difference:
        """Mean final validation accuracies minus the static loss's.

        Args:
            indices: (K,) of dynamical cells.
            seeds: how many of their first replicates count; all if None.

        Returns:
            The differences.
        """
        own = [self.samples[index].below(seeds).val_accuracy for index in indices]
        return Difference.between(
            Moments.of(own), self._static(indices, lambda baseline, _: baseline.val_accuracy)
        )

    def net(self, kind: str, indices: Indices, seeds: int | None = None) -> Difference:
        """A measure minus the static loss's, read at the same steps.

        Args:
            kind: name of the measure.
            indices: (K,) of dynamical cells.
            seeds: how many of their first replicates count; all if None.

        Returns:
            The differences, nan where the measure is not defined.
        """
        own = [_known(self.samples[index].below(seeds).measures[kind]) for index in indices]
        static = self._static(indices, lambda baseline, period: baseline.measure(kind, period))
        return Difference.between(Moments.of(own), static)

    def tests(self, indices: Indices, seeds: int | None = None) -> Evidence:
        """Test some cells.

        Args:
            indices: (K,) of dynamical cells.
            seeds: how many of their first replicates count; all if None.

        Returns:
            The evidence, of each cell by itself.
        """
        gain, lost = self.gain(indices, seeds), self.net("forgetting", indices, seeds)
        own = [self.samples[index].below(seeds) for index in indices]
        known = np.array([len(_known(sample.forgetting)) for sample in own], np.int64)
        tested = known >= FEWEST
        return Evidence(
            gain.estimate,
            self._differ(indices, [sample.val_accuracy for sample in own]),
            gain.within(EQUIVALENCE),
            np.where(tested, lost.above(CATASTROPHIC), np.nan),
            np.where(tested, lost.below(CATASTROPHIC), np.nan),
            known,
        )

    def _differ(self, indices: Indices, own: list[Array]) -> Array:
        p_values = np.full(len(indices), np.nan)
        alike: dict[tuple[Configuration, int], list[int]] = {}
        for place, index in enumerate(indices):
            static = self.cells[index].configuration.baseline()
            enough = min(len(own[place]), len(self.baselines[static].val_accuracy)) >= FEWEST
            if enough:
                alike.setdefault((static, len(own[place])), []).append(place)
        for (static, _), places in alike.items():
            stacked = np.stack([own[place] for place in places])
            p_values[places] = permutation_p_values(stacked, self.baselines[static].val_accuracy)
        return p_values

    def _static(self, indices: Indices, measure: Callable[[Baseline, int], Array]) -> Moments:
        """Of the baseline of each cell, read at the steps of its period."""
        places: dict[tuple[Configuration, int], int] = {}  # thousands of cells share a few
        own = []
        for index in indices:
            configuration = self.cells[index].configuration
            key = configuration.baseline(), configuration.period or 0
            own.append(places.setdefault(key, len(places)))
        found = Moments.of([measure(self.baselines[static], period) for static, period in places])
        return Moments(found.mean[own], found.variance[own], found.size[own])


def _known(values: Array) -> Array:
    return values[np.isfinite(values)]
