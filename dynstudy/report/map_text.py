"""A regime map as a person takes it away: on the terminal, and as files."""

from pathlib import Path
from typing import TextIO

from rich.text import Text

from dynstudy.analysis.regime_map import PANEL, RegimeMap, conditional, panel_name
from dynstudy.pictures.regime_map import study_figure
from dynstudy.pictures.style import save
from dynstudy.report.atlas_text import print_tiles
from dynstudy.report.gain_grids import MEANING, MOST_AMPLITUDES, gain_cell, grids, headline
from dynstudy.report.rows import console, frame_rows, print_rows
from dynstudy.report.safe_files import file_stem, write_drawn
from dynstudy.report.words import Format
from dynstudy.study.confirmation import CONFIRM

MOST_LISTED = 20
SEARCH_COLUMNS = [*PANEL, *"amplitude period val_accuracy sem gain replicates diverged".split()]
STATIC_COLUMNS = [*PANEL, "val_accuracy", "sem", "replicates", "diverged"]


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
    for key, panel in study_map.panels():
        title = Text(f"\n{panel_name(key)}", style="bold")
        title.append(f"   {study_map.static_accuracy(*key)}", style="not bold")
        screen.print(title)
        if panel.amplitude.nunique() <= MOST_AMPLITUDES:
            screen.print(*grids(panel, screen.width, gain_cell), sep="")
        else:
            screen.print("too many amplitudes for a terminal: see the picture and the CSV")
        screen.print(headline(panel))
    if len(dynamical) > 1:
        screen.print(CONFIRM, style="dim")
    predicted = dynamical.predicted.any()
    screen.print(
        MEANING + ("; (predicted)" if predicted else ""),
        style="dim",
    )


TEXTS = {"map": print_grids, "search": print_best, "boundary": print_grids, "atlas": print_tiles}
"""By kind of study, what prints it on a terminal."""


def write_map(study_map: RegimeMap, folder: Path, *, boundaries: bool = False) -> list[Path]:
    """Write a map as PNG and CSV, named after its study."""
    name = study_map.spec.name
    figure = study_figure(study_map, boundaries=boundaries)  # or an error, before a file is there
    stem = folder / file_stem(name)
    return write_drawn(stem, lambda path: save(figure, path, name), study_map.frame)
