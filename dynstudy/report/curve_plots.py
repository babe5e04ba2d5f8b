"""The picture of one network's training, and its numbers in a few lines."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

LINES = 12
"""Of the printed table."""


def save_curve(curve: pd.DataFrame, title: str, path: Path) -> Path:
    """Draw accuracy and loss of each class over the steps.

    Args:
        curve: from `dynstudy.bridge.curve.train_curve`.
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


def curve_rows(curve: pd.DataFrame) -> list[dict[str, Any]]:
    """A few steps of a curve, a row each, for a person.

    Args:
        curve: from `dynstudy.bridge.curve.train_curve`.

    Returns:
        Step, accuracies on both sets, the mean training loss, validation accuracy of each class.
    """
    steps = sorted(curve.step.unique())
    every = max(1, -(-len(steps) // LINES))
    chosen = sorted({*steps[::every], steps[-1]})
    rows = []
    for step in chosen:
        now = curve[curve.step == step]
        train, validation = (now[now["set"] == name] for name in ("train", "validation"))
        rows.append(
            {
                "step": int(step),
                "train_accuracy": float(train.accuracy.mean()),
                "val_accuracy": float(validation.accuracy.mean()),
                "train_loss": float(train.loss.mean()),
            }
            | {f"val_accuracy_{row['class']}": row["accuracy"] for _, row in validation.iterrows()}
        )
    return rows
