"""A panel of a regime map as it is to be drawn, by whichever pen: grids, lines and words.

The picture (`dynstudy.pictures.regime_map`) and the page's figure
(`dynstudy.pictures.interactive.regime_map`) draw what stands here and nothing else.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from contourpy import contour_generator
from numpy.typing import NDArray

from dynstudy.analysis.panel_surface import PooledGain
from dynstudy.analysis.regime_map import PanelKey, RegimeMap
from dynstudy.arrays import Array
from dynstudy.pictures.style import AMPLITUDE, PERIOD, SIGNS, edges, on_dark
from dynstudy.search.level_sets import CONFIDENT
from dynstudy.statistics.labels import DIVERGED, USEFUL

MOST_LABELLED = 80  # cells of a panel beyond which numbers in them are unreadable
MOST_TICKS = 10  # of an axis

USEFUL_BORDER = "border of the useful regime"
ONSET_OF_FORGETTING = "onset of forgetting"
POOLED_CONTOUR = "gain = 0.02 of all cells pooled"
POOLED_BAND = "not decided by the pooled gain (95 %)"
FORGETTING_LABEL = "catastrophic forgetting"
GAIN_LABEL = "gain in validation accuracy over the static loss"

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
class Written:
    """What stands in a cell."""

    row: int
    column: int
    sign: str  # of its regime, if that has one
    text: str  # its gain, in brackets where that is predicted; its regime where it has none
    light: bool  # since the cell's colour is dark


@dataclass(frozen=True)
class MapPanel:
    """The cells of one loss, width and learning rate over A and T."""

    heading: str
    subtitle: str  # what they are judged against
    amplitude: Axis
    period: Axis
    limit: float  # of the gain, where the colours end
    gain: Grid  # nan where a cell has no colour
    accuracy: Grid
    sem: Grid
    forgetting: Grid
    replicates: Grid
    regime: Grid  # of words, empty where there is no cell
    forgets: Grid  # which cells are hatched
    predicted: Grid
    written: list[Written]  # none where there are too many cells
    useful_border: Array  # (strokes, 2 ends, 2), not along the borders of the map
    onset: Array  # likewise
    contour: list[Array]  # lines (points, 2) where the pooled gain is 0.02
    band: list[Array]  # lines around where that is not decided, not along the borders of the map

    @property
    def title(self) -> str:
        """Two lines."""
        return f"{self.heading}\n{self.subtitle}"


def largest_gain(study_map: RegimeMap) -> float:
    """Where the colours end, the same in all panels of a map: the largest gain or loss."""
    return max(0.05, float(study_map.frame.gain.abs().max()))  # nan is not larger


def describe_panel(
    study_map: RegimeMap,
    key: PanelKey,
    cells: pd.DataFrame,
    limit: float,
    *,
    most_labelled: int = MOST_LABELLED,
    heading: str | None = None,
    pooled: bool = False,
) -> MapPanel:
    """Say what is to be drawn of some rows of a map, in colours that end at the gain `limit`.

    Returns:
        The panel; the boundaries of the surface through all cells are in it only where `pooled`,
        being another notion of what is useful than the cells' labels, each a test by itself.
    """
    amplitude, period = (
        Axis(name, values, edges(values))
        for name, column in ((AMPLITUDE, cells.amplitude), (PERIOD, cells.period))
        for values in [np.sort(column.unique().astype(float))]
    )
    shape = len(period.values), len(amplitude.values)
    rows = np.searchsorted(period.values, cells.period)
    columns = np.searchsorted(amplitude.values, cells.amplitude)

    def grid(values: Any, fill: Any = np.nan, kind: Any = float) -> Grid:
        filled = np.full(shape, fill, kind)
        filled[rows, columns] = values
        return filled

    if heading is None:
        loss, width, rate = key
        heading = f"{loss.upper()}, width {width}"
        if study_map.frame.learning_rate.nunique() > 1:
            heading += f", η = {rate:g}"
    forgets = grid(cells.forgets.eq(True), False, bool)
    surface = study_map.surface(*key) if pooled else None
    few = forgets.size <= most_labelled
    return MapPanel(
        heading,
        study_map.static_accuracy(*key),
        amplitude,
        period,
        limit,
        gain=grid(cells.gain.where(cells.regime != DIVERGED)),
        accuracy=grid(cells.val_accuracy),
        sem=grid(cells["sem"]),
        forgetting=grid(cells.forgetting),
        replicates=grid(cells.replicates, 0, int),
        regime=grid(cells.regime, "", object),
        forgets=forgets,
        predicted=grid(cells.predicted, False, bool),
        written=_written(cells, rows, columns, limit) if few else [],
        useful_border=_strokes(
            grid(cells.regime == USEFUL, False, bool), amplitude.borders, period.borders
        ),
        onset=_strokes(forgets, amplitude.borders, period.borders),
        **_contours(None if surface is None else surface.pooled),
    )


def _written(cells: pd.DataFrame, rows: Grid, columns: Grid, limit: float) -> list[Written]:
    texts = []
    for cell, row, column in zip(cells.itertuples(), rows.tolist(), columns.tolist(), strict=True):
        if math.isnan(cell.gain) or cell.regime == DIVERGED:
            texts.append(Written(row, column, "", str(cell.regime), False))
            continue
        text = f"({cell.gain:+.2f})" if cell.predicted else f"{cell.gain:+.2f}"
        sign = SIGNS.get(cell.regime, "")
        texts.append(Written(row, column, sign, text, on_dark(cell.gain, limit)))
    return texts


def _contours(pooled: PooledGain | None) -> dict[str, Any]:
    """Where the surface through all cells has a gain of 0.02, and where it may have."""
    if pooled is None:
        return {"contour": [], "band": []}
    levels = contour_generator(pooled.amplitude, pooled.period, pooled.excess)
    return {
        "contour": levels.lines(0.0),
        "band": [line for level in (-CONFIDENT, CONFIDENT) for line in levels.lines(level)],
    }


def _strokes(inside: Grid, x: Array, y: Array) -> Array:
    """The borders between cells inside and outside a region: (strokes, 2 ends, 2)."""
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
