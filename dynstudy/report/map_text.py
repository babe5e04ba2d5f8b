"""A regime map as a person takes it away: on the terminal, and as files."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from dynstudy.analysis.regime_map import PANEL, RegimeMap, conditional
from dynstudy.config import place_name
from dynstudy.measure.accuracy import with_error
from dynstudy.pictures.regime_map import study_figure
from dynstudy.pictures.style import save
from dynstudy.report.fitted_table import AROUND, BETWEEN
from dynstudy.report.rows import console, frame_rows, print_rows, with_interval
from dynstudy.report.safe_files import file_stem, write_drawn
from dynstudy.report.words import Format
from dynstudy.statistics.labels import (
    BASELINE,
    DIVERGED,
    HARMFUL,
    MISSING,
    NEUTRAL,
    UNSETTLED,
    USEFUL,
)
from dynstudy.study.confirmation import CONFIRM

STYLES = {USEFUL: "green", HARMFUL: "red", UNSETTLED: "dim", MISSING: "dim"}
MOST_LISTED = 20
SEARCH_COLUMNS = [*PANEL, *"amplitude period val_accuracy sem gain replicates diverged".split()]
STATIC_COLUMNS = [*PANEL, "val_accuracy", "sem", "replicates", "diverged"]
MARKS = {USEFUL: "+", HARMFUL: "-", NEUTRAL: "=", UNSETTLED: "?"}

MOST_AMPLITUDES = 40
"""Across a grid of gains; a line of more is wider than any terminal."""


def print_map(study_map: RegimeMap, out: TextIO) -> None:
    """Print what a study found."""
    screen = console(out)
    TEXTS[study_map.spec.kind](study_map, out)
    screen.print(conditional(study_map.spec.protocol), style="dim")
    for note in study_map.notes:
        screen.print(f"note: {note}", style="yellow", markup=False)


def print_best(study_map: RegimeMap, out: TextIO) -> None:
    """Print the best cells, in a table."""
    best = study_map.ranked().head(MOST_LISTED)
    console(out).print(f"the best {len(best)} of {study_map.cells} cells")
    print_rows(frame_rows(best[SEARCH_COLUMNS]), Format.table, out)


def print_grids(study_map: RegimeMap, out: TextIO) -> None:
    """Print one grid of gains per loss and width, T upwards and A across."""
    dynamical = study_map.dynamical_cells()
    if not len(dynamical):
        print_rows(frame_rows(study_map.frame[STATIC_COLUMNS]), Format.table, out)
        return
    screen = console(out)
    for (loss, width, rate), panel in study_map.panels():
        title = Text(f"\n{loss}, width {width}, learning rate {rate:g}", style="bold")
        title.append(f"   {study_map.static_accuracy(loss, width, rate)}", style="not bold")
        screen.print(title)
        if panel.amplitude.nunique() <= MOST_AMPLITUDES:
            screen.print(*grids(panel, screen.width, _cell), sep="")
        else:
            screen.print("too many amplitudes for a terminal: see the picture and the CSV")
        screen.print(headline(panel))
    if len(dynamical) > 1:
        screen.print(CONFIRM, style="dim")
    predicted = dynamical.predicted.any()
    screen.print(
        "gain over the static loss; + useful, - harmful, = neutral, ? unsettled, no sign: "
        "untested; F forgets catastrophically" + ("; (predicted)" if predicted else ""),
        style="dim",
    )


TEXTS = {"map": print_grids, "search": print_best, "boundary": print_grids, "atlas": print_grids}
"""By kind of study, what prints it on a terminal."""


def grids(panel: pd.DataFrame, room: int, written: Callable[[Any], Text]) -> Iterator[Table]:
    """Cells as `written`, T upwards and A across; below each other where they are too wide."""
    amplitudes, periods = sorted(panel.amplitude.unique()), sorted(panel.period.unique())[::-1]
    cells = {(row.period, row.amplitude): written(row) for row in panel.itertuples()}
    widest = max([len(f"{max(amplitudes):g}"), *(len(cell.plain) for cell in cells.values())])
    first = max([len("T \\ A"), *(len(f"{period:g}") for period in periods)])
    together = max(1, (room - AROUND - first) // (widest + BETWEEN))
    for start in range(0, len(amplitudes), together):
        part = amplitudes[start : start + together]
        grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for title in ("T \\ A", *(f"{amplitude:g}" for amplitude in part)):
            grid.add_column(title, justify="right", no_wrap=True)
        for period in periods:
            line = [cells.get((period, amplitude), "") for amplitude in part]
            grid.add_row(f"{period:g}", *line)
        yield grid


def _cell(row: Any) -> Text:
    if row.regime in {MISSING, DIVERGED}:
        return Text(row.regime, style="dim")
    gain = "" if math.isnan(row.gain) else f"{row.gain:+.3f}"
    if row.predicted:
        gain = f"({gain})"
    mark = MARKS.get(row.regime, " ") + ("F" if row.forgets is True else " ")
    text = Text(f"{gain} ", style=STYLES.get(row.regime, ""))
    return text.append(mark, style="bold magenta" if row.forgets is True else "")


def headline(panel: pd.DataFrame) -> str:
    """How many cells of a panel are in which regime, and its largest gain; one or two lines."""
    counts = panel.regime.value_counts()
    parts = [f"{count} {regime}" for regime, count in counts.items() if regime != BASELINE]
    line = f"{len(panel)} dynamical cells: {', '.join(parts)}"
    if panel.forgets.notna().any():
        line += f"; {int((panel.forgets == True).sum())} forget"  # noqa: E712
    if panel.predicted.any():
        line += f"; {int(panel.predicted.sum())} of them predicted"
    trained = panel[~panel.predicted].replicates
    if trained.min() < trained.max():
        line += f"; {trained.min()} to {trained.max()} networks a cell, {trained.sum()} in all"
    with_gain = panel[panel.gain.notna() & (panel.regime != DIVERGED) & (panel.replicates > 0)]
    if len(with_gain):
        best: Any = with_gain.loc[with_gain.gain.idxmax()]
        line += (
            f"\nlargest gain {with_interval(best, 'gain')} at "
            f"{place_name(best.amplitude, best.period)}: "
            f"{with_error(best.val_accuracy, best['sem'])}"
        )
    return line


def write_map(study_map: RegimeMap, folder: Path, *, boundaries: bool = False) -> list[Path]:
    """Write a map as PNG and CSV, named after its study."""
    name = study_map.spec.name
    figure = study_figure(study_map, boundaries=boundaries)  # or an error, before a file is there
    stem = folder / file_stem(name)
    return write_drawn(stem, lambda path: save(figure, path, name), study_map.frame)
