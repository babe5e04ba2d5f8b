"""The picture of a map: gain over amplitude and period, its boundaries, and forgetting."""

import math
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from dynstudy.analysis.boundaries import Pooled, pooled_gain
from dynstudy.analysis.regime_map import PANEL, RegimeMap
from dynstudy.pictures.over_width import width_figure
from dynstudy.pictures.search import search_figure
from dynstudy.pictures.style import (
    COLOURS,
    CONTOUR,
    MOST_LABELLED,
    ONSET,
    SIGNS,
    edges,
    largest_gain,
    save,
    shown_gain,
)
from dynstudy.search.level_sets import CONFIDENT
from dynstudy.statistics.labels import DIVERGED, USEFUL

PANEL_INCHES = (4.6, 3.9)
COLUMNS_AT_MOST = 3
NARROW = 0.13  # of a panel's width: a cell below it has no room for a sign and a number in a line


def save_map(found: RegimeMap, path: Path) -> Path:
    """Draw a study into a PNG file.

    Args:
        found: the map.
        path: the file.

    Returns:
        The file.
    """
    return save(PICTURES[found.spec.kind](found), path, found.spec.name)


def grid_figure(found: RegimeMap) -> Figure:
    """A map over A and T, or over width where A and T have one value each."""
    judged = found.judged()
    one_each = judged.amplitude.nunique() <= 1 and judged.period.nunique() <= 1
    return width_figure(found) if one_each else regime_figure(found)


PICTURES = {"map": grid_figure, "search": search_figure, "boundary": grid_figure}
"""By kind of study, what draws it."""


def regime_figure(found: RegimeMap) -> Figure:
    """One panel per loss and width (and learning rate): gain in colour, regimes and forgetting."""
    panels = list(found.judged().groupby(PANEL, sort=True))
    columns = min(COLUMNS_AT_MOST, len(panels))
    rows = math.ceil(len(panels) / columns)
    width, height = PANEL_INCHES
    figure = Figure(
        figsize=(max(7.2, width * columns + 1.0), height * rows + 1.2), layout="constrained"
    )
    axes = figure.subplots(rows, columns, squeeze=False)
    limit = largest_gain(found)
    norm = TwoSlopeNorm(0, -limit, limit)
    several_rates = found.frame.learning_rate.nunique() > 1
    for axis, ((loss, units, rate), panel) in zip(axes.flat, panels, strict=False):
        draw_panel(axis, panel, norm)
        draw_contour(axis, pooled_gain(found, (str(loss), units, rate), panel))
        title = f"{str(loss).upper()}, width {units}"
        if several_rates:
            title += f", η = {rate:g}"
        axis.set_title(f"{title}\n{found.static_accuracy(str(loss), units, rate)}", fontsize=10)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("period T (steps)")
    for axis in axes[-1]:
        axis.set_xlabel("amplitude A")
    mappable = mpl.cm.ScalarMappable(norm, COLOURS)
    figure.colorbar(mappable, ax=axes, label="gain in validation accuracy over the static loss")
    figure.suptitle(found.caption(), fontsize=10, parse_math=False)  # names may hold a $
    figure.legend(
        handles=legend(bool(found.frame.predicted.any())),
        loc="outside lower center",
        ncols=2 if columns == 1 else 4,
        fontsize=8,
        frameon=False,
    )
    return figure


def draw_panel(
    axis: Axes, panel: pd.DataFrame, norm: TwoSlopeNorm, most_labelled: int = MOST_LABELLED
) -> None:
    """Draw the cells of one loss, width and learning rate over A and T, with numbers if few."""
    amplitudes = np.sort(panel.amplitude.unique().astype(float))
    periods = np.sort(panel.period.unique().astype(float))
    x, y = edges(amplitudes), edges(periods)
    column = {value: index for index, value in enumerate(amplitudes)}
    row = {value: index for index, value in enumerate(periods)}
    gain = np.full((len(periods), len(amplitudes)), np.nan)
    forgets = np.zeros(gain.shape, bool)
    useful = np.zeros(gain.shape, bool)
    for cell in panel.itertuples():
        place = row[cell.period], column[cell.amplitude]
        gain[place] = np.nan if cell.regime == DIVERGED else cell.gain
        forgets[place] = cell.forgets is True
        useful[place] = cell.regime == USEFUL

    axis.set_facecolor("#dddddd")  # what is not trained
    axis.pcolormesh(x, y, np.ma.masked_invalid(gain), cmap=COLOURS, norm=norm, zorder=1)
    hatched = [
        Rectangle((x[j], y[i]), x[j + 1] - x[j], y[i + 1] - y[i])
        for i, j in zip(*np.nonzero(forgets), strict=True)
    ]
    axis.add_collection(
        PatchCollection(
            hatched, facecolor="none", hatch="///", edgecolor=ONSET, linewidth=0, zorder=2
        )
    )
    _outline(axis, useful, x, y, color="black", linewidth=1.6, zorder=4)
    _outline(axis, forgets, x, y, color=ONSET, linewidth=2.4, linestyle=(0, (4, 1.5)), zorder=5)
    if gain.size <= most_labelled:
        sizes = np.diff(np.log(x))
        _number_cells(axis, panel, norm, "\n" if sizes.min() < NARROW * sizes.sum() else " ")
    elif panel.predicted.any():
        trained = panel[~panel.predicted]
        axis.plot(trained.amplitude, trained.period, "k.", markersize=2, zorder=6)
    axis.set(xscale="log", yscale="log", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    for ticks, values in ((axis.xaxis, amplitudes), (axis.yaxis, periods)):
        few = values if len(values) <= 10 else values[:: math.ceil(len(values) / 10)]
        ticks.set_ticks(
            few, labels=[f"{value:.3g}" if value < 1000 else f"{value:g}" for value in few]
        )
        ticks.set_minor_locator(mpl.ticker.NullLocator())


def draw_contour(axis: Axes, pooled: Pooled | None) -> None:
    """Where the surface through all cells has a gain of 0.02, and where that is not decided."""
    if pooled is None:
        return
    place = pooled.amplitude, pooled.period
    excess = pooled.excess
    axis.contourf(
        *place, excess, levels=[-CONFIDENT, CONFIDENT], colors=[CONTOUR], alpha=0.22, zorder=2.5
    )
    if excess.min() < 0 < excess.max():
        axis.contour(*place, excess, levels=[0.0], colors=[CONTOUR], linewidths=1.8, zorder=5)


def _number_cells(axis: Axes, panel: pd.DataFrame, norm: TwoSlopeNorm, between: str) -> None:
    fontsize = 7.5 if panel.amplitude.nunique() <= 6 else 6.0
    if panel.predicted.any():
        fontsize -= 0.9  # for the brackets
    for cell in panel.itertuples():
        if math.isnan(cell.gain) or cell.regime == DIVERGED:
            text, colour = str(cell.regime), "black"
        else:
            red, green, blue, _ = COLOURS(norm(cell.gain))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            colour = "white" if dark else "black"
            text = f"{SIGNS.get(cell.regime, '')}{between}{shown_gain(cell)}"
        box = {"facecolor": COLOURS(norm(cell.gain)), "edgecolor": "none", "pad": 1.0}
        axis.text(
            cell.amplitude,
            cell.period,
            text,
            ha="center",
            va="center",
            fontsize=fontsize,
            color=colour,
            bbox=box if cell.forgets is True else None,
            zorder=6,
        )


def _outline(
    axis: Axes,
    inside: NDArray[np.bool_],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    **style: Any,
) -> None:
    """Draw the borders between cells inside and outside a region, and not those of the map."""
    upright = zip(*np.nonzero(inside[:, 1:] != inside[:, :-1]), strict=True)
    level = zip(*np.nonzero(inside[1:] != inside[:-1]), strict=True)
    strokes = [[(x[j + 1], y[i]), (x[j + 1], y[i + 1])] for i, j in upright]
    strokes += [[(x[j], y[i + 1]), (x[j + 1], y[i + 1])] for i, j in level]
    axis.add_collection(LineCollection(strokes, capstyle="projecting", **style))


def legend(predicted: bool = False) -> list[Any]:
    """What the lines, hatches and signs of a panel mean."""
    signs = "  ".join(f"{sign} {regime}" for regime, sign in SIGNS.items()) + "  (none: untested)"
    if predicted:
        signs += "\ngain in brackets, or on large maps no dot: predicted, not trained"
    return [
        Line2D([], [], color="black", linewidth=1.6, label="border of the useful regime"),
        Line2D(
            [], [], color=ONSET, linewidth=2.4, linestyle=(0, (4, 1.5)), label="onset of forgetting"
        ),
        Line2D([], [], color=CONTOUR, linewidth=1.8, label="gain = 0.02 of all cells pooled"),
        Patch(
            color=CONTOUR, alpha=0.22, linewidth=0, label="not decided by the pooled gain (95 %)"
        ),
        Patch(
            fill=False, hatch="///", edgecolor=ONSET, linewidth=0, label="catastrophic forgetting"
        ),
        Line2D([], [], color="none", label=signs),
    ]
