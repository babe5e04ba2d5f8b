"""A map of a measure, beside its gain: means over the networks of each cell, with their errors."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.errors import DynstudyError
from dynstudy.measure.accuracy import VAL_ACCURACY
from dynstudy.measure.measure import Measure
from dynstudy.measure.measures import INSTABILITY, MEASURES, not_asked
from dynstudy.statistics.columns import MAP, Column, of_cell
from dynstudy.statistics.two_samples import Moments

INSTABILITIES = "instability"
"""The word for those of `INSTABILITY`, all together."""

BESIDE = [
    *("loss", "width", "learning_rate", "amplitude", "period", "val_accuracy", "sem"),
    *("gain", "gain_low", "gain_high", "regime", "replicates", "diverged"),
]
"""Columns of a map that stand before those of its measures."""


@dataclass(frozen=True)
class MeasureMap:
    """A map, and which of its measures are shown."""

    study_map: RegimeMap  # its table has the measures' standard errors, too
    measures: list[Measure]

    @property
    def names(self) -> list[str]:
        """Of the measures."""
        return [measure.name for measure in self.measures]

    @staticmethod
    def error_column(measure: Measure) -> str:
        """What the standard error of its mean is called."""
        return f"{measure.name}_sem"

    @property
    def frame(self) -> pd.DataFrame:
        """A row per cell: what it is, its gain, and each measure with its standard error."""
        shown = [name for each in self.measures for name in (each.name, self.error_column(each))]
        return self.study_map.frame[[*BESIDE, *(name for name in shown if name not in BESIDE)]]

    def limits(self, measure: Measure) -> tuple[float, float]:
        """The smallest and the largest mean of dynamical cells; 0 for what is never below."""
        means = self.study_map.dynamical_cells()[measure.name].astype(float)
        low, high = 0.0 if measure.least == 0 else float(means.min()), float(means.max())
        return (low, high) if high > low else (low, low + 1.0)


def measure_columns(measures: list[Measure]) -> list[Column]:
    """The columns of `MeasureMap.frame`, defined."""
    before = [next(column for column in MAP if column.name == name) for name in BESIDE]
    shown = [
        column
        for each in measures
        for column in (
            of_cell(each),
            Column(
                MeasureMap.error_column(each),
                each.unit,
                f"standard error of `{each.name}`, of the cell's networks alone",
            ),
        )
    ]
    return [*before, *(column for column in shown if column.name not in BESIDE)]


def map_of_measures(study_map: RegimeMap, show: str) -> MeasureMap:
    """Return the map of a measure, or of the four of instability.

    Args:
        study_map: a map over amplitude and period.
        show: the name of a measure, or `INSTABILITIES`.

    Raises:
        DynstudyError: there is no such measure, the study is no map, or has no such readings.
    """
    spec = study_map.spec
    if show not in {INSTABILITIES, *MEASURES}:
        raise DynstudyError(
            f"--show {show!r}: is no measure; there are {', '.join(MEASURES)}; or "
            f"{INSTABILITIES}, which is {', '.join(INSTABILITY)}"
        )
    if not (spec.on_grid and len(study_map.dynamical_cells())):
        raise DynstudyError(
            f"{spec.name}: has no map of a measure, which is one over amplitude and period; "
            "`dynstudy map` without --show shows what it has"
        )
    asked = INSTABILITY if show == INSTABILITIES else (show,)
    unread = not_asked(spec.protocol)
    names = [name for name in asked if name not in unread]
    if not names and MEASURES[asked[0]].unbalanced:
        raise DynstudyError(
            f"{spec.name}: all classes have as many validation points, so that "
            f"{MEASURES[show].title} is accuracy: --show {VAL_ACCURACY.name}"
        )
    if not names:
        what = "instabilities" if len(asked) > 1 else MEASURES[show].title
        raise DynstudyError(
            f"{spec.name}: {what} of its networks were not read; add a table [protocol.curvature] "
            "to its file and `dynstudy run` it with --extend"
        )
    frame = study_map.frame.copy()
    for name in names:
        values = [measures[name] for measures in study_map.measured]
        moments = Moments.of([each[np.isfinite(each)] for each in values])
        frame[MeasureMap.error_column(MEASURES[name])] = np.sqrt(moments.variance)
    shown = [name for name in names if study_map.dynamical_cells()[name].notna().any()]
    if not shown:
        raise DynstudyError(
            f"{spec.name}: no network has {MEASURES[names[0]].title}{_why_none(study_map)}"
        )
    return MeasureMap(replace(study_map, frame=frame), [MEASURES[name] for name in shown])


def _why_none(study_map: RegimeMap) -> str:
    """Say what a measure that no dynamical cell has lacks, and the way out."""
    dynamical = study_map.dynamical_cells()
    trained = dynamical[dynamical.replicates > 0]
    adds = "`dynstudy run` of its file adds what is missing"
    if trained.empty:
        return f" yet; {adds}"
    if (trained.diverged == trained.replicates).all():
        return ": all of them diverged; a smaller learning rate may leave some"
    return f": too few oscillations before the tail for it, or not read yet; then {adds}"


def has_instability(study_map: RegimeMap) -> bool:
    """Whether a map of instabilities can be made of a study."""
    dynamical = study_map.dynamical_cells()
    return study_map.spec.on_grid and bool(dynamical[list(INSTABILITY)].notna().any(axis=None))
