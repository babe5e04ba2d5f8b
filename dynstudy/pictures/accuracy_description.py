"""Accuracies as they are to be drawn, by whichever pen: curves over width, a search's trials."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.config import place_name
from dynstudy.pictures.style import ACCURACY, CHANCE, CURVES
from dynstudy.task.losses import static_losses

GREYS = ("#595959", "#999999", "#bfbfbf", "#808080", "#262626")
"""Of the static losses, in their order."""

GAIN_WITH_ITS_INTERVAL = "gain over the static loss (95 %)"


@dataclass(frozen=True)
class WidthCurve:
    """Of one loss and learning rate, at each width the cell of largest accuracy."""

    name: str
    static: bool
    colour: str
    cells: pd.DataFrame  # a row per width, ascending

    @property
    def error(self) -> "pd.Series[float]":
        """Standard errors, 0 where there is one replicate."""
        return self.cells["sem"].astype(float).fillna(0)


@dataclass(frozen=True)
class WidthCurves:
    """All curves of a map, and what is drawn beside them."""

    curves: list[WidthCurve]
    by_chance: list[WidthCurve]  # what the best of as many cells would be if none did anything
    widths: list[int]
    chance: float


def describe_widths(study_map: RegimeMap) -> WidthCurves:
    """Say which curves there are: one for each loss and learning rate that has trained cells."""
    best, trained = study_map.best_of_widths(), study_map.trained()
    curves: list[WidthCurve] = []
    for (loss, rate), cells in best.groupby(["loss", "learning_rate"], sort=True):
        static = bool(cells.amplitude.isna().all())
        alike = trained[(trained.loss == loss) & (trained.learning_rate == rate)]
        name = f"{str(loss).upper()}, {'static' if static else _schedules(alike)}"
        if study_map.frame.learning_rate.nunique() > 1:
            name += f", η = {rate:g}"
        colour = CURVES[sum(not curve.static for curve in curves) % len(CURVES)]
        if static:
            colour = GREYS[static_losses().index(str(loss)) % len(GREYS)]
        curves.append(WidthCurve(name, static, colour, cells))
    widths = sorted(best.width.unique().tolist())
    return WidthCurves(
        curves, _by_chance(study_map, curves), widths, 1 / study_map.spec.protocol.data.classes
    )


def _by_chance(study_map: RegimeMap, curves: list[WidthCurve]) -> list[WidthCurve]:
    beside = []
    for curve in curves:
        first: Any = curve.cells.iloc[0]
        cells = study_map.best_by_chance(str(first.loss), float(first.learning_rate))
        if len(cells):
            counts = "/".join(map(str, sorted(set(cells.cells.tolist()))))
            rate = curve.name.partition(", η")
            name = f"{str(first.loss).upper()}, best of {counts} by chance{''.join(rate[1:])}"
            beside.append(WidthCurve(name, False, curve.colour, cells))
    return beside


def _schedules(cells: pd.DataFrame) -> str:
    """Which amplitudes and periods a curve's cells are chosen from."""
    pairs = cells[["amplitude", "period"]].drop_duplicates()
    only: Any = pairs.iloc[0]
    several = len(pairs) > 1
    return "best cell of each width" if several else place_name(only.amplitude, only.period)


@dataclass(frozen=True)
class SearchPoints:
    """Trained trials over width, and over amplitude and period: rows of the search's frame.

    Drawn is the column `value`, what the search is to maximize, with the column ``error``.
    """

    value: str
    title: str  # of it
    by_loss: dict[str, pd.DataFrame]  # by the name of each loss
    front: pd.DataFrame  # those that no narrower one surpasses
    schedule: pd.DataFrame  # those with an amplitude, the best last and so on top
    reference: tuple[float, str]  # what nothing is, and its name: chance, or the static loss


def describe_search(study_map: RegimeMap) -> SearchPoints:
    """Say which points there are."""
    value = study_map.spec.best_by
    trained = study_map.trained().dropna(subset=value)
    if value == "gain":
        title, reference = GAIN_WITH_ITS_INTERVAL, (0.0, "static loss")
        error = (trained.gain_high - trained.gain_low) / 2
    else:
        title, reference = ACCURACY, (1 / study_map.spec.protocol.data.classes, CHANCE)
        error = trained["sem"]
    trained = trained.assign(error=error.astype(float).fillna(0))
    return SearchPoints(
        value,
        title,
        {str(loss).upper(): cells for loss, cells in trained.groupby("loss", sort=True)},
        study_map.pareto_front(),
        trained[trained.amplitude.notna()].sort_values(value),
        reference,
    )
