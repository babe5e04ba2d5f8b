"""Figure 3 of the paper: validation accuracy over width, a curve per loss beside the static one."""

from dataclasses import replace

import numpy as np
import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.errors import DynstudyError, with_article
from dynstudy.figures.paper_figure import Choices, DrawnFigure, PaperFigure
from dynstudy.pictures.accuracy import width_figure
from dynstudy.report.rows import frame_rows
from dynstudy.search.one_cell import meant
from dynstudy.store.studies import Storage

COLUMNS = "loss width learning_rate amplitude period val_accuracy sem replicates".split()


def over_width(study_map: RegimeMap, amplitude: float | None, period: int | None) -> RegimeMap:
    """A map's trained cells of one A and T over all widths, and the static ones."""
    name = study_map.spec.name
    if not study_map.spec.on_grid:
        raise DynstudyError(
            f"study {name!r} is {with_article(study_map.spec.title)}; "
            "figure 3 needs a map over widths"
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


def draw_widths(storage: Storage, study: str, choices: Choices) -> DrawnFigure:
    """Validation accuracy over width at one amplitude and period, with standard errors."""
    shown = over_width(regime_map(storage, study), choices.amplitude, choices.period)
    rows = frame_rows(shown.frame.sort_values(["loss", "learning_rate", "width"])[COLUMNS])
    return DrawnFigure(width_figure(shown), rows, rows)


FIGURE = PaperFigure(draw_widths, takes=frozenset({"amplitude", "period"}))
