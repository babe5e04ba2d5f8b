"""Cells beside their static losses, as the ledger has them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dynstudy.arrays import Ints
from dynstudy.config import Cell, Configuration
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.cell_tests import CellTests, Contrast, Evidence
from dynstudy.statistics.samples import Sample, read_samples
from dynstudy.store.ledger import Ledger

Family = Callable[[Configuration], Hashable]
"""Which cells share their control of false discoveries, by what it gives them."""


@dataclass(frozen=True)
class ComparedCells:
    """Cells beside their static losses.

    Its methods take K dynamical cells by index; `seeds` is how many of their first count, all if
    None.
    """

    cells: list[Cell]  # those that are not trained included
    keys: list[str]  # of their configurations in the ledger
    samples: list[Sample]  # their replicates
    baselines: Mapping[Configuration, Baseline]  # by their static configuration
    families: list[Ints]  # of the dynamical cells that share their control of false discoveries

    @cached_property
    def _static(self) -> list[Configuration]:
        """What each cell is compared with."""
        return [cell.configuration.baseline() for cell in self.cells]

    def baseline_sizes(self, indices: Ints) -> Ints:
        """Replicates of the baseline of each of K cells (K,)."""
        sizes = [len(self.baselines[self._static[index]].val_accuracy) for index in indices]
        return np.array(sizes, np.int64)

    def accuracy(self, indices: Ints, seeds: int | None = None) -> Contrast:
        """Final validation accuracies beside the static loss's."""
        samples = [self.samples[index].below(seeds).val_accuracy for index in indices]
        static = [self._static[index] for index in indices]
        return Contrast.of(samples, static, lambda key: self.baselines[key].val_accuracy)

    def measure(self, name: str, indices: Ints, seeds: int | None = None) -> Contrast:
        """A measure where it is defined, beside the static loss's read at the same steps."""
        defined = [self.samples[index].below(seeds).defined(name) for index in indices]
        static = [
            (self._static[index], self.cells[index].configuration.period or 0) for index in indices
        ]
        return Contrast.of(
            defined, static, lambda key: self.baselines[key[0]].measure(name, key[1])
        )

    def evidence(self, tests: CellTests, indices: Ints, seeds: int | None = None) -> Evidence:
        """Test cells, each by itself."""
        return tests(self.accuracy(indices, seeds), self.measure("forgetting", indices, seeds))


def read_compared(
    ledger: Ledger, cells: Sequence[Cell], baseline_seeds: range, family: Family
) -> ComparedCells:
    """Read cells, and the replicates of their static losses that count, from the ledger."""
    families: dict[Hashable, list[int]] = {}
    baselines: dict[Configuration, Baseline] = {}
    for index, configuration in enumerate(cell.configuration for cell in cells):
        if not configuration.static:
            families.setdefault(family(configuration), []).append(index)
            static = configuration.baseline()
            if static not in baselines:
                baselines[static] = Baseline(ledger, static, baseline_seeds)
    return ComparedCells(
        list(cells),
        [ledger.key(cell.configuration) for cell in cells],
        read_samples(ledger, cells),
        baselines,
        [np.array(indices) for indices in families.values()],
    )
