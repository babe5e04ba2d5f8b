"""The training of one network in a few lines."""

import math
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.measure.measure import POINTS

LINES = 12
"""Of the printed table."""


def curve_rows(curve: pd.DataFrame) -> list[dict[str, Any]]:
    """A few steps of a curve: accuracies, training loss, validation accuracy of each class."""
    steps = sorted(curve.step.unique())
    chosen = {*steps[:: math.ceil(len(steps) / LINES)], steps[-1]}
    rows = []
    for step, now in curve[curve.step.isin(chosen)].groupby("step"):
        train, validation = (now[now["set"] == name] for name in ("train", "validation"))
        sizes = train.get(POINTS), validation.get(POINTS)
        rows.append(
            {
                "step": int(step),
                "train_accuracy": float(np.average(train.accuracy, weights=sizes[0])),
                "val_accuracy": float(np.average(validation.accuracy, weights=sizes[1])),
                "train_loss": float(np.average(train.loss, weights=sizes[0])),
            }
            | {f"val_accuracy_{row['class']}": row["accuracy"] for _, row in validation.iterrows()}
        )
    return rows
