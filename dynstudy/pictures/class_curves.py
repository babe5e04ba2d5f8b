"""Pictures of each class along training: of one network, and of a cell's last oscillations."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from dynstudy.analysis.traces import ClassCurves
from dynstudy.pictures.fitting import add_legend_below, add_title
from dynstudy.pictures.style import (
    SMALLEST_LOSS,
    label_log,
    plainly,
)

TAIL = "0.93"
MOST_OSCILLATIONS = 30
"""That lines are drawn through: more leave too little paper between them to see one."""
LONGEST = 20
"""Of a class's name, letters that are shown."""
DOTS: dict[str, dict[str, Any]] = {
    "train": {"linestyle": "", "marker": "+", "markersize": 2.5, "markeredgewidth": 0.4},
    "validation": {"linestyle": "", "marker": ".", "markersize": 3.0},
    "all": {"linestyle": "", "marker": ".", "markersize": 2.0},
}
PANELS = {"accuracy": "accuracy", "loss": "static loss\nof the class", "gamma": "weight Γ"}


@plainly
def trace_figure(
    frame: pd.DataFrame, period: int, tail_start: int, title: str, names: Sequence[str] = ()
) -> Figure:
    """Accuracy, loss and weight of each class in the frame of a `dynstudy.launch.follow.Trace`.

    Returns:
        Means over seeds, bands of a standard error; solid lines are of the validation set, dotted
        ones of training. The tail, from `tail_start` on, is shaded and has a scale of its own.
    """
    first, last = int(frame.step.min()), int(frame.step.max())
    tail = last > tail_start
    figure = Figure(figsize=(9.0, 5.8), layout=ConstrainedLayoutEngine(wspace=0.01))
    ratios = {"height_ratios": [3, 2.4, 1.2], "width_ratios": [4, 1.1] if tail else [1]}
    grid = figure.subplots(
        3, 1 + tail, sharex="col", sharey="row", squeeze=False, gridspec_kw=ratios
    )
    curves = ClassCurves.of(frame, list(PANELS))
    for row, (measure, label) in zip(grid, PANELS.items(), strict=True):
        for axis in row:
            _lines(axis, curves, measure, names)
        row[0].set_ylabel(label)
    for axis in grid[:, 0]:
        axis.set_xlim(first, tail_start)
        for turn in range(first, tail_start + 1, period):
            axis.axvline(turn, color="0.8", linewidth=0.6, zorder=0)
    grid[-1, 0].set_xlabel("step (lines: the next class's turn begins)")
    if tail:
        for axis in grid[:, 1]:
            axis.set_facecolor(TAIL)
            axis.set_xlim(tail_start, last)
            axis.xaxis.set_major_locator(MaxNLocator(2, integer=True, prune="lower"))
            axis.tick_params(left=False, which="both")
        grid[0, 1].set_title("tail, A = 1", fontsize=9)
        grid[-1, 1].set_xlabel("step")
    grid[0, 0].set_ylim(-0.02, 1.02)
    grid[1, 0].set_yscale("log")
    label_log(grid[1, 0].yaxis)
    grid[2, 0].set_ylim(bottom=0)
    _finish(figure, grid[0, 0], title)
    return figure


def _lines(axis: Axes, curves: ClassCurves, measure: str, names: Sequence[str]) -> None:
    """A line per class, solid and with its band on the validation set, dotted in training."""
    for label in curves.mean.index.unique("class"):
        colour, name = f"C{label}", _name(label, names)
        line = curves.mean.loc["validation", label][measure]
        axis.plot(line.index, line, color=colour, linewidth=1.3, label=f"{name}, validation")
        if measure == "gamma":
            continue
        error = curves.error.loc["validation", label][measure]
        low, high = line - error, line + error
        if measure == "loss":
            low = low.clip(lower=SMALLEST_LOSS)
        axis.fill_between(line.index, low, high, color=colour, alpha=0.2, linewidth=0)
        trained = curves.mean.loc["train", label][measure]
        axis.plot(trained.index, trained, ":", color=colour, linewidth=0.9, label=f"{name}, train")
    if measure == "accuracy":
        _together(axis, curves, linewidth=1.2)


@plainly
def curve_figure(
    frame: pd.DataFrame, title: str, period: int | None = None, names: Sequence[str] = ()
) -> Figure:
    """Accuracy and loss of each class of one network, from `dynstudy.launch.follow.train_curve`.

    Returns:
        Lines; dots where lines would fill the picture, going up and down with each oscillation.
    """
    steps = int(frame.step.max())
    dots = period is not None and steps / period > MOST_OSCILLATIONS
    curves = ClassCurves.of(frame, ["accuracy", "loss"])
    figure = Figure(figsize=(8.0, 4.8), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for label in curves.mean.index.unique("class"):
        name = _name(label, names)
        for subset, dashes in (("train", ":"), ("validation", "-")):
            line = curves.mean.loc[subset, label]
            style: dict[str, Any] = {"color": f"C{label}", "label": f"{name}, {subset}"}
            style |= DOTS[subset] if dots else {"linestyle": dashes, "linewidth": 1.2}
            upper.plot(line.index, line.accuracy, **style)
            lower.plot(line.index, line.loss.clip(lower=SMALLEST_LOSS), **style)
    _together(upper, curves, **(DOTS["all"] if dots else {"linewidth": 1.6}))
    upper.set(ylabel="accuracy", ylim=(-0.02, 1.02))
    lower.set(ylabel="static loss of the class", xlabel="step", yscale="log")
    label_log(lower.yaxis)
    _finish(figure, upper, title)
    return figure


def _name(label: int, names: Sequence[str]) -> str:
    """What a class is called in a legend, where a long name takes all the room."""
    return names[label][:LONGEST] if names else f"class {label}"


def _together(axis: Axes, curves: ClassCurves, **style: Any) -> None:
    line = curves.accuracy
    axis.plot(line.index, line, color="black", label="all, validation", **style)


def _finish(figure: Figure, axis: Axes, title: str) -> None:
    """The legend of an axis below the picture, and a title above it."""
    add_legend_below(figure, axis.get_legend_handles_labels()[0])
    add_title(figure, title)
