"""A bifurcation diagram: a network at every step, in four colours in turn."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynstudy.measure.periods import intervals
from dynstudy.pictures.fitting import add_legend_below, add_title
from dynstudy.pictures.style import SMALLEST_LOSS, label_log, plainly

BRANCHES = {0: "#08306b", 1: "#a63603", 2: "#6baed6", 3: "#fdae6b"}
"""Colours by step mod 4: those of a branch of period 2 are alike, and of period 4 all differ."""
CYCLES = {0: "0.55", 1: "0.94", 2: "0.82", 4: "#cbb7dd", 8: "#8f6bb3"}
NAMES = {0: "none"}


@plainly
def branches_figure(frame: pd.DataFrame, turns: int | None, title: str) -> Figure:
    """Training accuracy and loss in the frame of `dynstudy.launch.every_step`, and its periods.

    Args:
        frame: a row per step.
        turns: T, where the next class's turn begins each time; None if there are none.
        title: above it.

    Returns:
        Points, coloured by step mod 4; below them the multiplier, where it was read, and a strip
        that says which period was told.
    """
    read = frame[np.isfinite(frame.multiplier)]
    heights = [3.0, 3.0, *([1.6] if len(read) else []), 0.35]
    figure = Figure(figsize=(9.0, 0.8 + 0.72 * sum(heights)), layout="constrained")
    accuracy, loss, *others, strip = figure.subplots(
        len(heights), 1, sharex=True, gridspec_kw={"height_ratios": heights}
    )
    for branch, colour in BRANCHES.items():
        rows = frame[frame.branch == branch]
        style: dict[str, Any] = {"linestyle": "", "marker": ".", "markersize": 2.0}
        style |= {
            "markeredgewidth": 0,
            "color": colour,
            "label": f"steps 4n + {branch}" if branch else "steps 4n",
        }
        accuracy.plot(rows.step, rows.train_accuracy, **style)
        loss.plot(rows.step, rows.loss.clip(lower=SMALLEST_LOSS), **style)
    accuracy.set_ylabel("training accuracy")
    loss.set(ylabel="loss F", yscale="log")
    label_log(loss.yaxis)
    for axis in others:
        _multiplier(axis, read)
    _strip(strip, frame)
    first, last = int(frame.step.iloc[0]), int(frame.step.iloc[-1])
    strip.set_xlim(first, last + 1)
    strip.set_xlabel("step" if turns is None else "step (lines: the next class's turn begins)")
    for turn in range(-(-first // turns) * turns, last + 1, turns) if turns else ():
        for axis in (accuracy, loss, *others):
            axis.axvline(turn, color="0.7", linewidth=0.7, zorder=0)
    legend = add_legend_below(figure, accuracy.get_legend_handles_labels()[0])
    for line in legend.get_lines():
        line.set_markersize(8)
    add_title(figure, title)
    return figure


def _multiplier(axis: Axes, read: pd.DataFrame) -> None:
    """The multiplier, and where the cycle of two steps doubles."""
    real = read.imaginary == 0
    for rows, face in ((read[real], "black"), (read[~real], "white")):
        axis.plot(
            rows.step, rows.multiplier, "o", markersize=2.4, color="black", markerfacecolor=face,
            markeredgewidth=0.5,
        )  # fmt: skip
    axis.axhline(-1, color="0.3", linestyle="--", linewidth=0.8, zorder=0)
    axis.set_ylabel("multiplier\nof the 2-cycle")


def _strip(axis: Axes, frame: pd.DataFrame) -> None:
    """A bar for each interval of one period, with the period in it where there is room."""
    span = len(frame)
    for part in intervals(frame):
        cycle, first = int(part.cycle.iloc[0]), int(part.step.iloc[0])
        axis.axvspan(first, first + len(part), color=CYCLES[cycle], linewidth=0)
        text = NAMES.get(cycle, str(cycle))
        if len(part) > 0.012 * len(text) * span:
            axis.text(
                first + len(part) / 2, 0.5, text, ha="center", va="center", fontsize=8,
                transform=axis.get_xaxis_transform(), color="white" if cycle in {0, 8} else "black",
            )  # fmt: skip
    axis.set_yticks([])
    axis.set_ylabel("period", rotation=0, ha="right", va="center")
