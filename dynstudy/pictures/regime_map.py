"""The picture of a map: gain over amplitude and period, its boundaries, and forgetting."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from dynstudy.analysis.regime_map import PanelKey, RegimeMap
from dynstudy.pictures import map_description as described
from dynstudy.pictures.accuracy import search_figure, width_figure
from dynstudy.pictures.atlas import atlas_figure
from dynstudy.pictures.cell_grid import Axis
from dynstudy.pictures.fitting import add_legend_below, add_panel_title, add_title
from dynstudy.pictures.map_description import MapPanel, describe_panel, largest_gain
from dynstudy.pictures.style import (
    COLOURS,
    CONTOUR,
    ONSET,
    SIGNS,
    plainly,
    save,
)

PANEL_INCHES = (4.6, 3.9)
COLUMNS_AT_MOST = 3
BAR_INCHES = 0.22  # how wide a bar of colours is
NARROW = 0.13  # of a panel's width: a cell below it has no room for a sign and a number in a line

USEFUL_LINE: dict[str, Any] = {"color": "black", "linewidth": 1.6}
ONSET_LINE: dict[str, Any] = {"color": ONSET, "linewidth": 2.4, "linestyle": (0, (4, 1.5))}
CONTOUR_LINE: dict[str, Any] = {"color": CONTOUR, "linewidth": 1.8}
BAND_LINE: dict[str, Any] = {"color": CONTOUR, "linewidth": 1.2, "linestyle": ":"}
HATCH: dict[str, Any] = {"hatch": "///", "edgecolor": ONSET, "linewidth": 0}


@plainly
def study_figure(study_map: RegimeMap, *, boundaries: bool = False) -> Figure:
    """Draw a study as its kind is drawn; a map with the boundaries of its pooled gain if asked."""
    draw: Any = PICTURES[study_map.spec.kind]
    figure: Figure = draw(study_map, boundaries=True) if boundaries else draw(study_map)
    return figure


def save_map(study_map: RegimeMap, path: Path) -> Path:
    """Draw a study into a file, as PNG or PDF by its suffix."""
    return save(study_figure(study_map), path, study_map.spec.name)


@plainly
def grid_figure(study_map: RegimeMap, *, boundaries: bool = False) -> Figure:
    """A map over A and T, or over width where A and T have one value each."""
    dynamical = study_map.dynamical_cells()
    one_each = dynamical.amplitude.nunique() <= 1 and dynamical.period.nunique() <= 1
    return width_figure(study_map) if one_each else regime_figure(study_map, boundaries)


PICTURES = {
    "map": grid_figure,
    "search": search_figure,
    "boundary": grid_figure,
    "atlas": atlas_figure,
}
"""By kind of study, what draws it."""


@plainly
def regime_figure(study_map: RegimeMap, pooled: bool = False) -> Figure:
    """One panel per loss and width (and learning rate): gain in colour, regimes and forgetting."""
    limit = largest_gain(study_map)
    panels = [
        describe_panel(study_map, key, cells, limit, pooled=pooled)
        for key, cells in study_map.panels()
    ]
    columns = _columns(list(dict(study_map.panels())))
    rows = math.ceil(len(panels) / columns)
    width, height = PANEL_INCHES
    size = max(7.2, width * columns + 1.0), height * rows
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis, panel in zip(axes.flat, panels, strict=False):
        draw_panel(axis, panel)
        add_panel_title(axis, panel.title, 0.8 * width)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel(panels[0].period.name)
    for axis in axes.flat[max(0, len(panels) - columns) : len(panels)]:  # the lowest ones
        axis.set_xlabel(panels[0].amplitude.name)
    colour_bar(figure, axes, limit)
    add_title(figure, study_map.headline(), 11)
    predicted = bool(study_map.frame.predicted.any())
    add_legend(figure, study_map.caption(), predicted=predicted, pooled=pooled)
    return figure


def _columns(keys: list[PanelKey]) -> int:
    """Of the panels of some losses, widths and rates: so many that rows are alike, if they can."""
    losses, widths, *_ = (len(set(values)) for values in zip(*keys, strict=True))
    of_a_loss, of_a_width = len(keys) / losses, len(keys) / losses / widths
    for count in (of_a_loss, of_a_width):
        if 1 < count <= COLUMNS_AT_MOST and count.is_integer():
            return int(count)
    return min(COLUMNS_AT_MOST, len(keys))


def draw_panel(axis: Axes, panel: MapPanel) -> None:
    """Draw the cells of one loss, width and learning rate over A and T, with numbers if few."""
    x, y = panel.amplitude.borders, panel.period.borders
    norm = Normalize(-panel.limit, panel.limit)
    axis.set_facecolor("#dddddd")  # what is not trained
    axis.pcolormesh(x, y, np.ma.masked_invalid(panel.gain), cmap=COLOURS, norm=norm, zorder=1)
    hatched = [
        Rectangle((x[j], y[i]), x[j + 1] - x[j], y[i + 1] - y[i])
        for i, j in np.argwhere(panel.forgets)
    ]
    axis.add_collection(PatchCollection(hatched, facecolor="none", zorder=2, **HATCH))
    for strokes, style, above in (
        (panel.useful_border, USEFUL_LINE | {"capstyle": "projecting"}, 4),
        (panel.onset, ONSET_LINE | {"capstyle": "projecting"}, 5),
        (panel.contour, CONTOUR_LINE, 5),
        (panel.band, BAND_LINE, 5),
    ):
        axis.add_collection(LineCollection(list(strokes), zorder=above, **style))
    if panel.written:
        _write_cells(axis, panel)
    elif panel.predicted.any():
        rows, columns = np.nonzero((panel.replicates > 0) & ~panel.predicted)
        trained = panel.amplitude.values[columns], panel.period.values[rows]
        axis.plot(*trained, "k.", markersize=2, zorder=6)
    scale_axes(axis, panel.amplitude, panel.period)


def scale_axes(axis: Axes, amplitude: Axis, period: Axis) -> None:
    """A over T, with the tested values as ticks."""
    x, y = amplitude.borders, period.borders
    axis.set(xscale="log", yscale="log", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    for ticks, scale in ((axis.xaxis, amplitude), (axis.yaxis, period)):
        ticks.set_ticks(scale.ticks[0], labels=scale.ticks[1])
        ticks.set_minor_locator(mpl.ticker.NullLocator())


def _write_cells(axis: Axes, panel: MapPanel) -> None:
    fontsize = 7.5 if len(panel.amplitude.values) <= 6 else 6.0
    if panel.predicted.any():
        fontsize -= 0.9  # for the brackets
    sizes = np.diff(np.log(panel.amplitude.borders))
    between = "\n" if sizes.min() < NARROW * sizes.sum() else " "
    for cell in panel.written:
        position = cell.row, cell.column
        box = None
        if panel.forgets[position]:
            colour = COLOURS(0.5 + 0.5 * panel.gain[position] / panel.limit)
            box = {"facecolor": colour, "edgecolor": "none", "pad": 1.0}
        axis.text(
            panel.amplitude.values[cell.column],
            panel.period.values[cell.row],
            f"{cell.sign}{between}{cell.text}" if cell.sign else cell.text,
            ha="center",
            va="center",
            fontsize=fontsize,
            color="white" if cell.light else "black",
            bbox=box,
            zorder=6,
        )


def colour_bar(figure: Figure, axes: Any, limit: float) -> None:
    """What the colours of panels mean."""
    mappable = mpl.cm.ScalarMappable(Normalize(-limit, limit), COLOURS)
    aspect = figure.get_figheight() / BAR_INCHES
    figure.colorbar(mappable, ax=axes, label=described.GAIN_LABEL, aspect=aspect)


def add_legend(
    figure: Figure,
    caption: str = "",
    *,
    predicted: bool = False,
    signs: bool = True,
    pooled: bool = False,
    more: Iterable[Any] = (),
) -> None:
    """What the lines, hatches and signs of panels mean, where there are such."""
    handles: list[Any] = [
        Line2D([], [], label=described.USEFUL_BORDER, **USEFUL_LINE),
        Line2D([], [], label=described.ONSET_OF_FORGETTING, **ONSET_LINE),
        Patch(fill=False, label=described.FORGETTING_LABEL, **HATCH),
        *more,
    ]
    if pooled:
        handles.append(Line2D([], [], label=described.POOLED_CONTOUR, **CONTOUR_LINE))
        handles.append(Line2D([], [], label=described.POOLED_BAND, **BAND_LINE))
    if signs:
        meaning = "  ".join(f"{sign} {regime}" for regime, sign in SIGNS.items())
        meaning += "  (none: untested)"
        if predicted:
            meaning += "\ngain in brackets, or on large maps no dot: predicted, not trained"
        handles.append(Line2D([], [], color="none", label=meaning))
    add_legend_below(figure, handles, caption)
