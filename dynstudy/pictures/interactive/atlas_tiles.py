"""The page's figure of an atlas's tiles: the gain of each, and what it is labelled."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.atlas_layers import axis_title
from dynstudy.pictures.cell_grid import Axis, CellGrid
from dynstudy.pictures.interactive.regime_map import SIGNED, colour_scale, lay_out, lines
from dynstudy.pictures.map_description import USEFUL_BORDER, largest_gain
from dynstudy.pictures.style import ONSET
from dynstudy.statistics.labels import DIVERGED, USEFUL
from dynstudy.study.pixel_axes import PixelAxis

TILES_FIGURE = "tiles"
MOST_TILES = 128 * 128
"""More than these are not drawn: the viewer shows the pixels themselves."""

FORGETS_BORDER = "border of catastrophic forgetting"


def tiles_figure(study_map: RegimeMap) -> go.Figure:
    """Draw the tiles of an atlas over its two axes, with the borders of what they are labelled."""
    spec: Any = study_map.spec
    right, upwards = spec.axes
    cells = study_map.dynamical_cells()
    at = [np.searchsorted(axis.middles, cells[axis.name]).tolist() for axis in (upwards, right)]
    tiles = CellGrid(_borders(right), _borders(upwards), list(zip(*at, strict=True)))
    label = cells.regime.where(cells.forgets.ne(True), cells.regime + ", forgets")
    limit = largest_gain(study_map)
    middles = np.meshgrid(right.middles, upwards.middles)
    accuracy, networks = tiles.grid(cells.val_accuracy), tiles.grid(cells.replicates, 0)
    figure = go.Figure([
        go.Heatmap(
            x=tiles.amplitude.borders,
            y=tiles.period.borders,
            z=tiles.grid(cells.gain.where(cells.regime != DIVERGED)).astype(np.float32),
            zmin=-limit,
            zmax=limit,
            colorscale=colour_scale(),
            colorbar={"title": {"text": "gain"}, "thickness": 14, "tickformat": SIGNED},
            customdata=np.stack([*middles, accuracy, networks], axis=-1).astype(np.float32),
            hovertext=tiles.grid(label, "", object),
            hovertemplate=f"{axis_title(right.name)} %{{customdata[0]:.6~g}}<br>"
            f"{axis_title(upwards.name)} %{{customdata[1]:.6~g}}<br>gain %{{z:0>+.3f}}, "
            "%{hovertext}<br>accuracy %{customdata[2]:.3f}<br>%{customdata[3]} networks"
            "<extra></extra>",
            hoverongaps=False,
        ),
        lines(
            tiles.strokes(tiles.grid(cells.forgets.eq(True), False, bool)),
            FORGETS_BORDER,
            color=ONSET,
            width=2.5,
            dash="6px,3px",
        ),
        lines(
            tiles.strokes(tiles.grid(cells.regime == USEFUL, False, bool)),
            USEFUL_BORDER,
            color="black",
            width=2,
        ),
    ])
    size = f"{spec.tile} x {spec.tile}"
    lay_out(figure, f"Tiles<br><sup>of {size} networks each</sup>")
    figure.update_layout(plot_bgcolor="#dddddd")
    for update, axis in ((figure.update_xaxes, right), (figure.update_yaxes, upwards)):
        ends = axis.edges[[0, -1]]
        update(
            type="log" if axis.range.log else "linear",
            title={"text": axis_title(axis.name)},
            range=(np.log10(ends) if axis.range.log else ends).tolist(),
            showgrid=False,
            zeroline=False,
        )
    return figure


def _borders(axis: PixelAxis) -> Axis:
    """The tiles of an axis."""
    stops = [0, *(tile.stop for tile in axis.tiles)]
    return Axis(axis_title(axis.name), axis.middles, axis.edges[stops])
