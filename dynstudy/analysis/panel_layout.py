"""Where the cells of some panels lie along amplitude and period, which say much of them."""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import linalg, stats

from dynstudy.arrays import Array, Ints
from dynstudy.statistics.rank_correlation import thirds

AT_ONCE = 2_000_000  # numbers of permuted cells
ROUNDING = 1e-9  # of a rank


class PanelLayout:
    """The K cells of some panels, panel after panel.

    Args:
        places: of each panel, A and T of its cells (k, 2).
    """

    def __init__(self, places: Sequence[Array]) -> None:
        sizes = [len(panel) for panel in places]
        self.parts = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
        panel = np.repeat(np.arange(len(sizes)), sizes)
        levels, self._indices = zip(
            *(np.unique(axis, return_inverse=True) for axis in np.concatenate(places).T),
            strict=True,
        )
        self._grid = np.full((len(sizes), *map(len, levels)), -1)
        self._grid[(panel, *self._indices)] = np.arange(len(panel))
        self._panel = panel
        self._explained = [self._terms(part) for part in self.parts]

    def _terms(self, part: Ints) -> Array:
        """A basis (k, terms) of what a term of each amplitude and of each period add up to."""
        terms = [index[part][:, None] == np.unique(index[part]) for index in self._indices]
        return np.asarray(linalg.orth(np.concatenate(terms, axis=1).astype(float)))

    def ranks(self, values: Array) -> Array:
        """(..., K) over all cells."""
        return np.asarray(stats.rankdata(values, axis=-1))

    def ranks_at_equal_a_and_t(self, values: Array) -> Array:
        """(..., K) within each panel, less what A alone and T alone say of them."""
        residuals = []
        for part, explained in zip(self.parts, self._explained, strict=True):
            ranks = stats.rankdata(values[..., part], axis=-1)
            left = ranks - (ranks @ explained) @ explained.T
            residuals.append(np.where(np.abs(left) < ROUNDING, 0.0, left))
        return np.concatenate(residuals, axis=-1)

    def gain_of_thirds(self, gain: Array, measure: Array) -> Array:
        """Return mean gains (..., 3) of the thirds of each panel with the least of it to the most.

        Of cells (..., K); nan where a third is empty.
        """
        third = np.concatenate([thirds(measure[..., part]) for part in self.parts], axis=-1)
        inside = third[..., None, :] == np.arange(3)[:, None]
        with np.errstate(invalid="ignore"):
            return np.asarray((gain[..., None, :] * inside).sum(axis=-1) / inside.sum(axis=-1))

    def permuted(self, count: int, rng: np.random.Generator) -> Iterator[Ints]:
        """Yield which cell's measure each cell (some, K) has where A, and T, are permuted.

        That is done the same way in all panels; -1 is where there is no such cell.
        """
        _, *shape = self._grid.shape
        step = max(1, AT_ONCE // len(self._panel))
        for start in range(0, count, step):
            rows = min(step, count - start)
            a, t = (
                rng.permuted(np.tile(np.arange(levels), (rows, 1)), axis=1)[:, index]
                for levels, index in zip(shape, self._indices, strict=True)
            )
            yield self._grid[self._panel, a, t]
