"""What sets the onset of forgetting: A* = a T^b η^c width^d, fitted, tested, and tried on all cells.

Laws are fitted to onsets of which the tested amplitudes on both sides are known
(`dynstudy.report.onsets`, `dynstudy.report.censored`), one nested in the next:

    curved laws    log A* = a + b log T, a and b of each panel, and a common q (log T)²
    own law        a and b of each panel
    one exponent   a of each panel, one b
    one variable   one a, b, c and d

and each is tested against the one before it. Then one curve of A / (T^b η^c width^d) is drawn
through the forgetting of all cells, beside curves of each panel's own (`dynstudy.report.collapse`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from dynstudy.errors import DynstudyError
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.report.censored import Line, fit_line, interval, p_value
from dynstudy.report.collapse import (
    DRAWS,
    Cells,
    Estimate,
    LeftOut,
    best_exponents,
    cells_of,
    explained,
)
from dynstudy.report.onsets import Onsets, Panel, onsets, panels
from dynstudy.report.regime_map import regime_map
from dynstudy.report.regimes import LEVEL, Array
from dynstudy.search.spec import MapSpec
from dynstudy.search.storage import Storage

FEWEST_PERIODS = 3
FEWEST_AMPLITUDES = 3

CURVED, OWN, ONE_EXPONENT, ONE_VARIABLE = "curved laws", "own law", "one exponent", "one variable"
OWN_CURVES, ONE_CURVE = "own curves", "one curve"
EXPONENTS = ("period_exponent", "rate_exponent", "width_exponent")
INTERVAL = ("", "_low", "_high")
REJECTED, NOT_REJECTED = "rejected", "not rejected"


@dataclass(frozen=True)
class Fitted:
    """The panels of one loss, and what was found of them."""

    loss: str
    panels: list[Panel]
    onsets: list[Onsets]
    laws: list[Line | None]  # each panel's own
    exponents: Array  # (q,) of the variable that is tried on all cells
    shared: Array  # (panels, q - 1) logs of η and width, where they vary
    rows: list[dict[str, Any]]


def scaling(
    storage: Storage, names: Sequence[str], level: float = CATASTROPHIC, seed: int = 0
) -> list[Fitted]:
    """Fit and test how the onset of forgetting moves.

    Args:
        storage: where the studies are.
        names: of maps over amplitude and period; panels of one loss are taken together.
        level: of net forgetting at which it sets in.
        seed: of the resampling, so that a study reads the same every time.

    Returns:
        What was found, per loss.

    Raises:
        DynstudyError: a study is no such map, or is named twice.
    """
    if len(set(names)) < len(names):
        raise DynstudyError("a study is named twice; each network counts once")
    if not 0 < level < 1:
        raise DynstudyError(f"--level {level:g}: net forgetting is at most 1; choose one in (0, 1)")
    found = [panel for name in names for panel in _checked(storage, name)]
    found.sort(key=lambda own: (own.loss, own.study, own.width, own.learning_rate))
    with threadpool_limits(1):  # many small matrices: threads would wait for each other
        return [
            _fitted(loss, list(own), level, seed)
            for loss, own in groupby(found, lambda panel: panel.loss)
        ]


def _checked(storage: Storage, name: str) -> list[Panel]:
    """The panels of a study that have enough cells to say something of a law."""
    found = regime_map(storage, name)
    judged = found.judged()
    for count, axis, fewest in (
        (judged.period.nunique(), "period", FEWEST_PERIODS),
        (judged.amplitude.nunique(), "amplitude", FEWEST_AMPLITUDES),
    ):
        if not isinstance(found.spec, MapSpec):
            raise DynstudyError(f"{name}: is a search; a law is fitted to the cells of a map")
        if count < fewest:
            raise DynstudyError(
                f"{name}: space.{axis} has {count} value{'s' * (count != 1)}; "
                f"a law needs at least {fewest}"
            )
    every = list(panels(found))
    enough = [
        own
        for own in every
        if all(len(np.unique(axis)) >= FEWEST_PERIODS for axis in own.cells.place.T)
    ]
    if not enough:
        raise DynstudyError(
            f"{name}: forgetting is known at fewer than {FEWEST_PERIODS} periods; "
            "run the study again to complete it"
        )
    return enough


def _fitted(loss: str, own: list[Panel], level: float, seed: int) -> Fitted:
    places = [onsets(panel, level) for panel in own]
    shared, names = _shared(own)
    laws, rows = [], []
    for panel, place in zip(own, places, strict=True):
        law, row = _own_law(place)
        laws.append(law)
        rows.append(_names([panel], place) | row)
    if len(own) > 1:
        fit = [k for k, law in enumerate(laws) if law is not None]
        some = [places[k] for k in fit]
        counted = _names(own, *places)
        rows += [counted | row for row in _nested(some, shared[fit], names)]
    exponents, compared = _collapse(own, shared, names, seed)
    rows += [_names(own, *places) | row for row in compared]
    rows = [{"loss": loss} | row for row in rows]
    return Fitted(loss, own, places, laws, exponents, shared, rows)


def _shared(own: Sequence[Panel]) -> tuple[Array, list[str]]:
    """Logs (panels, 0 to 2) of η and width, those that vary and that panels can tell apart."""
    kept, names = np.ones((len(own), 1)), [EXPONENTS[0]]
    logs = np.log([[panel.learning_rate, panel.width] for panel in own])
    for values, name in zip(logs.T, EXPONENTS[1:], strict=True):
        more = np.column_stack([kept, values])
        if np.linalg.matrix_rank(more) == more.shape[1]:
            kept = more
            names.append(name)
    return kept[:, 1:], names


def _own_law(place: Onsets) -> tuple[Line | None, dict[str, Any]]:
    log_period = np.log(place.period)
    design = np.column_stack([np.ones(len(log_period)), log_period])
    ends = _ends([place])
    law = fit_line(design, *ends)
    row = _row(OWN) | {"against": CURVED}
    if law is None:
        says = f"no fit: {place.inside} of {len(log_period)} onsets lie inside the map"
        return None, row | {"says": says}
    row |= {"factor": float(np.exp(law.beta[0])), "scatter": law.sd}
    row |= _profile(EXPONENTS[0], design, ends, law, 1)
    return law, row | _tested(law, fit_line(np.column_stack([design, log_period**2]), *ends))


def _nested(
    places: Sequence[Onsets], shared: Array, names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """The rows of the laws that panels share; none with fewer than two that have a law."""
    if len(places) < 2:
        return
    panel = np.repeat(np.arange(len(places)), [len(own.period) for own in places])
    own = (panel[:, None] == np.arange(len(places))).astype(float)
    log_period = np.log(np.concatenate([place.period for place in places]))[:, None]
    designs = {
        CURVED: np.hstack([own, own * log_period, log_period**2]),
        OWN: np.hstack([own, own * log_period]),
        ONE_EXPONENT: np.hstack([own, log_period]),
        ONE_VARIABLE: np.hstack([np.ones_like(log_period), log_period, shared[panel]]),
    }
    ends = _ends(places)
    models = list(designs)
    lines = {model: fit_line(design, *ends) for model, design in designs.items()}
    for larger, model in zip(models, models[1:], strict=False):
        line = lines[model]
        row = _row(model) | {"against": larger}
        if line is None:
            yield row | {"says": "no fit: too few onsets lie inside the map"}
            continue
        row |= {"scatter": line.sd} | _tested(line, lines[larger])
        columns = {ONE_EXPONENT: {EXPONENTS[0]: len(places)}, ONE_VARIABLE: dict(
            zip(names, range(1, len(names) + 1), strict=True))}.get(model, {})  # fmt: skip
        for name, column in columns.items():
            row |= _profile(name, designs[model], ends, line, column)
        yield row


def _collapse(
    own: Sequence[Panel], shared: Array, names: Sequence[str], seed: int
) -> tuple[Array, list[dict[str, Any]]]:
    """Curves through all cells: of each panel, and, with several panels, one."""
    sizes = np.cumsum([len(panel.static) for panel in own])[:-1]
    rng = np.random.default_rng(seed)
    y = np.concatenate([panel.cells.means() for panel in own])
    drawn = np.concatenate([panel.resampled(DRAWS, rng) for panel in own], axis=1)
    noise = sum(float(panel.noise().sum()) for panel in own)
    ceiling = 1 - noise / float(((y - y.mean()) ** 2).sum())

    together = cells_of(own, shared)
    separate = [cells_of([panel], np.empty((1, 0))) for panel in own]
    each = [LeftOut(cells, part) for cells, part in zip(separate, np.split(y, sizes), strict=True)]

    def apart(values: Array) -> float:
        parts = zip(each, np.split(values, sizes), strict=True)
        return explained(values, np.concatenate([left.predicted(part) for left, part in parts]))

    exponents = best_exponents(together, y)
    again = np.array([best_exponents(together, values, exponents) for values in drawn])
    own_share = apart(y), np.array([apart(values) for values in drawn])
    rows = [_row(OWN_CURVES) | _normal("explained", Estimate.of(*own_share)) | {"noise": ceiling}]
    if len(own) == 1:
        return exponents, [rows[0] | _varied(names, exponents, again)]
    left = LeftOut(together, y)
    one_share = (
        explained(y, left.predicted(y)),
        np.array([explained(values, left.predicted(values)) for values in drawn]),
    )
    lost = Estimate.of(own_share[0] - one_share[0], own_share[1] - one_share[1])
    row = _row(ONE_CURVE) | {"against": OWN_CURVES} | _varied(names, exponents, again)
    row |= _normal("explained", Estimate.of(*one_share)) | _normal("lost", lost)
    rejected = row["lost_low"] > 0
    return exponents, [
        *rows,
        row | {"noise": ceiling, "says": REJECTED if rejected else NOT_REJECTED},
    ]


def _ends(places: Sequence[Onsets]) -> tuple[Array, Array]:
    with np.errstate(divide="ignore"):  # 0 and inf: beyond the map
        low, high = (np.log(np.concatenate([getattr(own, end) for own in places]))
                     for end in ("low", "high"))  # fmt: skip
    return low, high


def _names(own: Sequence[Panel], *places: Onsets) -> dict[str, Any]:
    """Whose row it is, and what it rests on."""
    first = own[0] if len(own) == 1 else None
    return {
        "study": " ".join(sorted({panel.study for panel in own})),
        "width": first and first.width,
        "learning_rate": first and first.learning_rate,
        "inside": sum(place.inside for place in places),
        "below": sum(int((place.low == 0).sum()) for place in places),
        "above": sum(int(np.isinf(place.high).sum()) for place in places),
        "cells": sum(len(panel.static) for panel in own),
        "networks": sum(panel.networks for panel in own),
    }


def _row(model: str) -> dict[str, Any]:
    numbers = [f"{name}{end}" for name in (*EXPONENTS, "explained", "lost") for end in INTERVAL]
    keys = ["factor", *numbers, "noise", "scatter", "against", "p_value", "says"]
    return {"model": model} | dict.fromkeys(keys)


def _profile(
    name: str, design: Array, ends: tuple[Array, Array], line: Line, column: int
) -> dict[str, float]:
    low, high = interval(design, *ends, line, column)
    return {name: float(line.beta[column]), f"{name}_low": low, f"{name}_high": high}


def _varied(names: Sequence[str], exponents: Array, drawn: Array) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value, own in zip(names, exponents, drawn.T, strict=True):
        found |= _normal(name, Estimate.of(value, own))
    return found


def _normal(name: str, own: Estimate) -> dict[str, float]:
    margin = float(stats.norm.ppf(1 - LEVEL / 2)) * own.error
    ends = own.value, own.value - margin, own.value + margin
    return {f"{name}{end}": value for end, value in zip(INTERVAL, ends, strict=True)}


def _tested(small: Line, large: Line | None) -> dict[str, Any]:
    p = np.nan if large is None else p_value(small, large)
    if np.isnan(p):
        return {"says": "not tested"}
    return {"p_value": p, "says": REJECTED if p < LEVEL else NOT_REJECTED}
