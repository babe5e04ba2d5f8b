"""Accuracies as they are to be drawn, by whichever pen: curves over width, a search's trials."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.config import cell_name, place_name
from dynstudy.measure.accuracy import with_error
from dynstudy.pictures.map_description import largest_gain
from dynstudy.pictures.style import ACCURACY, CHANCE, CURVES
from dynstudy.study.confirmation import FLATTERED
from dynstudy.task.losses import LOSSES

GREYS = ("#595959", "#999999", "#bfbfbf", "#808080", "#262626")
"""Of the curves of static losses, in their order."""

GAIN = "gain over the static loss"
STANDARD_ERROR, INTERVAL = "mean ± standard error", "mean, 95 % interval"


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
    groups: Any = best.groupby(["loss", "learning_rate"])
    for (loss, rate), cells in sorted(groups, key=lambda group: _in_families(*group[0])):
        static = bool(cells.amplitude.isna().all())
        alike = trained[(trained.loss == loss) & (trained.learning_rate == rate)]
        name = f"{str(loss).upper()}, {'static' if static else _schedules(alike)}"
        if study_map.frame.learning_rate.nunique() > 1:
            name += f", η = {rate:g}"
        colour = CURVES[sum(not curve.static for curve in curves) % len(CURVES)]
        if static:
            colour = GREYS[sum(curve.static for curve in curves) % len(GREYS)]
        curves.append(WidthCurve(name, static, colour, cells))
    widths = sorted(best.width.unique().tolist())
    return WidthCurves(
        curves, _by_chance(study_map, curves), widths, 1 / study_map.spec.protocol.data.classes
    )


def _in_families(loss: str, rate: float) -> tuple[int, bool, int, float]:
    """Orders each static loss before the dynamical ones that are compared with it."""
    order = list(LOSSES)
    static = LOSSES[loss].static
    return order.index(static), loss != static, order.index(loss), rate


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
    error_said: str  # what is drawn of it, and what its bar is
    limit: float | None  # where the colours of a gain end; none of an accuracy
    headline: str
    caption: str
    by_loss: dict[str, pd.DataFrame]  # by the name of each loss
    front: pd.DataFrame  # those that no narrower one surpasses
    schedule: pd.DataFrame  # those with an amplitude, the best last and so on top
    reference: tuple[float, str]  # what nothing is, and its name: chance, or the static loss


def describe_search(study_map: RegimeMap) -> SearchPoints:
    """Say which points there are."""
    value = study_map.spec.best_by
    trained = study_map.trained().dropna(subset=value)
    limit = None
    if value == "gain":
        title, said, reference = GAIN, INTERVAL, (0.0, "static loss")
        limit = largest_gain(study_map)
        error = (trained.gain_high - trained.gain_low) / 2
    else:
        title, said = ACCURACY, STANDARD_ERROR
        reference = (1 / study_map.spec.protocol.data.classes, CHANCE)
        error = trained["sem"]
    trained = trained.assign(error=error.astype(float).fillna(0))
    return SearchPoints(
        value,
        title,
        said,
        limit,
        _headline(study_map, title),
        _caption(study_map),
        {str(loss).upper(): cells for loss, cells in trained.groupby("loss", sort=True)},
        study_map.pareto_front(),
        trained[trained.amplitude.notna()].sort_values(value),
        reference,
    )


def _headline(study_map: RegimeMap, title: str) -> str:
    """The best trial, by what the search is for."""
    value = study_map.spec.best_by
    ranked = study_map.ranked().dropna(subset=value)
    if not len(ranked):
        return f"{study_map.spec.name}: no {title} known"
    best: Any = ranked.iloc[0]
    said = f"{best.gain:+.3f}" if value == "gain" else with_error(best[value], best["sem"])
    if value == "gain" and not math.isnan(best.gain_low):
        said += f" [{best.gain_low:+.3f}, {best.gain_high:+.3f}]"
    return f"best {title} of {study_map.cells} trials: {said}, {cell_name(best)}"


def _caption(study_map: RegimeMap) -> str:
    spec = study_map.spec
    return (
        f"{spec.name}: {spec.protocol.steps_said} steps, {spec.replicates_said} replicates a "
        f"trial; {FLATTERED}\n{study_map.condition}; ledger {study_map.ledger[:12]}"
    )
