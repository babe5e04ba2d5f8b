"""Measurements in turn, and the machine they were made on: a report for people and for programs."""

import json
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, TextIO

import psutil
from rich.text import Text

from dynstudy.bench.device import device_facts
from dynstudy.bench.measure import Measurement, Row, Say, Settings
from dynstudy.report.fitted_table import FittedTable, TextColumn
from dynstudy.report.rows import console, print_rows
from dynstudy.report.words import Format
from dynstudy.store.provenance import installed, processor, versions
from dynstudy.train.backends.cpu import threads

Benchmark = Callable[[Settings, Say], Measurement]
"""One kind of measurement."""


@dataclass(frozen=True)
class Report:
    """What a run of the benchmark found."""

    rows: list[Row]  # relative ones first
    notes: list[str]
    machine: dict[str, Any]


def report(measures: Iterable[Benchmark], settings: Settings, say: Say) -> Report:
    """Make measurements one after the other; one that cannot be made is an error."""
    facts = machine(settings)  # the load after it is our own
    measured = [measure(settings, say) for measure in measures]
    rows = [row for part in measured for row in part.rows]
    notes = [note for part in measured for note in part.notes]
    once = list(dict.fromkeys(notes))  # two measurements may leave out the same
    return Report(sorted(rows, key=lambda row: not row.relative), once, facts)


def machine(settings: Settings) -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "processor": processor(),
        "threads": threads(),
        **device_facts(settings.device),
        "system": platform.system(),
        **{name: versions()[name] for name in ("dynstudy", "python", "torch", "numba", "numpy")},
        "triton": installed("triton"),
        "jax": installed("jax"),
        "rounds": settings.rounds,
        "seconds": settings.seconds,
        "date": time.strftime("%Y-%m-%d"),
        "load": round(psutil.getloadavg()[0], 2),
    }


def print_report(report: Report, form: Format, out: TextIO) -> None:
    """Print a report as tables, as JSON with its four keys, or as CSV with a row each."""
    if form is Format.json:
        split = {
            "ratios": [asdict(row) for row in report.rows if row.relative],
            "absolutes": [asdict(row) for row in report.rows if not row.relative],
            "notes": report.notes,
            "machine": report.machine,
        }
        json.dump(split, out, indent=1, allow_nan=False)
        out.write("\n")
    elif form is Format.csv:
        print_rows([asdict(row) for row in report.rows], form, out)
    else:
        _print_tables(report, out)


def _print_tables(report: Report, out: TextIO) -> None:
    screen = console(out)
    for title, relative in (("Side by side", True), ("Absolute", False)):
        rows = [row for row in report.rows if row.relative is relative]
        for about_widths in (True, False):
            group = [row for row in rows if (row.width is not None) is about_widths]
            if group:
                screen.print(_table(title, group))
    for note in report.notes:
        screen.print(Text(f"note: {note}"))
    screen.print(
        Text("machine: " + ", ".join(f"{key} {value}" for key, value in report.machine.items()))
    )


def _table(title: str, rows: list[Row]) -> FittedTable:
    """A line per quantity, a column per width."""
    rounds = max(row.rounds for row in rows)
    if rounds > 1:
        title += f": median (range) of {rounds}"
    cells = {(row.quantity, row.unit, row.width or 0): row for row in rows}
    quantities = list(dict.fromkeys((row.quantity, row.unit) for row in rows))
    columns = [
        TextColumn(
            title,
            [
                quantity if unit in {"ratio", "share"} else f"{quantity}, {unit}"
                for quantity, unit in quantities
            ],
        )
    ]
    for width in sorted({row.width or 0 for row in rows}):
        there = [cells.get((*quantity, width)) for quantity in quantities]
        values = ["" if row is None else median_and_range(row) for row in there]
        columns.append(TextColumn(f"width {width}" if width else "", values, right=True))
    return FittedTable(columns)


def median_and_range(row: Row) -> str:
    """Median and range as a person reads them.

    Returns:
        Three digits, or whole numbers from 100 on; no range of what was measured once.

    >>> median_and_range(Row.of("engine", "cpu / loop", "ratio", [71.23, 70.0, 912.34]))
    '71.2 (70 to 912)'
    >>> median_and_range(Row.of("engine", "cpu", "share", [0.5, 0.25, 0.75]))
    '50.0% (25.0% to 75.0%)'
    >>> median_and_range(Row.of("engine", "torch.mm", "GFLOP/s", [200.0]))
    '200'
    """

    def number(value: float) -> str:
        if row.unit == "share":
            return f"{value:.1%}"
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

    if row.rounds == 1:
        return number(row.median)
    return f"{number(row.median)} ({number(row.min)} to {number(row.max)})"
