"""The picture of a map of measures: a row for each panel, its gain first, then each measure."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dynstudy.analysis.measure_map import MeasureMap
from dynstudy.pictures import map_description as described
from dynstudy.pictures.fitting import add_panel_title
from dynstudy.pictures.map_description import describe_panel, largest_gain
from dynstudy.pictures.measure_description import MeasurePanel, describe_measure, measure_title
from dynstudy.pictures.regime_map import USEFUL_LINE, add_legend, draw_panel, scale_axes
from dynstudy.pictures.style import AMPLITUDE, COLOURS, MEASURE_COLOURS, plainly

PANEL_INCHES = (4.4, 3.4)
MOST_LABELLED = 50  # panels are smaller than those of a map
NUMBERS = 5  # spaces between those on a bar, at most: seven digits each have room
BORDER: dict[str, Any] = USEFUL_LINE | {"color": "red"}
BAR: dict[str, Any] = {"location": "bottom", "aspect": 30, "shrink": 0.9}
BAR_PAD = 0.02  # of a panel


@plainly
def measure_figure(measures: MeasureMap) -> Figure:
    """Draw each panel's gain, and beside it each measure, in the same colours in all panels."""
    study_map = measures.study_map
    panels, limit = list(study_map.panels()), largest_gain(study_map)
    width, height = PANEL_INCHES
    columns = 1 + len(measures.measures)
    size = max(7.2, width * columns), height * len(panels) + 0.6
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(panels), columns, squeeze=False)
    for (key, cells), (first, *others) in zip(panels, axes, strict=True):
        gain = describe_panel(study_map, key, cells, limit, most_labelled=MOST_LABELLED)
        draw_panel(first, gain)
        add_panel_title(first, gain.title, 0.8 * width, 9)
        first.set_ylabel(gain.period.name)
        for measure, axis in zip(measures.measures, others, strict=True):
            panel = describe_measure(measures, measure, key, cells, MOST_LABELLED)
            draw_measure(axis, panel)
            add_panel_title(axis, f"{panel.heading}\n{panel.measure}", 0.8 * width, 9)
    for axis in axes[-1]:
        axis.set_xlabel(AMPLITUDE)
    scales = [
        (-limit, limit, COLOURS, described.GAIN_LABEL),
        *(
            (*measures.limits(measure), MEASURE_COLOURS, measure_title(measure))
            for measure in measures.measures
        ),
    ]
    for (low, high, colours, label), line in zip(scales, axes.T, strict=True):
        mappable = mpl.cm.ScalarMappable(Normalize(low, high), colours)
        pad = BAR_PAD / len(panels)  # Matplotlib's is of all rows together
        bar = figure.colorbar(mappable, ax=list(line), ticks=MaxNLocator(NUMBERS), pad=pad, **BAR)
        bar.set_label(label, fontsize=9)
    border = Line2D([], [], label=f"{described.USEFUL_BORDER}, on a measure", **BORDER)
    add_legend(figure, study_map.caption(), more=[border])
    return figure


def draw_measure(axis: Axes, panel: MeasurePanel) -> None:
    """Draw the cells of one loss, width and learning rate over A and T, with numbers if few."""
    x, y = panel.amplitude.borders, panel.period.borders
    norm = Normalize(panel.low, panel.high)
    axis.set_facecolor("#dddddd")  # what is not trained
    means = np.ma.masked_invalid(panel.mean)
    axis.pcolormesh(x, y, means, cmap=MEASURE_COLOURS, norm=norm, zorder=1)
    strokes = LineCollection(list(panel.useful_border), zorder=4, capstyle="projecting", **BORDER)
    axis.add_collection(strokes)
    for cell in panel.written:
        axis.text(
            panel.amplitude.values[cell.column],
            panel.period.values[cell.row],
            cell.text,
            ha="center",
            va="center",
            fontsize=6.0,
            color="white" if cell.light else "black",
            zorder=6,
        )
    scale_axes(axis, panel.amplitude, panel.period)
