"""Grids of gains on a terminal, and what stands below them."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from dynstudy.config import SYMBOLS, place_name
from dynstudy.measure.accuracy import with_error
from dynstudy.report.fitted_table import AROUND, BETWEEN
from dynstudy.report.rows import with_interval
from dynstudy.statistics.labels import (
    BASELINE,
    DIVERGED,
    HARMFUL,
    MISSING,
    NEUTRAL,
    UNSETTLED,
    USEFUL,
)

STYLES = {USEFUL: "green", HARMFUL: "red", UNSETTLED: "dim", MISSING: "dim"}
MARKS = {USEFUL: "+", HARMFUL: "-", NEUTRAL: "=", UNSETTLED: "?"}
MEANING = (
    "gain over the static loss; + useful, - harmful, = neutral, ? unsettled, no sign: "
    "untested; F forgets catastrophically"
)

MOST_AMPLITUDES = 40
"""Across a grid of gains; a line of more is wider than any terminal."""


def grids(
    panel: pd.DataFrame,
    room: int,
    written: Callable[[Any], Text],
    axes: tuple[str, str] = ("amplitude", "period"),
    digits: int = 6,
) -> Iterator[Table]:
    """Cells as `written`, the second axis upwards; below each other where they are too wide."""
    right, upwards = axes
    across, up = sorted(panel[right].unique()), sorted(panel[upwards].unique())[::-1]
    labels = {value: f"{float(f'{value:.{digits}g}'):g}" for value in (*across, *up)}
    corner = f"{SYMBOLS.get(upwards, upwards)} \\ {SYMBOLS.get(right, right)}"
    cells = {
        (getattr(row, upwards), getattr(row, right)): written(row) for row in panel.itertuples()
    }
    widest = max([len(labels[max(across)]), *(len(cell.plain) for cell in cells.values())])
    first = max([len(corner), *(len(labels[value]) for value in up)])
    together = max(1, (room - AROUND - first) // (widest + BETWEEN))
    for start in range(0, len(across), together):
        part = across[start : start + together]
        grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for title in (corner, *(labels[value] for value in part)):
            grid.add_column(title, justify="right", no_wrap=True)
        for height in up:
            grid.add_row(labels[height], *(cells.get((height, value), "") for value in part))
        yield grid


def gain_cell(row: Any) -> Text:
    """Write a cell: its gain, and the sign of its regime."""
    if row.regime in {MISSING, DIVERGED}:
        return Text(row.regime, style="dim")
    gain = "" if math.isnan(row.gain) else f"{row.gain:+.3f}"
    if row.predicted:
        gain = f"({gain})"
    mark = MARKS.get(row.regime, " ") + ("F" if row.forgets is True else " ")
    text = Text(f"{gain} ", style=STYLES.get(row.regime, ""))
    return text.append(mark, style="bold magenta" if row.forgets is True else "")


def headline(panel: pd.DataFrame, axes: tuple[str, str] | None = None) -> str:
    """How many cells, or tiles over `axes`, are in which regime, and the largest gain."""
    cells, cell = ("dynamical cells", "cell") if axes is None else ("tiles", "tile")
    counts = panel.regime.value_counts()
    parts = [f"{count} {regime}" for regime, count in counts.items() if regime != BASELINE]
    line = f"{len(panel)} {cells}: {', '.join(parts)}"
    if panel.forgets.notna().any():
        line += f"; {int((panel.forgets == True).sum())} forget"  # noqa: E712
    if panel.predicted.any():
        line += f"; {int(panel.predicted.sum())} of them predicted"
    trained = panel[~panel.predicted].replicates
    if trained.min() < trained.max():
        line += f"; {trained.min()} to {trained.max()} networks a {cell}, {trained.sum()} in all"
    with_gain = panel[panel.gain.notna() & (panel.regime != DIVERGED) & (panel.replicates > 0)]
    if len(with_gain):
        best: Any = with_gain.loc[with_gain.gain.idxmax()]
        line += (
            f"\nlargest gain {with_interval(best, 'gain')} at {_where(best, axes)}: "
            f"{with_error(best.val_accuracy, best['sem'])}"
        )
    return line


def _where(cell: Any, axes: tuple[str, str] | None) -> str:
    """A cell by amplitude and period, or by other axes."""
    if axes is None:
        return place_name(cell.amplitude, cell.period)
    return ", ".join(f"{SYMBOLS.get(name, name)} = {cell[name]:.3g}" for name in axes)
