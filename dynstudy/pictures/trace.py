"""The picture of a cell's last oscillations, and its kinds of forgetting in a few lines."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

TAIL = "0.93"
SMALLEST_LOSS = 1e-12
PANELS = (
    ("accuracy", "accuracy"),
    ("loss", "static loss\nof the class"),
    ("gamma", "weight Γ"),
)


def save_trace(frame: pd.DataFrame, period: int, tail_start: int, title: str, path: Path) -> Path:
    """Draw accuracy, loss and weight of each class: means over seeds, bands of a standard error.

    Args:
        frame: of `dynstudy.launch.follow_cell.Trace`.
        period: T.
        tail_start: the step at which the tail begins, which is shaded and has a scale of its own.
        title: above the picture.
        path: the PNG file.

    Returns:
        The file.
    """
    tail = int(frame.step.max()) > tail_start
    layout = ConstrainedLayoutEngine(wspace=0.01)
    figure = Figure(figsize=(9.0, 6.6), layout=layout)
    FigureCanvasAgg(figure)
    ratios = {"height_ratios": [3, 2.4, 1.2], "width_ratios": [4, 1.1] if tail else [1]}
    grid = figure.subplots(
        3, 1 + tail, sharex="col", sharey="row", squeeze=False, gridspec_kw=ratios
    )
    groups = frame.groupby(["set", "class", "step"])
    means = groups[["accuracy", "loss", "gamma"]].mean()
    errors = groups[["accuracy", "loss", "gamma"]].sem()
    for row, (measure, label) in zip(grid, PANELS, strict=True):
        for axis in row:
            _lines(axis, means[measure], errors[measure], measure)
        row[0].set_ylabel(label)
    first = int(frame.step.min())
    for axis in grid[:, 0]:
        axis.set_xlim(first, tail_start)
        for turn in range(first, tail_start + 1, period):
            axis.axvline(turn, color="0.8", linewidth=0.6, zorder=0)
    grid[-1, 0].set_xlabel("step")
    if tail:
        for axis in grid[:, 1]:
            axis.set_facecolor(TAIL)
            axis.set_xlim(tail_start, int(frame.step.max()))
            axis.xaxis.set_major_locator(MaxNLocator(2, integer=True, prune="lower"))
            axis.tick_params(left=False, which="both")
        grid[0, 1].set_title("tail, A = 1", fontsize=9)
        grid[-1, 1].set_xlabel("step")
    grid[0, 0].set_ylim(-0.02, 1.02)
    grid[1, 0].set_yscale("log")
    grid[2, 0].set_ylim(bottom=0)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.suptitle(title, fontsize=10, parse_math=False)
    figure.savefig(path, dpi=150)
    return path


def _lines(axis: Axes, mean: pd.Series, error: pd.Series, measure: str) -> None:
    """A line per class, solid and with its band on the validation set, dotted in training."""
    for label in mean.index.unique("class"):
        colour = f"C{label}"
        own, band = mean["validation", label], error["validation", label]
        steps = own.index.to_numpy()
        axis.plot(steps, own, color=colour, linewidth=1.3, label=f"class {label}, validation")
        if measure == "gamma":
            continue
        low, high = own - band, own + band
        if measure == "loss":
            low = low.clip(lower=SMALLEST_LOSS)
        axis.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)
        trained = mean["train", label]
        axis.plot(
            steps,
            trained,
            color=colour,
            linewidth=0.9,
            linestyle=":",
            label=f"class {label}, train",
        )
    if measure == "accuracy":
        whole = mean["validation"].groupby("step").mean()
        axis.plot(whole.index, whole, color="black", linewidth=1.2, label="all, validation")
