"""The picture of one network's training."""

import pandas as pd
from matplotlib.figure import Figure

from dynstudy.analysis.class_curves import ClassCurves
from dynstudy.pictures.style import SMALLEST_LOSS


def curve_figure(curve: pd.DataFrame, title: str) -> Figure:
    """Accuracy and loss of each class over the steps.

    Args:
        curve: from `dynstudy.launch.follow.train_curve`.
        title: above the picture.

    Returns:
        Solid lines are of the validation set, dotted ones of training.
    """
    curves = ClassCurves.of(curve, ["accuracy", "loss"])
    figure = Figure(figsize=(8.0, 5.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for label in curves.mean.index.unique("class"):
        for subset, dashes in (("train", ":"), ("validation", "-")):
            line = curves.mean.loc[subset, label]
            style = {
                "color": f"C{label}",
                "linestyle": dashes,
                "linewidth": 1.2,
                "label": f"class {label}, {subset}",
            }
            upper.plot(line.index, line.accuracy, **style)
            lower.plot(line.index, line.loss.clip(lower=SMALLEST_LOSS), **style)
    upper.plot(
        curves.accuracy.index, curves.accuracy, color="black", linewidth=1.6,
        label="all, validation",
    )  # fmt: skip
    upper.set(ylabel="accuracy", ylim=(-0.02, 1.02))
    lower.set(ylabel="static loss of the class", xlabel="step", yscale="log")
    handles, labels = upper.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.suptitle(title, fontsize=10, parse_math=False)
    return figure
