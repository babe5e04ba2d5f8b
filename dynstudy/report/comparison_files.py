"""A comparison as a person takes it away: rows to print, two CSVs and a picture."""

import math
from pathlib import Path
from typing import Any

from dynstudy.analysis.comparison import SideBySide
from dynstudy.analysis.regime_map import with_error
from dynstudy.pictures.comparison import comparison_figure
from dynstudy.pictures.style import save
from dynstudy.report.rows import with_interval
from dynstudy.report.safe_files import write_rows, write_whole


def write_comparison(compared: SideBySide, folder: Path) -> list[Path]:
    """Write a comparison as PNG and as CSVs, by width and side and by matched cell."""
    picture = write_whole(
        folder / "compare.png", lambda path: save(comparison_figure(compared), path, "comparison")
    )
    tables = (("compare.csv", compared.summary), ("compare-cells.csv", compared.cells))
    return [picture, *(write_rows(rows, folder / name) for name, rows in tables if rows)]


def short_rows(compared: SideBySide) -> list[dict[str, str]]:
    """A comparison's summary in few columns, for a terminal."""
    return [
        {
            "width": str(row["width"]),
            "rate": f"{row['learning_rate']:g}",
            "study, loss": f"{row['study']}, {row['loss']}",
            "static": _mean(row["static"], row["static_sem"]),
            "useful": f"{row['useful']} of {row['cells']}",
            "harmful": str(row["harmful"]),
            "forgetting": str(row["forgetting"]),
            "best useful": with_interval(row, "best_gain"),
            "at": _best_cell(row),
            "matched": str(row["matched"]),
            "gain there": with_interval(row, "gain"),
            "difference": with_interval(row, "difference"),
        }
        for row in compared.summary
    ]


def _mean(value: float | None, sem: float | None) -> str:
    return "" if value is None else with_error(value, math.nan if sem is None else sem)


def _best_cell(row: dict[str, Any]) -> str:
    if row["best_gain"] is None:
        return ""
    return f"A {row['best_amplitude']:g}, T {row['best_period']}"
