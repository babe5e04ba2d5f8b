"""Intervals of one period as rows."""

import numpy as np
import pandas as pd

from dynstudy.report.cycle_rows import cycle_rows


def followed(cycles: list[int], multipliers: dict[int, float]) -> pd.DataFrame:
    steps = np.arange(10, 10 + len(cycles))
    return pd.DataFrame({
        "step": steps,
        "branch": steps % 4,
        "loss": 1.0,
        "train_accuracy": 0.5 + 0.1 * (steps % 4),
        "val_accuracy": 0.3,
        "cycle": cycles,
        "multiplier": [multipliers.get(int(step), np.nan) for step in steps],
        "imaginary": 0.0,
    })


def test_a_row_per_interval_with_its_lowest_multiplier() -> None:
    rows = cycle_rows(
        followed([1] * 8 + [2] * 4 + [0] * 4 + [1] * 2, {10: 0.1, 19: -0.5, 20: -1.5})
    )
    assert [(row["from"], row["to"], row["steps"], row["period"]) for row in rows] == [
        (10, 17, 8, 1), (18, 21, 4, 2), (22, 25, 4, None), (26, 27, 2, 1)
    ]  # fmt: skip
    assert [row["lowest_multiplier"] for row in rows] == [0.1, -1.5, None, None]
    np.testing.assert_allclose([row["lowest_branch"] for row in rows], [0.5, 0.5, 0.5, 0.7])
    np.testing.assert_allclose([row["highest_branch"] for row in rows], 0.8)


def test_what_was_not_read_has_no_column() -> None:
    (row,) = cycle_rows(followed([4] * 5, {}))
    assert list(row) == ["from", "to", "steps", "period", "lowest_branch", "highest_branch"]
