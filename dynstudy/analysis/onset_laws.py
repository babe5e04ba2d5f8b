"""Power laws through onsets, one nested in the next, each tested against the one before it.

    curved laws    log A* = a + b log T, a and b of each panel, and a common q (log T)²
    own law        a and b of each panel
    one exponent   a of each panel, one b
    one variable   A* = a T^b η^c width^d, one of each

An onset is known to lie between two tested amplitudes (`dynstudy.analysis.onsets`); see
`dynstudy.statistics.censored_regression` for the fit, its intervals and its tests.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dynstudy.analysis.onsets import Onsets
from dynstudy.arrays import Array
from dynstudy.statistics.censored_regression import Line, fit_line, interval, p_value
from dynstudy.statistics.two_samples import LEVEL

CURVED, OWN, ONE_EXPONENT, ONE_VARIABLE = "curved laws", "own law", "one exponent", "one variable"
EXPONENTS = ("period_exponent", "rate_exponent", "width_exponent")
INTERVAL = ("", "_low", "_high")
REJECTED, NOT_REJECTED, NOT_TESTED = "rejected", "not rejected", "not tested"


def empty_row(model: str) -> dict[str, Any]:
    """A row without numbers: of a law, or of a curve."""
    numbers = [f"{name}{end}" for name in (*EXPONENTS, "explained", "lost") for end in INTERVAL]
    keys = ["factor", *numbers, "noise", "scatter", "against", "p_value", "says"]
    return {"model": model} | dict.fromkeys(keys)


def own_law(onsets: Onsets) -> tuple[Line | None, dict[str, Any]]:
    """Return a panel's fit of A* = factor · T^b, and its row: tested against one with (log T)².

    The fit is of log A* = a + b log T; None where too few onsets lie inside the map.
    """
    design, ends = _straight(onsets.period), _ends([onsets])
    law = fit_line(design, *ends)
    row = empty_row(OWN) | {"against": CURVED}
    if law is None:
        says = f"no fit: {onsets.inside} of {len(onsets.period)} onsets lie inside the map"
        return None, row | {"says": says}
    row |= {"factor": float(np.exp(law.beta[0])), "scatter": law.sd}
    row |= _profile(EXPONENTS[0], design, ends, law, 1)
    curved = np.column_stack([design, design[:, 1] ** 2])
    return law, row | _tested(law, fit_line(curved, *ends))


def law_band(onsets: Onsets, law: Line, period: Array) -> Array:
    """A* of a panel's law at G periods and the ends of its 95 % interval: (3, G)."""
    rows = []
    for at in np.log(period):
        design = _straight(onsets.period)
        design[:, 1] -= at  # the first coefficient is log A* there
        shifted = replace(law, beta=np.array([law.beta[0] + law.beta[1] * at, law.beta[1]]))
        rows.append((shifted.beta[0], *interval(design, *_ends([onsets]), shifted, 0)))
    return np.exp(np.array(rows).T)


def shared_laws(
    panel_onsets: Sequence[Onsets], shared: Array, names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each law but the curved that panels share; none with fewer than two panels.

    All of them have a law of their own. `shared` are logs (panels, q - 1) of η and width, those of
    them that are asked for, and `names` the q columns of EXPONENTS that this makes.
    """
    if len(panel_onsets) < 2:
        return
    numbers = np.arange(len(panel_onsets))
    panel = np.repeat(numbers, [len(onsets.period) for onsets in panel_onsets])
    of_panel = (panel[:, None] == numbers).astype(float)
    log_period = np.log(np.concatenate([onsets.period for onsets in panel_onsets]))[:, None]
    designs = {
        CURVED: np.hstack([of_panel, of_panel * log_period, log_period**2]),
        OWN: np.hstack([of_panel, of_panel * log_period]),
        ONE_EXPONENT: np.hstack([of_panel, log_period]),
        ONE_VARIABLE: np.hstack([np.ones_like(log_period), log_period, shared[panel]]),
    }
    columns = {
        ONE_EXPONENT: {EXPONENTS[0]: len(panel_onsets)},
        ONE_VARIABLE: {name: column for column, name in enumerate(names, start=1)},
    }
    ends = _ends(panel_onsets)
    larger = fit_line(designs[CURVED], *ends)
    for before, model in zip(designs, list(designs)[1:], strict=False):
        line = fit_line(designs[model], *ends)
        row = empty_row(model) | {"against": before}
        if line is None:
            row["says"] = "no fit: too few onsets lie inside the map"
        else:
            row |= {"scatter": line.sd} | _tested(line, larger)
            for name, column in columns.get(model, {}).items():
                row |= _profile(name, designs[model], ends, line, column)
        yield row
        larger = line


def _straight(period: Array) -> Array:
    return np.column_stack([np.ones(len(period)), np.log(period)])


def _ends(panel_onsets: Sequence[Onsets]) -> tuple[Array, Array]:
    with np.errstate(divide="ignore"):  # 0: below the map
        low = np.log(np.concatenate([onsets.low for onsets in panel_onsets]))
    return low, np.log(np.concatenate([onsets.high for onsets in panel_onsets]))


def _profile(
    name: str, design: Array, ends: tuple[Array, Array], line: Line, column: int
) -> dict[str, float]:
    low, high = interval(design, *ends, line, column)
    return {name: float(line.beta[column]), f"{name}_low": low, f"{name}_high": high}


def _tested(small: Line, large: Line | None) -> dict[str, Any]:
    p = np.nan if large is None else p_value(small, large)
    if np.isnan(p):
        return {"says": NOT_TESTED}
    return {"p_value": p, "says": REJECTED if p < LEVEL else NOT_REJECTED}
