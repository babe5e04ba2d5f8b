"""How a boundary moves with the period: A* = e^a T^b, or constant beyond a period.

Fitted per loss, width and learning rate to the onsets of `dynstudy.report.onsets` by regression
with censored values (`dynstudy.report.power_law`). Intervals are of resampled replicates taken
through the whole chain, from the surface to the fit; so they hold noise, not a law that is wrong.
How wrong it is tells the likelihood ratio against onsets that follow no law.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from scipy import linalg, stats

from dynstudy.report.onsets import Onsets
from dynstudy.report.power_law import Line, regress, spread
from dynstudy.report.regimes import LEVEL, Array

FEWEST_PERIODS = 3
FEWEST_TO_BEND = 5
"""Onsets inside the map below which no law with a break is fitted: it has three parameters."""

POWER, BENT, RATE, WIDTHS = "power law", "constant beyond", "learning rate", "equal exponents"
INTERVAL = ("", "_low", "_high")


@dataclass(frozen=True)
class Fit:
    """A law fitted to the onsets of a panel."""

    law: str
    onsets: Onsets
    line: Line | None  # None: too few onsets inside the map
    last: float  # the period beyond which it is constant, inf without
    drawn: Array  # (R, 3) a, b and log of `last` of resampled onsets; nan where not fitted

    def at(self, period: Array) -> tuple[Array, Array, Array]:
        """A* and its 95 % band at some periods (G,)."""
        assert self.line is not None
        drawn = self.drawn[np.isfinite(self.drawn[:, 1])]
        log_period = np.log(period)
        capped = np.minimum(log_period, drawn[:, 2:])
        curves = drawn[:, :1] + drawn[:, 1:2] * capped
        low, high = np.quantile(curves, [LEVEL / 2, 1 - LEVEL / 2], axis=0)
        own = self.line.beta[0] + self.line.beta[1] * np.minimum(log_period, np.log(self.last))
        return np.exp(own), np.exp(low), np.exp(high)


def fits(own: Onsets) -> list[Fit]:
    """Fit the laws to a panel's onsets.

    Args:
        own: the onsets.

    Returns:
        The power law, without a line where fewer than three onsets lie inside the map; and, with at
        least five, the one that is constant beyond a period.
    """
    inside = own.period[np.isfinite(own.place)]
    found = [_fit(POWER, own, _straight)]
    if len(inside) >= FEWEST_TO_BEND:
        bends = inside[1:-1]
        found.append(_fit(BENT, own, lambda *what: _bent(bends, *what)))
    return found


Solver = Callable[[Onsets, Array, Array], tuple[Line | None, float]]


def _fit(law: str, own: Onsets, solve: Solver) -> Fit:
    covariance = spread(own.place, own.drawn)
    line, last = solve(own, own.place, covariance)
    drawn = np.full((len(own.drawn), 3), np.nan)
    if line is not None:
        for row, place in zip(drawn, own.drawn, strict=True):
            # what is nowhere in the map is so in all draws, or its place would be chosen by chance
            place = np.where(np.isnan(own.place), np.nan, place)
            again, end = solve(own, place, covariance)
            if again is not None:
                row[:] = again.beta[0], again.beta[1], np.log(end)
    return Fit(law, own, line, last, drawn)


def _straight(own: Onsets, place: Array, covariance: Array, last: float = np.inf) -> Any:
    count = len(own.period)
    if np.isfinite(place).sum() < FEWEST_PERIODS:
        return None, last
    design = np.stack([np.ones(count), np.log(np.minimum(own.period, last))], axis=1)
    return regress(design, place, covariance, np.tile(own.ends, (count, 1))), last


def _bent(bends: Array, own: Onsets, place: Array, covariance: Array) -> tuple[Line | None, float]:
    """The likeliest of breaks at tested periods: between these nothing is known."""
    tried = [_straight(own, place, covariance, bend) for bend in bends]
    known = [(line, bend) for line, bend in tried if line is not None]
    if not known:
        return None, np.nan
    line, bend = min(known, key=lambda one: one[0].misfit)
    return replace(line, freedom=line.freedom - 1), float(bend)


def fit_row(fit: Fit) -> dict[str, Any]:
    """A fit as a row.

    Args:
        fit: of `fits`.

    Returns:
        a and b of A* = e^a T^b (T in steps) with 95 % intervals, what informs them, and the test.
    """
    own, line = fit.onsets, fit.line
    values: tuple[float, ...] = (np.nan,) * 3
    if line is not None:
        values = float(line.beta[0]), float(line.beta[1]), fit.last
    row = _names(own) | {"law": fit.law}
    for k, name in enumerate(("a", "b", "break_period")):
        value = values[k] if np.isfinite(values[k]) else np.nan
        drawn = fit.drawn[:, k] if np.isfinite(value) else np.empty(0)
        row |= _interval(name, value, np.exp(drawn) if k == 2 else drawn)
    return row | _evidence([own]) | _test(line) | {"says": _says(fit)}


def _says(fit: Fit) -> str:
    if fit.line is None:
        count = int(np.isfinite(fit.onsets.place).sum())
        return f"no fit: {count} of {len(fit.onsets.period)} onsets lie inside the map"
    if not fit.line.freedom:
        return "not tested"
    return "rejected" if fit.line.p_value < LEVEL else "not rejected"


def equal_exponents(all_fits: Sequence[Fit]) -> Iterator[dict[str, Any]]:
    """Does one b serve all widths? Cochran's Q (Cochran 1954, Biometrics 10, 101-129).

    Args:
        all_fits: of any panels.

    Yields:
        A row for each study, loss, learning rate, boundary and law with at least two widths: the
        weighted mean of b, and the test that all are equal. Where a law fits worse than noise
        allows, its variance is raised by as much (Birge's ratio).
    """

    def panel(fit: Fit) -> tuple[Any, ...]:
        own = fit.onsets.panel
        return own.study, own.loss, own.learning_rate, fit.onsets.boundary, fit.law

    for _, group in groupby(sorted(all_fits, key=panel), panel):
        several = [fit for fit in group if fit.line is not None]
        if len(several) < 2:
            continue
        lines = [fit.line for fit in several if fit.line is not None]
        b = np.array([line.beta[1] for line in lines])
        raised = [max(1.0, own.misfit / own.freedom) if own.freedom else 1.0 for own in lines]
        variance = np.array([np.nanvar(fit.drawn[:, 1], ddof=1) for fit in several]) * raised
        mean, error = np.average(b, weights=1 / variance), np.sqrt(1 / (1 / variance).sum())
        freedom = len(b) - 1
        q = float(((b - mean) ** 2 / variance).sum())
        margin = stats.norm.ppf(1 - LEVEL / 2) * error
        yield (
            _names(several[0].onsets)
            | {"width": None, "law": f"{WIDTHS}: {several[0].law}"}
            | _empty("a")
            | {"b": mean, "b_low": mean - margin, "b_high": mean + margin}
            | _empty("break_period")
            | _evidence([fit.onsets for fit in several])
            | _test(Line(b, q, freedom))
            | {"says": "rejected" if stats.chi2.sf(q, freedom) < LEVEL else "not rejected"}
        )


def rate_exponents(all_onsets: Sequence[Onsets]) -> Iterator[dict[str, Any]]:
    """How does a boundary move with the learning rate? A* = g(T) η^b, with any g.

    Args:
        all_onsets: of any panels.

    Yields:
        A row for each study, loss, width and boundary with at least two learning rates: b, and the
        test of the law against free onsets.
    """

    def panel(own: Onsets) -> tuple[Any, ...]:
        return own.panel.study, own.panel.loss, own.panel.width, own.boundary

    for _, group in groupby(sorted(all_onsets, key=panel), panel):
        several = list(group)
        if len(several) < 2:
            continue
        period = np.concatenate([own.period for own in several])
        rate = np.concatenate([np.full(len(o.period), o.panel.learning_rate) for o in several])
        place = np.concatenate([own.place for own in several])
        drawn = np.concatenate([own.drawn for own in several], axis=1)
        ends = np.concatenate([np.tile(own.ends, (len(own.period), 1)) for own in several])
        covariance = linalg.block_diag(*(spread(own.place, own.drawn) for own in several))
        # periods that have an onset inside the map at one rate only tell nothing of η
        informs = _shared(period, place)
        levels = np.unique(period[informs])
        design = np.column_stack([np.log(rate), period[:, None] == levels])[informs].astype(float)
        chosen = np.ix_(informs, informs)
        line = regress(design, place[informs], covariance[chosen], ends[informs])
        again = [
            regress(design, own, covariance[chosen], ends[informs])
            for own in (drawn[:, informs] if line is not None else ())
        ]
        slopes = np.array([own.beta[0] for own in again if own is not None])
        yield (
            _names(several[0])
            | {"learning_rate": None, "law": RATE}
            | _empty("a")
            | _interval("b", np.nan if line is None else float(line.beta[0]), slopes)
            | _empty("break_period")
            | _evidence(several)
            | _test(line)
            | {"says": "no fit: too few onsets at the same period" if line is None else
               "rejected" if line.p_value < LEVEL else "not rejected"}
        )  # fmt: skip


def _shared(period: Array, place: Array) -> np.ndarray:
    inside = np.isfinite(place)
    several = [p for p in np.unique(period) if inside[period == p].sum() >= 2]
    return np.isin(period, several) & ~np.isnan(place)


def _names(own: Onsets) -> dict[str, Any]:
    panel = own.panel
    return {
        "study": panel.study,
        "loss": panel.loss,
        "width": panel.width,
        "learning_rate": panel.learning_rate,
        "boundary": own.boundary,
    }


def _interval(name: str, value: float, drawn: Array) -> dict[str, float]:
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, [LEVEL / 2, 1 - LEVEL / 2]) if len(known) else (np.nan,) * 2
    return dict(zip((f"{name}{end}" for end in INTERVAL), (value, float(low), float(high)),
                    strict=True))  # fmt: skip


def _empty(name: str) -> dict[str, float]:
    return _interval(name, np.nan, np.empty(0))


def _evidence(several: Sequence[Onsets]) -> dict[str, int]:
    places = np.concatenate([own.place for own in several])
    cells = [own.panel.outcomes.samples for own in several]
    return {
        "inside": int(np.isfinite(places).sum()),
        "below": int(np.isneginf(places).sum()),
        "above": int(np.isposinf(places).sum()),
        "nowhere": int(np.isnan(places).sum()),
        "cells": sum(map(len, cells)),
        "networks": sum(len(sample) for own in cells for sample in own),
    }


def _test(line: Line | None) -> dict[str, float | int | None]:
    if line is None:
        return {"misfit": None, "freedom": None, "p_value": None}
    return {"misfit": line.misfit, "freedom": line.freedom, "p_value": line.p_value}
