"""An atlas as a person takes it away: its tiles on the terminal, its pixels and edges as files."""

import math
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
from rich.text import Text

from dynstudy.analysis.atlas import GAIN
from dynstudy.analysis.atlas_edges import no_edges
from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.config import SYMBOLS
from dynstudy.measure.measures import INSTABILITY
from dynstudy.pictures.atlas_layers import Layer, png_of
from dynstudy.report.gain_grids import MARKS, MEANING, STYLES, gain_cell, grids, headline
from dynstudy.report.rows import console, frame_rows, print_rows
from dynstudy.report.safe_files import file_stem, write_rows, write_whole
from dynstudy.report.words import Format
from dynstudy.statistics.labels import DIVERGED

MOST_WRITTEN = 10
"""Tiles to a side whose gains are written out; of more there is a sign each."""
MOST_SIGNS = 64, 32  # to the right and upwards
LISTED = 12  # rows of pixels whose edges are printed
FORGETS, USEFUL_FORGETS, UNTRAINED, UNLABELLED = "F", "#", ".", " "
SIGNS = MARKS | {DIVERGED: "x"}


def print_tiles(study_map: RegimeMap, out: TextIO) -> None:
    """Print the tiles of an atlas, and what its smoothed pixels say."""
    screen, atlas, tiles = console(out), study_map.atlas, study_map.dynamical_cells()
    assert atlas is not None
    cell = next(atlas.spec.tile_cells()).configuration
    axes = atlas.right.name, atlas.upwards.name
    fixed = [
        f"{SYMBOLS.get(name, name)} = {getattr(cell, name):g}"
        for name in ("width", "learning_rate", "amplitude", "period")
        if name not in axes
    ]
    title = Text(f"\n{cell.loss}, {', '.join(fixed)}", style="bold")
    static = study_map.static_accuracy(cell.loss, cell.width, cell.learning_rate)
    if not {"width", "learning_rate", "noise"} & set(axes):
        title.append(f"   {static}", style="not bold")
    screen.print(title)
    if max(len(atlas.right.tiles), len(atlas.upwards.tiles)) <= MOST_WRITTEN:
        screen.print(*grids(tiles, screen.width, gain_cell, axes, 3), sep="")
        meaning = MEANING
    else:
        for line in _signs(tiles, *axes):
            screen.print(line)
        meaning = (
            f"a sign for a tile: + useful, {USEFUL_FORGETS} useful and forgets catastrophically, "
            f"{FORGETS} forgets, - harmful, = neutral, ? unsettled, {SIGNS[DIVERGED]} diverged, "
            f"{UNTRAINED} not trained, none: untested"
        )
    screen.print(headline(tiles, axes))
    if study_map.edges is not None:
        screen.print(study_map.edges.headline)
    if study_map.slope is not None:
        slope = study_map.slope
        screen.print(f"middle of the useful region: {slope} (95 %), of {slope.rows} rows of pixels")
    screen.print(meaning, style="dim", markup=False)


def _signs(tiles: pd.DataFrame, right: str, upwards: str) -> list[Text]:
    """Lines of a sign for each tile, the highest first; every second one if there are too many."""
    across, up = (sorted(tiles[name].unique()) for name in (right, upwards))
    steps = [
        math.ceil(len(values) / most) for values, most in zip((across, up), MOST_SIGNS, strict=True)
    ]
    rows = {(getattr(row, upwards), getattr(row, right)): row for row in tiles.itertuples()}
    labels = [f"{value:.3g}" for value in up]
    wide = max(map(len, labels))
    lines = [Text(f"{SYMBOLS.get(upwards, upwards)}", style="dim")]
    for height, label in reversed(list(zip(up, labels, strict=True))[:: steps[1]]):
        line = Text(f"{label:>{wide}} ")
        for value in across[:: steps[0]]:
            line.append(*_sign(rows[height, value]))
        lines.append(line)
    axis = f"{across[0]:.3g} to {across[-1]:.3g}"
    lines.append(Text(f"{'':{wide}} {SYMBOLS.get(right, right)}: {axis}", style="dim"))
    return lines


def _sign(row: Any) -> tuple[str, str]:
    """A sign, and its style."""
    mark = SIGNS.get(row.regime, UNLABELLED)
    if not row.replicates:
        return UNTRAINED, "dim"
    if row.forgets is True:
        return (USEFUL_FORGETS if mark == "+" else FORGETS), "bold magenta"
    return mark, STYLES.get(row.regime, "")


def shown_measures(study_map: RegimeMap, show: str | None) -> list[str]:
    """Return the measures of an atlas that are to be shown: what --show says, or the gain."""
    assert study_map.atlas is not None
    if show == "instability":
        return [name for name in INSTABILITY if name in study_map.atlas.names] or [INSTABILITY[0]]
    return [GAIN if show is None else show]


def write_atlas(study_map: RegimeMap, show: str | None, folder: Path) -> list[Path]:
    """Write pixels as PNG, a network each, edges and slope as CSV, named after their atlas.

    Returns:
        The files; none of edges, or of a slope, where there is none.

    Raises:
        DynstudyError: it has no such measure.
    """
    atlas = study_map.atlas
    assert atlas is not None
    layers = [Layer.of(atlas, name) for name in shown_measures(study_map, show)]
    stem, written = folder / file_stem(study_map.spec.name), []
    for layer in layers:
        values = atlas.whole(layer.values)[::-1].astype(np.float32)
        path = Path(f"{stem}-pixels-{layer.name}.png")
        written.append(write_whole(path, partial(_write, png_of(values, layer, opacity=0))))
    if study_map.edges is not None:
        written.append(write_rows(study_map.edges.frame, Path(f"{stem}-edges.csv")))
    if study_map.slope is not None:
        written.append(write_rows(study_map.slope.frame, Path(f"{stem}-slope.csv")))
    return written


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def print_edges(study_map: RegimeMap, out: TextIO) -> None:
    """Print the edges of some rows of pixels, evenly spaced."""
    edges, screen = study_map.edges, console(out)
    if edges is None:
        assert study_map.atlas is not None
        screen.print(no_edges(study_map.atlas), markup=False)
        return
    frame, upwards = edges.frame, edges.atlas.upwards
    values = upwards.values[:: math.ceil(upwards.pixels / LISTED)]
    listed = frame[frame[upwards.name].isin(values) & (frame.sure | (frame.says != ""))]
    # rows of pixels may share a whole number
    listed = listed.drop_duplicates([upwards.name, "boundary", "piece"])
    print_rows(frame_rows(listed), Format.table, out)
    screen.print(f"of {upwards.pixels} rows; {edges.smoother}", style="dim", markup=False)
