"""The replicates of each cell as plain arrays, since a map may have thousands of cells."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from dynstudy.config import Cell
from dynstudy.statistics.two_samples import Array
from dynstudy.store.ledger import Ledger


@dataclass(frozen=True)
class Sample:
    """The replicates of one cell, nan where a measure is not defined."""

    val_accuracy: Array  # (R,)
    train_accuracy: Array  # (R,)
    val_accuracy_before_tail: Array  # (R,)
    forgetting: Array  # (R,) before the static loss's is taken off
    unrecovered: Array  # (R,) likewise
    lasting: Array  # (R,) likewise
    diverged_at: Array  # (R,) nan where it stayed finite
    seed: Array  # (R,) ascending

    def __len__(self) -> int:
        return len(self.val_accuracy)

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
        count = int(np.searchsorted(self.seed, seeds))
        return Sample(*(getattr(self, field.name)[:count] for field in fields(self)))


def read_samples(ledger: Ledger, all_cells: Sequence[Cell]) -> list[Sample]:
    """What the ledger has of each cell, in their order."""
    keys = [ledger.key(cell.configuration) for cell in all_cells]
    loaded = ledger.load(cell.configuration for cell in all_cells)  # by configuration, then seed
    columns = {field.name: loaded[field.name].to_numpy(float) for field in fields(Sample)}
    owner, seeds = loaded.configuration.to_numpy(str), loaded.seed.to_numpy()
    starts = np.searchsorted(owner, keys, side="left")
    stops = np.searchsorted(owner, keys, side="right")
    samples = []
    for cell, start, stop in zip(all_cells, starts, stops, strict=True):
        first, last = np.searchsorted(seeds[start:stop], [cell.seeds.start, cell.seeds.stop])
        wanted = slice(start + first, start + last)
        samples.append(Sample(**{name: values[wanted] for name, values in columns.items()}))
    return samples


def digest(keys: Sequence[str], samples: Sequence[Sample]) -> str:
    """What a study stands on, as one number: changed rows or missing ones change it.

    Args:
        keys: of the cells' configurations in the ledger.
        samples: their replicates.

    Returns:
        SHA-256, in hexadecimal, of the cells in order of their keys: the key, and each measure of
        the replicates in order of their seeds as float64, little-endian.
    """
    found = hashlib.sha256()
    for key, sample in sorted(zip(keys, samples, strict=True), key=lambda pair: pair[0]):
        found.update(key.encode())
        for field in fields(Sample)[:-1]:  # the seeds are their order
            values = getattr(sample, field.name)
            # all that is not known is the same nan
            found.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
    return found.hexdigest()
