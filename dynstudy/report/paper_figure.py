"""Figures in the form of the paper (arXiv:2410.10690), drawn from a study."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.errors import DynstudyError
from dynstudy.pictures.accuracy import width_figure
from dynstudy.pictures.style import save
from dynstudy.report.safe_files import file_stem, write_whole
from dynstudy.report.words import Figure
from dynstudy.search.one_cell import meant

SUFFIXES = (".png", ".pdf")


def figure_file(figure: Figure, name: str, out: Path) -> Path:
    """The file that a figure of a study is written to.

    Returns:
        `out`, whose suffix says what it is, or a PNG in it where it is a folder.

    Raises:
        DynstudyError: no figure can be written as such a file.

    >>> str(figure_file(Figure.fig3, "fig3a", Path("results")))
    'results/fig3a-fig3.png'
    """
    if out.suffix.lower() in SUFFIXES and not out.is_dir():
        return out
    if out.suffix and not out.is_dir():
        raise DynstudyError(
            f"--out {out}: must be a folder, or a file that ends in {' or '.join(SUFFIXES)}"
        )
    return out / f"{file_stem(name)}-{figure}.png"


def over_width(study_map: RegimeMap, amplitude: float | None, period: int | None) -> RegimeMap:
    """A map's trained cells of one A and T over all widths, and the static ones."""
    name = study_map.spec.name
    if not study_map.spec.on_grid:
        raise DynstudyError(
            f"study {name!r} is a {study_map.spec.title}; figure 3 needs a map over widths"
        )
    frame = study_map.trained()
    if not len(frame):
        raise DynstudyError(f"study {name!r} has no trained cell yet")
    frame = _only(name, frame, "amplitude", amplitude)
    frame = _only(name, frame, "period", period)
    widths = frame.width.unique()
    if len(widths) < 2:
        raise DynstudyError(
            f"study {name!r} has one trained width, {widths[0]}; figure 3 needs several"
        )
    return replace(study_map, frame=frame)


def _only(name: str, frame: pd.DataFrame, axis: str, wanted: float | None) -> pd.DataFrame:
    """Static cells, and those that have a value on an axis."""
    values = np.sort(frame[axis].dropna().unique().astype(float))
    shown = ", ".join(f"{value:g}" for value in values)
    if wanted is None:
        if len(values) > 1:
            raise DynstudyError(f"study {name!r} has {axis} {shown}: choose one by --{axis}")
        return frame
    chosen = meant(wanted, values.tolist())
    if len(chosen) > 1:
        several = ", ".join(map(repr, chosen))
        raise DynstudyError(f"study {name!r}: --{axis} {wanted:g} may be {several}; say which")
    if not chosen:
        raise DynstudyError(
            f"study {name!r} has no trained cell of {axis} {wanted:g}; it has {shown or 'none'}"
        )
    return frame[frame[axis].isna() | (frame[axis] == chosen[0])]


def write_figure3(shown: RegimeMap, path: Path) -> Path:
    """Draw figure 3: validation accuracy over width, a curve per loss, with standard errors."""
    return write_whole(path, lambda whole: save(width_figure(shown), whole, shown.spec.name))
