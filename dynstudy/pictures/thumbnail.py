"""A small picture of a study: a pixel for each cell, in the colours of the map."""

import base64
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.image import imsave

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.arrays import Array
from dynstudy.pictures.map_description import largest_gain
from dynstudy.pictures.style import COLOURS

MOST_PIXELS = 64  # across, and up
BINS = (18, 12)
"""Of a search, whose trials are on no grid, over amplitude and period."""


def thumbnail(study_map: RegimeMap) -> str:
    """Return the panel that gains most over A and T, as a PNG in base64; empty if there is none."""
    spec = study_map.spec
    cells = study_map.dynamical_cells()
    cells = cells.dropna(subset="val_accuracy" if spec.on_grid else spec.best_by)
    if not len(cells):
        return ""
    if spec.on_grid:
        grid = GRIDS.get(spec.kind, _best_panel)(study_map)
        colours = COLOURS(0.5 + 0.5 * grid / largest_gain(study_map))
    else:
        grid = _binned(cells, spec.best_by)
        low, high = np.nanmin(grid), np.nanmax(grid)
        colours = colormaps["viridis"]((grid - low) / (high - low or 1.0))
    colours[np.isnan(grid)] = (0.5, 0.5, 0.5, 0.25)
    file = io.BytesIO()
    imsave(file, colours[::-1], format="png")  # T upwards
    return base64.b64encode(file.getvalue()).decode()


def _best_panel(study_map: RegimeMap) -> Array:
    panels = dict(study_map.panels())
    key = max(panels, key=lambda key: np.nan_to_num(panels[key].gain.max(), nan=-math.inf))
    return _grid(panels[key])


def _tiles(study_map: RegimeMap) -> Array:
    spec: Any = study_map.spec
    right, upwards = spec.axes
    return _grid(study_map.dynamical_cells(), upwards.name, right.name)


GRIDS: dict[str, Callable[[RegimeMap], Array]] = {"atlas": _tiles}
"""By kind of study, the gains that are shown, where that is not a panel over A and T."""


def _grid(cells: pd.DataFrame, index: str = "period", columns: str = "amplitude") -> Array:
    """The gain of cells over (T, A), thinned out where there are more than can be seen."""
    grid = cells.pivot_table(index=index, columns=columns, values="gain", dropna=False)
    steps = (math.ceil(size / MOST_PIXELS) for size in grid.shape)
    return grid.to_numpy(float)[tuple(slice(None, None, step) for step in steps)]


def _binned(cells: pd.DataFrame, column: str) -> Array:
    """The largest of a column of cells in bins over (T, A)."""
    grid = np.full(BINS[::-1], np.nan)
    columns, rows = (
        _bins(np.log(cells[name].to_numpy(float)), count)
        for name, count in zip(("amplitude", "period"), BINS, strict=True)
    )
    for row, column_, value in zip(rows, columns, cells[column], strict=True):
        grid[row, column_] = np.fmax(grid[row, column_], value)
    return grid


def _bins(values: Array, count: int) -> Array:
    low, span = values.min(), float(np.ptp(values)) or 1.0
    return np.minimum((count * (values - low) / span).astype(int), count - 1)
