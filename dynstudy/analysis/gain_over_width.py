"""How the gain of each side of a comparison moves with the width."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from dynstudy.analysis.comparison import INTERVAL, SideBySide

GAIN = [f"gain{end}" for end in INTERVAL]


@dataclass(frozen=True)
class GainCurve:
    """The gain of one side at one learning rate."""

    study: str
    loss: str
    learning_rate: float
    gains: pd.DataFrame  # a row per width: gain, gain_low, gain_high

    @classmethod
    def of(cls, compared: SideBySide) -> "list[GainCurve]":
        """The curves: mean gains over matched cells with 95 % intervals, or of the only cell."""
        rows: dict[tuple[str, str, float], list[Any]] = {}
        for row in compared.summary:
            gain = row if row["gain"] is not None else _of_only_cell(compared, row)
            if gain is not None:
                side = row["study"], row["loss"], row["learning_rate"]
                rows.setdefault(side, []).append([row["width"], *(gain[name] for name in GAIN)])
        return [
            cls(*side, pd.DataFrame(values, columns=["width", *GAIN], dtype=float))
            for side, values in rows.items()
        ]


def _of_only_cell(compared: SideBySide, row: dict[str, Any]) -> Any:
    """The gain of a side's only cell of a width and learning rate, which may match no other."""
    if row["cells"] != 1:
        return None
    side = next(s for s in compared.sides if (s.study, s.loss) == (row["study"], row["loss"]))
    cells = side.trained()
    cells = cells[(cells.width == row["width"]) & (cells.learning_rate == row["learning_rate"])]
    return None if pd.isna(cells.gain.iloc[0]) else cells.iloc[0]
