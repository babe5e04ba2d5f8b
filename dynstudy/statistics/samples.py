"""The replicates of each cell as plain arrays, since a map may have thousands of cells."""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array
from dynstudy.config import Cell
from dynstudy.measure.measures import MEASURES, PINNED
from dynstudy.store.ledger import Ledger


@dataclass(frozen=True)
class Sample:
    """The replicates of one cell, nan where a measure is not defined."""

    measures: Mapping[str, Array]  # (R,) each, before the static loss's is taken off
    diverged_at: Array  # (R,) nan where it stayed finite
    seed: Array  # (R,) ascending

    def __len__(self) -> int:
        return len(self.seed)

    @property
    def val_accuracy(self) -> Array:
        """(R,) at the end of training."""
        return self.measures["val_accuracy"]

    @property
    def forgetting(self) -> Array:
        """(R,) before the static loss's is taken off."""
        return self.measures["forgetting"]

    def defined(self, name: str) -> Array:
        """Of a measure, the replicates (r,) that it is defined for."""
        values = self.measures[name]
        return values[np.isfinite(values)]

    @property
    def diverged(self) -> int:
        """How many diverged."""
        return int(np.isfinite(self.diverged_at).sum())

    @property
    def unbroken(self) -> int:
        """How many seeds there are from 0 up to the first that is missing."""
        gaps = np.flatnonzero(self.seed != np.arange(len(self)))
        return int(gaps[0]) if len(gaps) else len(self)

    def below(self, seeds: int | None) -> "Sample":
        """Its replicates of the first so many seeds; all of them if None."""
        if seeds is None:
            return self
        return self.part(slice(int(np.searchsorted(self.seed, seeds))))

    def part(self, which: slice | NDArray[np.int64]) -> "Sample":
        """Some of its replicates."""
        measures = {name: values[which] for name, values in self.measures.items()}
        return Sample(measures, self.diverged_at[which], self.seed[which])


def read_samples(ledger: Ledger, all_cells: Sequence[Cell]) -> list[Sample]:
    """What the ledger has of each cell, in their order."""
    keys = [ledger.key(cell.configuration) for cell in all_cells]
    loaded = ledger.load(cell.configuration for cell in all_cells)  # by configuration, then seed
    measures = {name: loaded[name].to_numpy(float) for name in MEASURES}
    seeds = loaded.seed.to_numpy(float)
    everything = Sample(measures, loaded.diverged_at.to_numpy(float), seeds)
    sizes = loaded.groupby("configuration").size()
    rows = dict(zip(sizes.index, map(slice, sizes.cumsum() - sizes, sizes.cumsum()), strict=True))
    ordered, samples = seeds.tolist(), []
    for cell, key in zip(all_cells, keys, strict=True):
        of_cell = rows.get(key, slice(0, 0))
        first, last = (
            bisect_left(ordered, seed, of_cell.start, of_cell.stop)
            for seed in (cell.seeds.start, cell.seeds.stop)
        )
        samples.append(everything.part(slice(first, last)))
    return samples


def rows_digest(keys: Sequence[str], samples: Sequence[Sample]) -> str:
    """Return what a study stands on as one number: changed rows or missing ones change it.

    SHA-256, in hexadecimal, of the cells in order of their `keys` (of their configurations in the
    ledger): the key, and each of the `PINNED` measures and the step of divergence of the replicates
    in order of their seeds, as float64, little-endian.
    """
    sha256 = hashlib.sha256()
    for key, sample in sorted(zip(keys, samples, strict=True), key=lambda pair: pair[0]):
        sha256.update(key.encode())
        # these and no others, so that a study's digest stays the same when a measure is added
        values = np.concatenate([*(sample.measures[name] for name in PINNED), sample.diverged_at])
        # all that is not known is the same nan
        sha256.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
    return sha256.hexdigest()
