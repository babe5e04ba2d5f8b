"""Pictures of accuracies: over width, and what the trials of a search reached."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.errors import DynstudyError
from dynstudy.pictures.accuracy_description import SearchPoints, describe_search, describe_widths
from dynstudy.pictures.fitting import add_legend_below, add_title
from dynstudy.pictures.style import (
    ACCURACY,
    AMPLITUDE,
    CHANCE,
    COLOURS,
    FRONT,
    PERIOD,
    WIDTH,
    label_log,
    label_widths,
    plainly,
)


@plainly
def width_figure(study_map: RegimeMap) -> Figure:
    """Accuracy over width, one curve per loss, with standard errors (the paper's figure 3)."""
    described = describe_widths(study_map)
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axis = figure.subplots()
    handles: list[Any] = [
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
        for curve in described.curves
    ]
    for curve in described.by_chance:
        x, y = curve.cells.width, curve.cells.val_accuracy
        handles += axis.plot(x, y, ":", color=curve.colour, marker="_", label=curve.name)
    handles.append(axis.axhline(described.chance, color="0.8", zorder=0, label=CHANCE))
    axis.set_ylabel(f"{ACCURACY} (mean ± standard error)")
    label_widths(axis, described.widths)
    add_title(figure, study_map.headline(), 11)
    add_legend_below(figure, handles, study_map.caption())
    return figure


@plainly
def search_figure(study_map: RegimeMap) -> Figure:
    """What is aimed at over width with its Pareto front, and where in (A, T) the best lie."""
    points = describe_search(study_map)
    if not points.by_loss:
        name = study_map.spec.name
        raise DynstudyError(f"study {name!r} has no trained cell to draw yet; run it first")
    panels = 2 if len(points.schedule) else 1
    figure = Figure(figsize=(5.4 * panels + 0.6, 4.2), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    handles = _over_width(axes[0], points)
    if panels > 1:
        _over_schedule(figure, axes[1], points)
    add_title(figure, points.headline, 11)
    add_legend_below(figure, handles, points.caption)
    return figure


def _over_width(axis: Axes, points: SearchPoints) -> list[Any]:
    """Draw what is aimed at, and return what the legend has to explain."""
    handles: list[Any] = [
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
        for name, cells in points.by_loss.items()
    ]
    handles += axis.plot(
        points.front.width,
        points.front[points.value],
        drawstyle="steps-post",
        color="black",
        linewidth=1.2,
        label=FRONT,
    )
    level, name = points.reference
    handles.append(axis.axhline(level, color="0.8", zorder=0, label=name))
    axis.set(xscale="log", xlabel=WIDTH, ylabel=f"{points.title} ({points.error_said})")
    label_log(axis.xaxis)
    return handles


def _over_schedule(figure: Figure, axis: Axes, points: SearchPoints) -> None:
    drawn = axis.scatter(
        points.schedule.amplitude,
        points.schedule.period,
        c=points.schedule[points.value],
        s=18,
        cmap="viridis" if points.limit is None else COLOURS,
        vmin=None if points.limit is None else -points.limit,
        vmax=points.limit,
        edgecolors="0.3",
        linewidths=0.3,
    )
    axis.set(xscale="log", yscale="log", xlabel=AMPLITUDE, ylabel=PERIOD)
    label_log(axis.xaxis)
    label_log(axis.yaxis)
    figure.colorbar(drawn, ax=axis, label=points.title)
