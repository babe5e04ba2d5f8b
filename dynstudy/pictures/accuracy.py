"""Pictures of accuracies: over width, and what the trials of a search reached."""

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.accuracy_description import SearchPoints, describe_search, describe_widths
from dynstudy.pictures.fitting import MARGIN, SMALL, add_title, in_lines
from dynstudy.pictures.style import (
    ACCURACY,
    AMPLITUDE,
    CHANCE,
    FRONT,
    PERIOD,
    WIDTH,
    label_widths,
    plainly,
)

BESIDE = 1.6
"""Inches of a figure's width that its one panel, and so a title above that, has not."""


@plainly
def width_figure(study_map: RegimeMap) -> Figure:
    """Accuracy over width, one curve per loss, with standard errors (the paper's figure 3)."""
    described = describe_widths(study_map)
    figure = Figure(figsize=(6.2, 4.4), layout="constrained")
    axis = figure.subplots()
    for curve in described.curves:
        axis.errorbar(
            curve.cells.width,
            curve.cells.val_accuracy,
            yerr=curve.error,
            marker="o" if curve.static else "s",
            linestyle="--" if curve.static else "-",
            color=curve.colour,
            capsize=3,
            markersize=4,
            label=curve.name,
        )
    for curve in described.by_chance:
        x, y = curve.cells.width, curve.cells.val_accuracy
        axis.plot(x, y, ":", color=curve.colour, marker="_", label=curve.name)
    axis.axhline(described.chance, color="0.8", zorder=0, label=CHANCE)
    axis.set_ylabel(f"{ACCURACY} (mean ± standard error)")
    label_widths(axis, described.widths)
    title = in_lines(study_map.headline(), figure.get_figwidth() - BESIDE, 10)
    axis.set_title(title, fontsize=10, parse_math=False)
    caption = in_lines(study_map.caption(), figure.get_figwidth() - MARGIN, SMALL)
    figure.supxlabel(caption, fontsize=SMALL, parse_math=False)
    axis.legend(fontsize=8, frameon=False)
    return figure


@plainly
def search_figure(study_map: RegimeMap) -> Figure:
    """What is aimed at over width with its Pareto front, and where in (A, T) the best lie."""
    points = describe_search(study_map)
    panels = 2 if len(points.schedule) else 1
    figure = Figure(figsize=(5.4 * panels + 0.6, 4.8), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    _over_width(axes[0], points)
    if panels > 1:
        _over_schedule(figure, axes[1], points)
    spec = study_map.spec
    add_title(
        figure,
        f"{spec.name}: {spec.protocol.steps:,} steps, {study_map.cells} cells of "
        f"{spec.replicates} replicates\n{study_map.condition}",
    )
    return figure


def _over_width(axis: Axes, points: SearchPoints) -> None:
    for name, cells in points.by_loss.items():
        axis.errorbar(
            cells.width,
            cells[points.value],
            yerr=cells["error"],
            fmt="o",
            markersize=3.5,
            elinewidth=0.8,
            alpha=0.6,
            label=name,
        )
    axis.plot(
        points.front.width,
        points.front[points.value],
        drawstyle="steps-post",
        color="black",
        linewidth=1.2,
        label=FRONT,
    )
    level, name = points.reference
    axis.axhline(level, color="0.8", zorder=0, label=name)
    axis.set(xscale="log", xlabel=WIDTH, ylabel=points.title)
    axis.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(mpl.ticker.ScalarFormatter())
    axis.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    axis.legend(fontsize=8, frameon=False)


def _over_schedule(figure: Figure, axis: Axes, points: SearchPoints) -> None:
    drawn = axis.scatter(
        points.schedule.amplitude,
        points.schedule.period,
        c=points.schedule[points.value],
        s=18,
        cmap="viridis",
        edgecolors="0.3",
        linewidths=0.3,
    )
    axis.set(xscale="log", yscale="log", xlabel=AMPLITUDE, ylabel=PERIOD)
    figure.colorbar(drawn, ax=axis, label=points.title)
