"""A panel of a map of a measure as it is to be drawn, by whichever pen.

The picture (`dynstudy.pictures.measure_map`) and the page's figure
(`dynstudy.pictures.interactive.measure_map`) draw what stands here and nothing else.
"""

import math
from dataclasses import dataclass

import pandas as pd

from dynstudy.analysis.measure_map import MeasureMap
from dynstudy.analysis.regime_map import PanelKey
from dynstudy.arrays import Array
from dynstudy.measure.measure import Measure
from dynstudy.pictures.cell_grid import Axis, CellGrid, Grid
from dynstudy.pictures.map_description import MOST_LABELLED, Written, panel_heading
from dynstudy.pictures.style import MEASURE_COLOURS, is_dark
from dynstudy.statistics.labels import USEFUL

FINE = 0.1
"""Where all means of a map are this near, a third digit tells them apart."""


@dataclass(frozen=True)
class MeasurePanel:
    """The cells of one loss, width and learning rate over A and T, and a measure of them."""

    heading: str
    measure: str  # what it is, and its unit
    amplitude: Axis
    period: Axis
    low: float  # where the colours begin
    high: float  # and end, the same in all panels of a map
    mean: Grid  # nan where a cell has none
    error: Grid  # its standard error
    gain: Grid
    replicates: Grid
    written: list[Written]  # none where there are too many cells
    useful_border: Array  # (strokes, 2 ends, 2), not along the borders of the map


def measure_title(measure: Measure) -> str:
    """A measure, and its unit where it has one."""
    return f"{measure.title} ({measure.unit})" if measure.unit else measure.title


def describe_measure(
    measures: MeasureMap,
    measure: Measure,
    key: PanelKey,
    cells: pd.DataFrame,
    most_labelled: int = MOST_LABELLED,
) -> MeasurePanel:
    """Say what is to be drawn of a measure of some rows of a map."""
    cell_grid, (low, high) = CellGrid.of(cells), measures.limits(measure)
    digits = 2 if high - low > FINE else 3
    written = [
        Written(
            *position,
            "",
            f"{mean:.{digits}f}",
            is_dark(MEASURE_COLOURS((mean - low) / (high - low))),
        )
        for position, mean in zip(
            cell_grid.positions, cells[measure.name].astype(float), strict=True
        )
        if not math.isnan(mean)
    ]
    grid = cell_grid.grid
    return MeasurePanel(
        panel_heading(measures.study_map, key),
        measure_title(measure),
        cell_grid.amplitude,
        cell_grid.period,
        low,
        high,
        mean=grid(cells[measure.name]),
        error=grid(cells[measures.error_column(measure)]),
        gain=grid(cells.gain),
        replicates=grid(cells.replicates, 0, int),
        written=written if len(cells) <= most_labelled else [],
        useful_border=cell_grid.strokes(grid(cells.regime == USEFUL, False, bool)),
    )
