"""The picture of an association: gain over each measure, a point for each cell."""

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dynstudy.analysis.association import Association
from dynstudy.analysis.gain_shape import GainShape
from dynstudy.arrays import Array
from dynstudy.pictures.fitting import add_legend_below
from dynstudy.pictures.map_description import panel_heading
from dynstudy.pictures.measure_description import measure_title
from dynstudy.pictures.style import CURVES, plainly

PANEL_INCHES = (4.4, 3.6)
COLUMNS_AT_MOST = 2
MEANING = (
    "points: cells, with standard errors over their networks; lines: local regression among cells "
    "near by rank, with its 95 % band over resampled networks; ±: standard error of the static "
    "loss's accuracy, which moves all points of a colour alike"
)
FEW = 0.2
"""A median below this share of the largest value: most cells would be at the edge of an axis."""
LEAST_TICK = 0.04  # of the largest value


@plainly
def association_figure(association: Association) -> Figure:
    """Draw an axis for each measure, a colour for each panel."""
    measures, study_map = association.measure_map.measures, association.measure_map.study_map
    columns = min(COLUMNS_AT_MOST, len(measures))
    rows = -(-len(measures) // columns)
    width, height = PANEL_INCHES
    figure = Figure(figsize=(max(7.2, width * columns), height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    coloured = list(zip(cycle(CURVES), association.shapes, strict=False))
    for axis in axes.flat[len(measures) :]:
        axis.set_visible(False)
    for number, (axis, measure) in enumerate(zip(axes.flat, measures, strict=False)):
        axis.axhline(0, color="0.7", linewidth=1, zorder=0)
        for colour, shapes in coloured:
            _draw(axis, shapes[number], colour)
        label = measure_title(measure)
        values = np.concatenate([shapes[number].measure for _, shapes in coloured] or [np.zeros(1)])
        if values.min() >= 0 and np.median(values) < FEW * values.max():
            _scale_by_root(axis, float(values.max()))
            label += " (scale: root)"
        axis.set_xlabel(label)
    for axis in axes[:, 0]:
        axis.set_ylabel("gain in validation accuracy\nover the static loss")
    handles = [
        Line2D(
            [],
            [],
            color=colour,
            marker="o",
            label=f"{panel_heading(study_map, shape.key)} (± {shape.static_error:.3f})",
        )
        for colour, (shape, *_) in coloured
    ]
    add_legend_below(figure, handles, f"{MEANING}\n{study_map.caption()}")
    return figure


def _scale_by_root(axis: Axes, largest: float) -> None:
    """Spread what is near 0, with ticks at 1, 2 and 5 times powers of ten."""
    axis.set_xscale("function", functions=(_root, _square))
    powers = 10.0 ** np.arange(np.floor(np.log10(LEAST_TICK * largest)), np.log10(largest) + 1)
    ticks = np.outer(powers, [1, 2, 5]).ravel()
    ticks = ticks[(ticks >= LEAST_TICK * largest) & (ticks <= largest)]
    axis.set_xticks([0, *ticks], labels=["0", *(f"{tick:g}" for tick in ticks)])
    axis.set_xlim(-0.0005 * largest, 1.05 * largest)


def _root(values: Array) -> Array:
    return np.sign(values) * np.sqrt(np.abs(values))


def _square(values: Array) -> Array:
    return np.sign(values) * values**2


def _draw(axis: Axes, shape: GainShape, colour: str) -> None:
    axis.errorbar(
        shape.measure,
        shape.gain,
        xerr=shape.measure_error,
        yerr=shape.gain_error,
        fmt="o",
        color=colour,
        markersize=3,
        elinewidth=0.6,
        alpha=0.55,
    )
    x, y, low, high = shape.curve
    axis.plot(x, y, color=colour, linewidth=1.8, zorder=3)
    axis.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0, zorder=2)
