"""The picture of README: the schedule Γ(t), above the accuracy of each class over the same time."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import dynstudy
from dynstudy.analysis.traces import ClassCurves
from dynstudy.config import Configuration
from dynstudy.launch.follow import trace_cell
from dynstudy.pictures.style import plainly
from dynstudy.task.schedule import class_weights

ROOT = Path(__file__).resolve().parents[1]
AMPLITUDE, PERIOD = 30, 1000  # a cell of quickstart
OSCILLATIONS = 6
CLASSES = 3


@plainly
def schedule_figure() -> Figure:
    """Ten networks of a cell of quickstart over their last two cycles, and what moved them."""
    spec = dynstudy.load_spec(ROOT / "studies" / "quickstart.toml")
    configuration = Configuration("dce", 20, 1.0, AMPLITUDE, PERIOD)
    trace = trace_cell(
        configuration, spec.protocol, range(spec.replicates), oscillations=OSCILLATIONS
    )
    frame = trace.frame
    curves = ClassCurves.of(frame, ["accuracy"])
    steps = np.arange(frame.step.min(), frame.step.max())
    weights = class_weights(steps, CLASSES, AMPLITUDE, PERIOD, trace.tail_start)

    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [2, 3]})
    for label in range(CLASSES):
        style: dict[str, Any] = {"color": f"C{label}", "linewidth": 1.6, "label": f"class {label}"}
        upper.plot(steps, weights[:, label], **style)
        mean, error = (
            each.loc["validation", label].accuracy for each in (curves.mean, curves.error)
        )
        lower.plot(mean.index, mean, **style)
        lower.fill_between(
            mean.index, mean - error, mean + error, color=f"C{label}", alpha=0.2, linewidth=0
        )
    for axis in (upper, lower):
        for turn in range(int(steps[0]), trace.tail_start + 1, PERIOD):
            axis.axvline(turn, color="0.8", linewidth=0.6, zorder=0)
        axis.set_xlim(steps[0], frame.step.max())
    _mark(upper, int(steps[0]), weights[PERIOD // 2])
    upper.set(ylabel="weight Γ of a class", ylim=(0, 3.6))
    lower.plot(curves.accuracy.index, curves.accuracy, color="black", label="all three")
    lower.set(ylabel="validation accuracy", xlabel="step of training", ylim=(0, 1.03))
    lower.legend(loc="lower right", fontsize=8)
    between = (trace.tail_start + frame.step.max()) / 2
    upper.text(between, 1.1, "static tail: A = 1", ha="center", va="bottom")
    figure.suptitle(
        f"{spec.name}: A = {AMPLITUDE}, T = {PERIOD}, {spec.replicates} networks of 20 hidden "
        "units, mean ± standard error",
        fontsize=10,
    )
    return figure


def _mark(axis: Axes, first: int, peak: np.ndarray) -> None:
    """T, the length of one class's rise and fall, and A, the ratio of the weights at its peak."""
    both = {"arrowstyle": "<->", "color": "black"}
    axis.annotate("", (first, 3.15), (first + PERIOD, 3.15), arrowprops=both)
    axis.text(first + PERIOD / 2, 3.2, "T", ha="center", va="bottom")
    middle = first + PERIOD // 2
    axis.annotate("", (middle, peak.min()), (middle, peak.max()), arrowprops=both)
    axis.text(middle + PERIOD / 20, peak.mean(), "× A", va="center")
