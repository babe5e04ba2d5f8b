"""Boundaries as a person reads them: a line for each period of a panel."""

import math
from itertools import groupby
from typing import Any, TextIO

import pandas as pd

from dynstudy.analysis.boundary_words import ABOVE, BELOW, LOWER, NOWHERE, ONSET, UPPER
from dynstudy.analysis.regime_map import PANEL
from dynstudy.report.rows import Rows, console, print_rows
from dynstudy.report.words import Format

MEANING = (
    "useful amplitudes: where a surface through all cells gains more than 0.02, with 95 % bands; "
    "< and > are the ends of the map; of several pieces the one that most resamples have. "
    "forgets from: every tested amplitude from the upper end of this interval on forgets "
    "catastrophically, the one at its lower end does not."
)


def print_boundaries(lines: Rows, out: TextIO) -> None:
    """Print what `boundary_lines` made, and what its words mean."""
    print_rows(lines, Format.table, out)
    console(out).print(MEANING, style="dim", markup=False)


def boundary_lines(dynamical: pd.DataFrame, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Shorten what `find_boundaries` has, of a map with some dynamical cells.

    Returns:
        A row for each panel and period: between which amplitudes the gain is above 0.02, each with
        its 95 % band, and from which on the networks forget. ``<`` and ``>`` are the ends of the
        map. Of several pieces it is the one with most support.
    """
    ends = {
        key: (float(panel.min()), float(panel.max()))
        for key, panel in dynamical.groupby(PANEL).amplitude
    }
    rows = []
    ordered = frame.sort_values([*PANEL, "period", "piece"], kind="stable").itertuples(index=False)
    for (loss, width, rate, period), of_period in groupby(ordered, _panel_and_period):
        lines, extremes = list(of_period), ends[loss, width, rate]
        rows.append({
            "loss": loss,
            "width": width,
            "learning_rate": rate,
            "period": int(period),
            "useful_amplitudes": _useful(lines, extremes),
            "forgets_from": _forgets(lines, extremes),
        })
    return rows


def _panel_and_period(line: Any) -> tuple[Any, ...]:
    return line.loss, line.width, line.learning_rate, line.period


def _useful(lines: list[Any], ends: tuple[float, float]) -> str:
    """The piece that has most support, and what there is beside it."""
    edges = [line for line in lines if line.boundary in {LOWER, UPPER}]
    if not edges:
        return "too few cells"
    if edges[0].says == NOWHERE:
        return f"none (in {edges[0].support:.0%} of resamples)"
    whole, joined = _joined(edges)
    best = max(whole, key=lambda piece: min(edge.support for edge in piece))
    said = f"{_edge(best[0], ends)} to {_edge(best[1], ends)}"
    if joined:
        said += ", one piece as bands overlap"
    return said if len(whole) == 1 else f"{said}; {len(whole) - 1} more in the CSV"


def _joined(edges: list[Any]) -> tuple[list[tuple[Any, Any]], bool]:
    """Pieces as pairs of edges; those whose bands overlap between them are one, if there are."""
    whole: list[tuple[Any, Any]] = []
    joined = False
    lowers, uppers = ([edge for edge in edges if edge.boundary == end] for end in (LOWER, UPPER))
    for lower, upper in zip(lowers, uppers, strict=True):
        # a band that goes on beyond the map has no number there, and overlaps
        if whole and not lower.amplitude_low > whole[-1][1].amplitude_high:
            whole[-1] = whole[-1][0], upper
            joined = True
        else:
            whole.append((lower, upper))
    return whole, joined


def _edge(row: Any, ends: tuple[float, float]) -> str:
    if row.says:
        return {BELOW: f"<{ends[0]:g}", ABOVE: f">{ends[1]:g}"}[row.says]
    low = f"<{ends[0]:g}" if math.isnan(row.amplitude_low) else f"{row.amplitude_low:.3g}"
    high = f">{ends[1]:g}" if math.isnan(row.amplitude_high) else f"{row.amplitude_high:.3g}"
    return f"{row.amplitude:.3g} [{low}, {high}]"


def _forgets(lines: list[Any], ends: tuple[float, float]) -> str:
    onsets = [line for line in lines if line.boundary == ONSET]
    if not onsets:
        return "not tested"
    row = onsets[0]
    if row.says:
        return {BELOW: f"<{ends[0]:g}", ABOVE: f"not up to {row.amplitude_low:g}"}[row.says]
    return f"between {row.amplitude_low:g} and {row.amplitude_high:g}"
