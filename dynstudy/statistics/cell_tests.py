"""The tests of a cell: functions of its replicates and its static loss's, passed about as values.

Labels and `dynstudy.statistics.power` are given the same ones, so that what a simulation says of
them holds of a map. Another test is another function: ``CellTests(differs=...)``.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from dynstudy.arrays import Array, Ints
from dynstudy.config import EQUIVALENCE, FEWEST
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.statistics.two_samples import Difference, Moments, permutation_p_values

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Contrast:
    """A measure of K cells, each beside its static loss's."""

    samples: list[Array]  # (K) of the replicates on which it is defined
    baselines: list[Array]  # of the static losses, each once
    baseline_of: Ints  # (K,) which of these a cell is compared with

    @classmethod
    def of(
        cls, samples: list[Array], keys: Sequence[K], static: Callable[[K], Array]
    ) -> "Contrast":
        """Make one of the samples and static losses of K cells; thousands share a few of these."""
        numbers: dict[K, int] = {}
        baseline_of = [numbers.setdefault(key, len(numbers)) for key in keys]
        return cls(samples, [static(key) for key in numbers], np.array(baseline_of, np.int64))

    @cached_property
    def sizes(self) -> Ints:
        """(K,) replicates."""
        return np.array([len(sample) for sample in self.samples], np.int64)

    @cached_property
    def static(self) -> Moments:
        """Of the static loss that each cell is compared with."""
        each, which = Moments.of(self.baselines), self.baseline_of
        return Moments(each.mean[which], each.variance[which], each.size[which])

    @cached_property
    def difference(self) -> Difference:
        """Means of the cells minus those of their static losses."""
        return Difference.between(Moments.of(self.samples), self.static)


CellTest = Callable[[Contrast], Array]
"""Gives the p-values of K cells (K,), nan where there is too little to test."""


def by_rows(test: Callable[[Array, Array], Array]) -> CellTest:
    """Return a test of cells, from one of samples of one size.

    `test` gives the p-values (k,) of replicates (k, n) beside the static loss's (m,). Cells are
    left out where they or their static loss have too few replicates.
    """

    def of_cells(contrast: Contrast) -> Array:
        p_values = np.full(len(contrast.samples), np.nan)
        alike: dict[tuple[int, int], list[int]] = {}
        pairs = zip(contrast.baseline_of.tolist(), contrast.sizes.tolist(), strict=True)
        for cell, key in enumerate(pairs):
            alike.setdefault(key, []).append(cell)
        for (number, size), cells in alike.items():
            baseline = contrast.baselines[number]
            if min(size, len(baseline)) >= FEWEST:
                stacked = np.stack([contrast.samples[cell] for cell in cells])
                p_values[cells] = test(stacked, baseline)
        return p_values

    return of_cells


permutation = by_rows(permutation_p_values)
"""Of equal means, two-sided: the permutation test of their studentised difference."""


def equivalence(contrast: Contrast) -> Array:
    """Of means that differ by 0.02 or more: two one-sided Welch tests."""
    return contrast.difference.within(EQUIVALENCE)


def catastrophic(contrast: Contrast) -> Array:
    """Of net forgetting of at most 0.4: a one-sided Welch test."""
    return contrast.difference.above(CATASTROPHIC)


def retained(contrast: Contrast) -> Array:
    """Of net forgetting of at least 0.4: a one-sided Welch test."""
    return contrast.difference.below(CATASTROPHIC)


@dataclass(frozen=True)
class Evidence:
    """Tests of K cells, as p-values; nan where there is too little to test."""

    gain: Array  # (K,) estimate of the difference that is tested
    differs: Array  # (K,) of a gain of 0
    equivalent: Array  # (K,) of the gain not lying within ±0.02
    forgets: Array  # (K,) of net forgetting being at most 0.4
    retains: Array  # (K,) of net forgetting being at least 0.4
    forgetting_sizes: Ints  # (K,) replicates of which forgetting is defined


@dataclass(frozen=True)
class CellTests:
    """What labels rest on: two tests of accuracy, two of forgetting."""

    differs: CellTest = permutation
    equivalent: CellTest = equivalence
    forgets: CellTest = catastrophic
    retains: CellTest = retained

    def __call__(self, accuracy: Contrast, forgetting: Contrast) -> Evidence:
        """Test K cells, each by itself; nothing is tested with fewer than 6 replicates."""

        def tested(test: CellTest, contrast: Contrast) -> Array:
            return np.where(contrast.sizes >= FEWEST, test(contrast), np.nan)

        return Evidence(
            accuracy.difference.estimate,
            tested(self.differs, accuracy),
            tested(self.equivalent, accuracy),
            tested(self.forgets, forgetting),
            tested(self.retains, forgetting),
            forgetting.sizes,
        )


CELL_TESTS = CellTests()
"""Those of this version, which docs/statistics.md describes."""
