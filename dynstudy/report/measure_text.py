"""A map of measures as a person takes it away, and how the gain goes with them."""

import math
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
from rich.text import Text

from dynstudy.analysis.association import KINDS, THIRDS, Association
from dynstudy.analysis.measure_map import MeasureMap
from dynstudy.analysis.regime_map import panel_name
from dynstudy.pictures.association import association_figure
from dynstudy.pictures.measure_map import measure_figure
from dynstudy.pictures.style import save
from dynstudy.report.gain_grids import MARKS, MOST_AMPLITUDES, STYLES, grids
from dynstudy.report.rows import console, print_rows, with_interval
from dynstudy.report.safe_files import file_stem, write_drawn
from dynstudy.report.words import Format
from dynstudy.statistics.two_samples import LEVEL

MEANING = (
    "ρ: rank correlations with each measure, with 95 % intervals of networks drawn again; * p < "
    "0.05 corrected for all measures shown (Holm). Cells: of the gain, over the map; equal A, T: "
    "of what A alone and T alone do not say; networks: of accuracy, among the networks of a cell. "
    "Gain: of the thirds of cells with the least of a measure, a middling one, the most. "
    "Fewer than six cells say nothing. docs/instability.md says what of it is correlation; none of "
    "it is an experiment."
)


def print_measures(measures: MeasureMap, out: TextIO) -> None:
    """Print a grid of each measure for each loss, width and learning rate."""
    screen = console(out)
    for key, panel in measures.study_map.panels():
        for measure in measures.measures:
            unit = f", in {measure.unit}" if measure.unit else ""
            title = Text(f"\n{panel_name(key)}: ", style="bold")
            screen.print(title.append(f"{measure.title}{unit}"))
            if panel.amplitude.nunique() > MOST_AMPLITUDES:
                screen.print("too many amplitudes for a terminal: see the picture and the CSV")
                continue
            cell = partial(_cell, measure.name)
            screen.print(*grids(panel, screen.width, cell), sep="")


def _cell(name: str, row: Any) -> Text:
    value = getattr(row, name)
    text = "" if math.isnan(value) else f"{value:.3f}"
    return Text(f"{text} {MARKS.get(row.regime, ' ')}", style=STYLES.get(row.regime, ""))


def write_measures(measures: MeasureMap, show: str, folder: Path) -> list[Path]:
    """Write a map of measures as PNG and CSV, named after its study and what is shown."""
    name = measures.study_map.spec.name
    figure = measure_figure(measures)
    stem = folder / f"{file_stem(name)}-{show}"
    return write_drawn(stem, lambda path: save(figure, path, name), measures.frame)


def write_association(association: Association, folder: Path) -> list[Path]:
    """Write an association as PNG and CSV; nothing where no cell has a gain."""
    if not association.shapes:
        return []
    name = association.measure_map.study_map.spec.name
    figure = association_figure(association)
    stem = folder / f"{file_stem(name)}-association"
    return write_drawn(stem, lambda path: save(figure, path, name), association.frame)


def short_association(frame: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of associations in few columns, for a terminal or a page."""
    headings = dict(zip(KINDS, ("ρ, cells", "ρ, equal A, T", "ρ, networks"), strict=True))
    return [
        {
            "loss": row["loss"],
            "width": "all" if pd.isna(row["width"]) else f"{row['width']:g}",
            "rate": "all" if pd.isna(row["learning_rate"]) else f"{row['learning_rate']:g}",
            "measure": row["measure"],
            **{heading: _correlation(row, kind) for kind, heading in headings.items()},
            "gain: least, middle, most": _thirds(row),
            "hump": with_interval(row, "hump"),
        }
        for row in frame.to_dict("records")
    ]


def _correlation(row: Any, kind: str) -> str:
    sure = row[f"holm_{kind}"] < LEVEL
    return with_interval(row, f"rho_{kind}", "+.2f") + (" *" if sure else "")


def _thirds(row: Any) -> str:
    means = [row[f"gain_{third}"] for third in THIRDS]
    return " ".join("" if math.isnan(mean) else f"{mean:+.3f}" for mean in means)


def print_association(association: Association, out: TextIO) -> None:
    """Print how the gain goes with each measure."""
    screen = console(out)
    screen.print()
    if not association.shapes:
        screen.print("no cell has a gain over a static loss, with which measures could go together")
        return
    print_rows(short_association(association.frame), Format.table, out)
    screen.print(MEANING, style="dim", markup=False)
