"""The picture of an atlas at every size: each level is half as large as the one below it."""

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array
from dynstudy.study.kinds.atlas import STRIDES

PIECE = 256
"""Pixels of a piece to either side, but for those at the right and at the bottom."""


def as_a_whole(values: Array, recorded: NDArray[np.bool_]) -> Array:
    """Return values (rows, columns) in which coarse pixels stand for their neighbourhoods.

    A pixel that is not `recorded` takes the value of the every second, or else every fourth, one
    to its left and below that is; what has none of them is nan.
    """
    whole = np.where(recorded, values, np.nan)
    covered = recorded.copy()
    for stride in sorted(STRIDES)[1:]:
        there = _spread(recorded[::stride, ::stride], stride, recorded.shape) & ~covered
        whole[there] = _spread(values[::stride, ::stride], stride, values.shape)[there]
        covered |= there
    return whole


def _spread(coarse: NDArray, stride: int, shape: tuple[int, ...]) -> NDArray:  # type: ignore[type-arg]
    wide = coarse.repeat(stride, axis=0).repeat(stride, axis=1)
    return wide[: shape[0], : shape[1]]


def halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means (⌈rows/2⌉, ⌈columns/2⌉) of 2 x 2 values (rows, columns), of those there."""
    rows, columns = values.shape
    even = np.pad(values, ((0, rows % 2), (0, columns % 2)), constant_values=np.nan)
    corners = np.stack([even[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    there = np.isfinite(corners)
    count = there.sum(axis=0)
    total = np.where(there, corners, 0).sum(axis=0, dtype=np.float32)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


class Pyramid:
    """An image at each level, and the pieces that it is shown in.

    Args:
        values: (rows, columns) of an atlas, its lowest row first; an image has that one last.
    """

    def __init__(self, values: Array) -> None:
        self.levels = [values[::-1].astype(np.float32)]
        while max(self.levels[-1].shape) > PIECE:
            self.levels.append(halved(self.levels[-1]))

    def piece(self, level: int, column: int, row: int) -> NDArray[np.float32] | None:
        """Return a piece of a level, level 0 having every pixel; None if there is no such piece."""
        if not 0 <= level < len(self.levels) or min(column, row) < 0:
            return None
        image = self.levels[level]
        part = image[row * PIECE : (row + 1) * PIECE, column * PIECE : (column + 1) * PIECE]
        return part if part.size else None
