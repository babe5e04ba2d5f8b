"""Studies side by side as a person takes them away: rows to print, CSVs and pictures.

Of a comparison, and of what sets the onset of forgetting.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from dynstudy.analysis.comparison import SideBySide
from dynstudy.analysis.onset_laws import EXPONENTS
from dynstudy.analysis.onset_scaling import Scaling
from dynstudy.config import place_name
from dynstudy.measure.accuracy import with_error
from dynstudy.pictures.comparison import comparison_figure
from dynstudy.pictures.onset_scaling import collapse_figure, onset_figure
from dynstudy.pictures.style import save
from dynstudy.report.rows import console, print_rows, with_interval
from dynstudy.report.safe_files import write_rows, write_whole
from dynstudy.report.words import Format

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEANING = (
    "laws A* = factor T^b through onsets that lie between tested amplitudes inside the map, each "
    "tested against a larger model; curves through the forgetting of all cells, explained: the "
    "share of the variance of periods left out. Intervals are 95 %."
)


def write_comparison(compared: SideBySide, folder: Path) -> list[Path]:
    """Write a comparison as PNG and as CSVs, by width and side and by matched cell."""
    tables = {"compare.csv": compared.summary, "compare-cells.csv": compared.cells}
    return [
        _write_picture(comparison_figure(compared), folder / "compare.png", "comparison"),
        *(write_rows(rows, folder / name) for name, rows in tables.items() if rows),
    ]


def write_scaling(scalings: list[Scaling], level: float, folder: Path) -> list[Path]:
    """Write two pictures and two tables."""
    tables = {"scaling.csv": all_rows(scalings), "scaling-onsets.csv": onset_rows(scalings)}
    return [
        _write_picture(onset_figure(scalings, level), folder / "scaling-onsets.png", "scaling"),
        _write_picture(collapse_figure(scalings), folder / "scaling-collapse.png", "scaling"),
        *(write_rows(rows, folder / name) for name, rows in tables.items()),
    ]


def _write_picture(figure: "Figure", path: Path, title: str) -> Path:
    return write_whole(path, lambda whole: save(figure, whole, title))


def short_comparison(compared: SideBySide) -> list[dict[str, str]]:
    """A comparison's summary in few columns, what was asked for first, for a terminal."""
    return [
        {
            "width": str(row["width"]),
            "rate": f"{row['learning_rate']:g}",
            "study, loss": f"{row['study']}, {row['loss']}",
            "difference": with_interval(row, "difference"),
            "gain there": with_interval(row, "gain"),
            "matched": str(row["matched"]),
            **_counts(row),
            "best useful": with_interval(row, "best_gain"),
            "at": _best_cell(row),
            "static": _mean(row["static"], row["static_sem"]),
        }
        for row in compared.summary
    ]


def _counts(row: dict[str, Any]) -> dict[str, str]:
    if row["useful"] is None:
        return {"useful": "untested", "harmful": "", "forget": ""}
    useful = f"{row['useful']} of {row['cells']}"
    return {"useful": useful, "harmful": str(row["harmful"]), "forget": str(row["forgets"])}


def _mean(value: float | None, sem: float | None) -> str:
    return "" if value is None else with_error(value, sem)


def _best_cell(row: dict[str, Any]) -> str:
    if row["best_gain"] is None:
        return ""
    return place_name(row["best_amplitude"], row["best_period"])


def all_rows(scalings: Sequence[Scaling]) -> list[dict[str, Any]]:
    """The rows of all losses."""
    return [row for scaling in scalings for row in scaling.rows]


def short_scaling(scalings: Sequence[Scaling]) -> list[dict[str, str]]:
    """The rows in few columns, for a terminal."""
    return [
        {
            "loss": row["loss"],
            "width": "all" if row["width"] is None else str(row["width"]),
            "rate": "all" if row["learning_rate"] is None else f"{row['learning_rate']:g}",
            "model": row["model"],
            "T to the": with_interval(row, EXPONENTS[0], ".2f"),
            "says": _says(row),
            "rate to the": with_interval(row, EXPONENTS[1], ".2f"),
            "width to the": with_interval(row, EXPONENTS[2], ".2f"),
            "onsets": _onsets(row),
            "explained": with_interval(row, "explained", ".2f"),
            "against": row["against"] or "",
        }
        for row in all_rows(scalings)
    ]


def print_scaling(scalings: Sequence[Scaling], out: TextIO) -> None:
    """Print the rows for a person, and what their words mean."""
    print_rows(short_scaling(scalings), Format.table, out)
    console(out).print(MEANING, style="dim", markup=False)


def _onsets(row: dict[str, Any]) -> str:
    count = row["inside"] + row["below"] + row["above"]
    return f"{row['inside']} of {count}" if row["explained"] is None else ""


def _says(row: dict[str, Any]) -> str:
    if row["p_value"] is not None:
        return f"{row['says']} (p = {row['p_value']:.2g})"
    if row["lost"] is not None:
        return f"{row['says']} (explains {with_interval(row, 'lost', '.2f')} less)"
    return row["says"] or ""


def onset_rows(scalings: Sequence[Scaling]) -> list[dict[str, Any]]:
    """Between which tested amplitudes forgetting sets in, per panel and period; None beyond."""
    return [
        {
            "study": panel.study,
            "loss": panel.loss,
            "width": panel.width,
            "learning_rate": panel.learning_rate,
            "period": int(period),
            "amplitude_low": float(low) if low > 0 else None,
            "amplitude_high": float(high) if math.isfinite(high) else None,
        }
        for scaling in scalings
        for panel, onsets in zip(scaling.panels, scaling.onsets, strict=True)
        for period, low, high in zip(onsets.period, onsets.low, onsets.high, strict=True)
    ]
