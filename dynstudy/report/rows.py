"""Rows for people and for programs: a table on the terminal, JSON, or CSV."""

import csv
import json
import math
import os
from collections.abc import Collection, Mapping, Sequence
from io import StringIO
from typing import Any, TextIO

import pandas as pd
from rich.console import Console

from dynstudy.report.fitted_table import FittedTable, TextColumn
from dynstudy.report.words import Format

Rows = Sequence[Mapping[str, Any]]
NO_TERMINAL = 100_000  # characters


def print_rows(rows: Rows, form: Format, out: TextIO, last: Collection[str] = ()) -> None:
    """Print rows of the same keys as a table, JSON or CSV.

    In a table the `last` ones stand last, as those that are left out first.
    """
    if form is Format.json:
        json.dump([_plain(row) for row in rows], out, indent=1, default=str)
        out.write("\n")
    elif form is Format.csv:
        lines = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
        lines.writeheader()
        lines.writerows(rows)
    else:
        console(out).print(
            as_table([dict(sorted(row.items(), key=lambda item: item[0] in last)) for row in rows])
        )


def as_table(rows: Rows) -> FittedTable:
    """Rows of the same keys as a table to be printed."""
    return FittedTable([
        TextColumn(
            key.replace("_", " "),
            [shown(row[key]) for row in rows],
            isinstance(value, int | float) and not isinstance(value, bool),
        )
        for key, value in (rows[0] if rows else {}).items()
    ])


def console(out: TextIO) -> Console:
    """A console as wide as the terminal, or as COLUMNS says; nothing is too wide for a file."""
    terminal = out.isatty()
    width = None if terminal or os.environ.get("COLUMNS", "").isdecimal() else NO_TERMINAL
    return Console(
        file=out,
        force_jupyter=False,  # or it would write to the page of a notebook instead
        highlight=False,
        soft_wrap=not terminal,
        width=width,
    )


def shown(value: Any) -> str:
    """A value of a cell as a person reads it.

    Returns:
        Three digits of a fraction, nothing for what is absent.

    >>> shown(0.123456), shown(None), shown(3000.0), shown(True)
    ('0.123', '', '3000', 'yes')
    """
    if _absent(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}" if value == round(value) else f"{value:.3f}"
    return str(value)


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def with_interval(row: Any, name: str, form: str = "+.3f") -> str:
    """Return a number of a row, also of a table's, with its 95 % interval, where there are such.

    >>> with_interval({"gain": 0.2, "gain_low": 0.1, "gain_high": 0.3}, "gain")
    '+0.200 [+0.100, +0.300]'
    """
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if _absent(value):
        return ""
    return f"{value:{form}}" + ("" if _absent(low) else f" [{low:{form}}, {high:{form}}]")


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no nan."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }


def frame_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's rows with Python's own values, absent ones as None."""
    columns = _plain_columns(frame)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain_columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    columns = {}
    for name, values in frame.items():
        absent = values.isna()
        if name == "period":  # absent ones make a column one of floats, and leave it so
            values = values.fillna(0).astype(int)
        if absent.any():
            values = values.astype(object).where(~absent, None)
        columns[str(name)] = values.tolist()
    return columns


def to_csv(rows: Rows | pd.DataFrame) -> str:
    """Rows, or those of a table, as CSV, with whole periods and absent values empty."""
    text = StringIO()
    if isinstance(rows, pd.DataFrame):  # of a network read at every step there are a million
        columns = _plain_columns(rows)
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(columns)
        lines.writerows(zip(*columns.values(), strict=True))
    else:
        print_rows(rows, Format.csv, text)
    return text.getvalue()
