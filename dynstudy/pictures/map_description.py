"""A panel of a regime map as it is to be drawn, by whichever pen: grids, lines and words.

The picture (`dynstudy.pictures.regime_map`) and the page's figure
(`dynstudy.pictures.interactive.regime_map`) draw what stands here and nothing else.
"""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from contourpy import contour_generator

from dynstudy.analysis.panel_surface import PooledGain
from dynstudy.analysis.regime_map import PanelKey, RegimeMap
from dynstudy.arrays import Array
from dynstudy.pictures.cell_grid import Axis, CellGrid, Grid
from dynstudy.pictures.style import SIGNS, on_dark
from dynstudy.search.level_sets import CONFIDENT
from dynstudy.statistics.labels import DIVERGED, USEFUL

MOST_LABELLED = 80  # cells of a panel beyond which numbers in them are unreadable

USEFUL_BORDER = "border of the useful regime"
ONSET_OF_FORGETTING = "onset of forgetting"
POOLED_CONTOUR = "gain = 0.02 of all cells pooled"
POOLED_BAND = "not decided by the pooled gain (95 %)"
FORGETTING_LABEL = "catastrophic forgetting"
GAIN_LABEL = "gain in validation accuracy over the static loss"


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


def panel_heading(study_map: RegimeMap, key: PanelKey) -> str:
    """A panel's loss and width, and its learning rate where a map has several."""
    loss, width, rate, *noise = key
    several = study_map.frame.learning_rate.nunique() > 1
    said = f"{loss.upper()}, width {width}" + (f", η = {rate:g}" if several else "")
    return said + "".join(f", noise {each:g}" for each in noise)


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
    cell_grid = CellGrid.of(cells)
    grid = cell_grid.grid
    if heading is None:
        heading = panel_heading(study_map, key)
    forgets = grid(cells.forgets.eq(True), False, bool)
    surface = study_map.surface(*key) if pooled else None
    few = forgets.size <= most_labelled
    return MapPanel(
        heading,
        study_map.static_accuracy(*key),
        cell_grid.amplitude,
        cell_grid.period,
        limit,
        gain=grid(cells.gain.where(cells.regime != DIVERGED)),
        accuracy=grid(cells.val_accuracy),
        sem=grid(cells["sem"]),
        forgetting=grid(cells.forgetting),
        replicates=grid(cells.replicates, 0, int),
        regime=grid(cells.regime, "", object),
        forgets=forgets,
        predicted=grid(cells.predicted, False, bool),
        written=_written(cells, cell_grid, limit) if few else [],
        useful_border=cell_grid.strokes(grid(cells.regime == USEFUL, False, bool)),
        onset=cell_grid.strokes(forgets),
        **_contours(None if surface is None else surface.pooled),
    )


def _written(cells: pd.DataFrame, cell_grid: CellGrid, limit: float) -> list[Written]:
    texts = []
    for cell, (row, column) in zip(cells.itertuples(), cell_grid.positions, strict=True):
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
