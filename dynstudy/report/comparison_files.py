"""A comparison as a person takes it away: rows to print, two CSVs and a picture."""

import math
from pathlib import Path
from typing import Any

from dynstudy.analysis.comparison import SideBySide
from dynstudy.analysis.regime_map import with_error
from dynstudy.pictures.comparison import comparison_figure
from dynstudy.pictures.style import save
from dynstudy.report.safe_files import write_rows, write_whole


def write_comparison(found: SideBySide, folder: Path) -> list[Path]:
    """Write a comparison as PNG and as CSVs, by width and side and by matched cell."""
    picture = write_whole(
        folder / "compare.png", lambda path: save(comparison_figure(found), path, "comparison")
    )
    tables = (("compare.csv", found.summary), ("compare-cells.csv", found.cells))
    return [picture, *(write_rows(rows, folder / name) for name, rows in tables if rows)]


def short_rows(found: SideBySide) -> list[dict[str, str]]:
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
            "best useful": _with_interval(row, "best_gain"),
            "at": _place(row),
            "matched": str(row["matched"]),
            "gain there": _with_interval(row, "gain"),
            "difference": _with_interval(row, "difference"),
        }
        for row in found.summary
    ]


def _mean(value: float | None, sem: float | None) -> str:
    return "" if value is None else with_error(value, math.nan if sem is None else sem)


def _place(row: dict[str, Any]) -> str:
    if row["best_gain"] is None:
        return ""
    return f"A {row['best_amplitude']:g}, T {row['best_period']}"


def _with_interval(row: dict[str, Any], name: str) -> str:
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return ""
    return f"{value:+.3f}" + ("" if low is None else f" [{low:+.3f}, {high:+.3f}]")
