"""The intervals in which a network that was followed at every step has one period."""

from typing import Any

import numpy as np
import pandas as pd

from dynstudy.measure.accuracy import or_none
from dynstudy.measure.periods import intervals


def cycle_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows from the frame of `dynstudy.launch.every_step`.

    Returns:
        Each interval's first and last step and how many these are; its period, None where it is
        none of 1, 2, 4 and 8; the lowest and the highest training accuracy of its branches; and the
        lowest multiplier in it, where any was read.
    """
    rows = []
    for part in intervals(frame):
        accuracies = part.groupby("branch").train_accuracy.mean()
        row = {
            "from": int(part.step.iloc[0]),
            "to": int(part.step.iloc[-1]),
            "steps": len(part),
            "period": int(part.cycle.iloc[0]) or None,
            "lowest_branch": float(accuracies.min()),
            "highest_branch": float(accuracies.max()),
        }
        if np.isfinite(frame.multiplier).any():
            row["lowest_multiplier"] = or_none(float(part.multiplier.min()))
        rows.append(row)
    return rows
