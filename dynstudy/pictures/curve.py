"""The picture of one network's training, and its numbers in a few lines."""

from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def save_curve(curve: pd.DataFrame, title: str, path: Path) -> Path:
    """Draw accuracy and loss of each class over the steps.

    Args:
        curve: from `dynstudy.launch.follow_network.train_curve`.
        title: above the picture.
        path: the PNG file.

    Returns:
        The file.
    """
    figure = Figure(figsize=(8.0, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True)
    for (label, subset), own in curve.groupby(["class", "set"], sort=True):
        style = {
            "color": f"C{label}",
            "linestyle": "-" if subset == "validation" else ":",
            "linewidth": 1.2,
            "label": f"class {label}, {subset}",
        }
        upper.plot(own.step, own.accuracy, **style)
        lower.plot(own.step, own.loss.clip(lower=1e-12), **style)
    mean = curve[curve["set"] == "validation"].groupby("step").accuracy.mean()
    upper.plot(mean.index, mean, color="black", linewidth=1.6, label="all, validation")
    upper.set(ylabel="accuracy", ylim=(-0.02, 1.02))
    lower.set(ylabel="static loss of the class", xlabel="step", yscale="log")
    handles, labels = upper.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.suptitle(title, fontsize=10, parse_math=False)
    figure.savefig(path, dpi=150)
    return path
