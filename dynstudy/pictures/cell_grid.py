"""Cells of a panel on a grid over amplitude and period, both logarithmic, as any pen draws them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dynstudy.arrays import Array
from dynstudy.pictures.style import AMPLITUDE, PERIOD, edges

MOST_TICKS = 10  # of an axis

Grid = NDArray[Any]  # (periods, amplitudes)


@dataclass(frozen=True)
class Axis:
    """Tested values of a logarithmic axis."""

    name: str
    values: Array  # (N,) ascending
    borders: Array  # (N + 1,) of their cells

    @property
    def ticks(self) -> tuple[Array, list[str]]:
        """Those of the values that are labelled, and their labels."""
        few = self.values[:: math.ceil(len(self.values) / MOST_TICKS)]
        return few, [f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in few]


@dataclass(frozen=True)
class CellGrid:
    """Where each of some cells is."""

    amplitude: Axis
    period: Axis
    positions: list[tuple[int, int]]  # row and column of each cell

    @classmethod
    def of(cls, cells: pd.DataFrame) -> "CellGrid":
        """The grid of the amplitudes and periods that there are."""
        amplitude, period = (
            Axis(name, values, edges(values))
            for name, column in ((AMPLITUDE, cells.amplitude), (PERIOD, cells.period))
            for values in [np.sort(column.unique().astype(float))]
        )
        rows = np.searchsorted(period.values, cells.period).tolist()
        columns = np.searchsorted(amplitude.values, cells.amplitude).tolist()
        return cls(amplitude, period, list(zip(rows, columns, strict=True)))

    def grid(self, values: Any, fill: Any = np.nan, kind: Any = float) -> Grid:
        """The cells' values where they belong, `fill` where there is no cell."""
        filled = np.full((len(self.period.values), len(self.amplitude.values)), fill, kind)
        filled[tuple(np.transpose(self.positions))] = values
        return filled

    def strokes(self, inside: Grid) -> Array:
        """The borders between cells inside and outside a region: (strokes, 2 ends, 2)."""
        x, y = self.amplitude.borders, self.period.borders
        upright = [
            [(x[j], y[start]), (x[j], y[stop])]
            for j in range(1, inside.shape[1])
            for start, stop in _runs(inside[:, j - 1] != inside[:, j])
        ]
        level = [
            [(x[start], y[i]), (x[stop], y[i])]
            for i in range(1, inside.shape[0])
            for start, stop in _runs(inside[i - 1] != inside[i])
        ]
        return np.array(upright + level).reshape(-1, 2, 2)


def _runs(marked: Grid) -> list[tuple[int, int]]:
    """Find neighbours that are marked in a line of cells.

    Returns:
        (first, one past the last) of each run of them.

    >>> _runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    changes = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in changes.reshape(-1, 2)]
