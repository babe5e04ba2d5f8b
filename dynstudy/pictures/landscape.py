"""Figure 2 of the paper: one network over its first oscillations, and the loss about it."""

from typing import Any, cast

import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dynstudy.measure.landscape import FirstOscillations, LandscapeSlice
from dynstudy.pictures.fitting import add_legend_below, add_title
from dynstudy.pictures.style import ONSET, label_log, plainly

ZOOM = 0.04  # of an oscillation, on either side of the last switch
FEWEST = 10  # steps there
LEVELS = 16
MANY = 4  # slices, beyond which numbers below them have little room
MOST_TICKS, FEW_TICKS = 4, 2  # spaces between those
LOSSES = colormaps["viridis"]
CLASSES = "C{}"
SLICE = "0.35"
EIGENVALUES = ("lambda_1", "#2b5c9e", "λ₁"), ("lambda_2", "#e08214", "λ₂")
LETTERS = "abcdefgh"
DOTS: dict[str, Any] = {"linestyle": "", "marker": ".", "rasterized": True}  # in a PDF, too
CAPTION = (
    "Slices a, b, …: F at that step about the network (star), Γ held, along the eigenvectors v₁ "
    "and v₂ of the largest eigenvalues of its Hessian; darker is lower, in each by itself. Dots: "
    "its next positions, projected, in the colour of their F, which is not that of the plane, as "
    "they have left it."
)
PANELS = {
    "gamma": "weight Γ",
    "loss": "loss F",
    "train_accuracy": "training\naccuracy",
    "lambda": "λ",
}


@plainly
def landscape_figure(shown: FirstOscillations, title: str) -> Figure:
    """Γ, loss, training accuracy and eigenvalues at every step, and slices of the landscape.

    Returns:
        Above on the left all that is shown, on the right a little about the last switch of class;
        below the loss about the network in the plane of v1 and v2, and along v1, with its next
        positions.
    """
    columns = max(len(shown.slices), 3)
    figure = Figure(figsize=(10.0, 10.6), layout=ConstrainedLayoutEngine(hspace=0.02))
    upper, lower = cast("list[SubFigure]", figure.subfigures(2, 1, height_ratios=[1.45, 1.1]))
    grid = upper.subplots(4, 2, sharex="col", gridspec_kw={"width_ratios": [2.3, 1]})
    middle, reach = shown.last_switch, max(round(ZOOM * shown.period), FEWEST)
    last = int(shown.steps.step.iloc[-1])
    for axes, (low, high) in zip(
        grid.T, ((0, last), (max(middle - reach, 0), min(middle + reach, last))), strict=True
    ):
        _along(axes, shown, low, high)
    for axis, label in zip(grid[:, 0], PANELS.values(), strict=True):
        axis.set_ylabel(label)
    grid[0, 1].set_title("about the last switch of class", fontsize=9)
    for letter, each in zip(LETTERS, shown.slices, strict=False):
        at = {"xy": (each.step, 1), "xycoords": ("data", "axes fraction")}
        grid[0, 0].annotate(letter, **at, ha="center", va="bottom", fontsize=9, color=SLICE)
    panels = lower.subplots(2, columns, squeeze=False, gridspec_kw={"height_ratios": [1.5, 1]})
    for axis in panels[:, len(shown.slices) :].ravel():
        axis.set_axis_off()
    for column, letter, each in zip(panels.T, LETTERS, shown.slices, strict=False):
        _slice(column, letter, each, MOST_TICKS if columns <= MANY else FEW_TICKS)
    panels[0, 0].set_ylabel("b, along v₂")
    panels[1, 0].set_ylabel("F along v₁")
    add_legend_below(figure, [*_key(grid[0, 0]), *_key(grid[3, 0])], CAPTION)
    add_title(figure, title)
    return figure


def _key(axis: Axes) -> list[Artist]:
    """What a legend has of an axis, its dots made large enough to be seen."""
    handles = axis.get_legend_handles_labels()[0]
    return [
        Line2D([], [], linestyle="", marker=".", color=each.get_color(), label=each.get_label())
        if isinstance(each, Line2D) and each.get_marker() == "."
        else each
        for each in handles
    ]


def _along(axes: Any, shown: FirstOscillations, low: int, high: int) -> None:
    """The panels over the steps from one to another."""
    steps, whole = shown.steps[shown.steps.step.between(low, high)], low == 0
    dots = DOTS | {"markersize": np.clip(50 / np.sqrt(len(steps)), 1, 5), "markeredgewidth": 0}
    gamma, loss, accuracy, curvature = axes
    for name in (name for name in steps if name.startswith("gamma_")):
        label = name.removeprefix("gamma_")
        colour = CLASSES.format(label)
        gamma.plot(steps.step, steps[name], color=colour, linewidth=1.3, label=f"class {label}")
    gamma.set_ylim(bottom=0)
    loss.plot(steps.step, steps.loss, color="0.15", **dots)
    loss.set_yscale("log")
    label_log(loss.yaxis)
    accuracy.plot(steps.step, steps.train_accuracy, color="0.15", **dots)
    read = steps[steps.lambda_1.notna()]
    for name, colour, label in EIGENVALUES:
        curvature.plot(read.step, read[name], color=colour, label=label, **dots)
    curvature.axhline(2 / shown.learning_rate, color="0.3", linestyle="--", label="2/η")
    curvature.set_ylim(bottom=min(0, read.lambda_2.min()))
    curvature.set_xlabel("step")
    curvature.set_xlim(low, high)
    curvature.xaxis.set_major_locator(MaxNLocator(8 if whole else 5, integer=True))
    for axis in axes:
        for switch in range(0, high + 1, shown.period):
            axis.axvline(switch, color="0.8", linewidth=0.8, zorder=0)
        for onset in shown.onsets:
            line = axis.axvline(onset, color=ONSET, linewidth=0.9, linestyle=":", zorder=0)
            if axis is gamma and onset == shown.onsets[0]:
                line.set_label("onset of an instability")
        for each in shown.slices if whole else ():
            axis.axvline(each.step, color=SLICE, linewidth=0.5, zorder=0)
    for axis in axes[:3]:
        axis.tick_params(labelbottom=False)


def _slice(axes: Any, letter: str, shown: LandscapeSlice, ticks: int) -> None:
    """The loss on the plane above, along v1 below."""
    plane, cut = axes
    every = np.concatenate([shown.losses.ravel(), shown.cut, shown.path_losses])
    scale = Normalize(every.min(), every.max())
    colours = {"cmap": LOSSES, "norm": scale}
    plane.contourf(shown.along_1, shown.along_2, shown.losses, LEVELS, **colours)
    a, b = shown.path.T
    plane.plot(a, b, color="white", linewidth=0.7)
    points = {"c": shown.path_losses, "edgecolors": "white", "linewidths": 0.6, "zorder": 3}
    plane.scatter(a, b, s=16, **points, **colours)
    plane.plot(a[:1], b[:1], "*", color=ONSET, markersize=8, markeredgecolor="white", zorder=4)
    plane.set_aspect("equal")
    plane.set_title(f"{letter}: step {shown.step}", fontsize=9)
    cut.plot(shown.along_1, shown.cut, color="0.4", linewidth=1.0)
    cut.scatter(a, shown.path_losses, s=16, **points | {"edgecolors": "0.2"}, **colours)
    cut.plot(a[:1], shown.path_losses[:1], "*", color=ONSET, markersize=8, zorder=4)
    cut.set_xlabel("a, along v₁")
    cut.set_xlim(*shown.along_1[[0, -1]])
    for axis in axes:
        axis.tick_params(labelsize=8)
        axis.xaxis.set_major_locator(MaxNLocator(ticks))
    plane.yaxis.set_major_locator(MaxNLocator(5))
