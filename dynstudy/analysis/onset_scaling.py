"""What sets the onset of forgetting: how it moves with period, learning rate and width.

Power laws are fitted to the onsets of each panel and tested (`dynstudy.analysis.onset_laws`).
Then one curve of A / (T^b η^c width^d) is drawn through the forgetting of all cells of a loss,
beside curves of each panel's own (`dynstudy.analysis.onset_collapse`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from dynstudy.analysis.onset_collapse import (
    DRAWS,
    LeftOut,
    best_exponents,
    cells_of,
    collapse,
    explained,
)
from dynstudy.analysis.onset_laws import (
    EXPONENTS,
    INTERVAL,
    NOT_REJECTED,
    REJECTED,
    empty_row,
    law_band,
    own_law,
    shared_laws,
)
from dynstudy.analysis.onsets import Onsets, Panel, onsets, panels
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.arrays import Array
from dynstudy.errors import DynstudyError
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.statistics.censored_regression import Line
from dynstudy.statistics.two_samples import LEVEL
from dynstudy.store.studies import Storage

FEWEST = 3
"""Periods, and amplitudes, below which there is no law."""

BAND_PERIODS = 13  # at which a picture shows a law

OWN_CURVES, ONE_CURVE = "own curves", "one curve"


@dataclass(frozen=True)
class Scaling:
    """The panels of one loss, and what was found of them."""

    loss: str
    panels: list[Panel]
    onsets: list[Onsets]
    laws: list[Line | None]  # each panel's own
    shared: Array  # (panels, q - 1) logs of η and width, where they vary
    exponents: Array  # (q,) of the one variable that serves all cells best
    rows: list[dict[str, Any]]

    @cached_property
    def bands(self) -> list[tuple[Array, Array] | None]:
        """Of each panel's law: periods (G,), and A* there with its 95 % band (3, G)."""
        bands: list[tuple[Array, Array] | None] = []
        for onset, law in zip(self.onsets, self.laws, strict=True):
            periods = np.geomspace(onset.period[0], onset.period[-1], BAND_PERIODS)
            bands.append(None if law is None else (periods, law_band(onset, law, periods)))
        return bands

    @cached_property
    def collapse(self) -> tuple[list[Array], Array]:
        """The cells of each panel over the one variable (4, K), and the curve through all."""
        return collapse(self.panels, self.shared, self.exponents)


def scaling(
    storage: Storage, names: Sequence[str], level: float = CATASTROPHIC, seed: int = 0
) -> list[Scaling]:
    """Fit and test how the onset of forgetting moves.

    Args:
        storage: where the studies are.
        names: of maps over amplitude and period; panels of one loss are taken together.
        level: of net forgetting at which it sets in.
        seed: of the resampling, so that a study reads the same every time.

    Returns:
        What was found, per loss.

    Raises:
        DynstudyError: a study is no such map, or two do not go together.
    """
    if not 0 < level < 1:
        raise DynstudyError(f"--level {level:g}: forgetting is a share; choose between 0 and 1")
    found: list[Panel] = []
    protocols: dict[str, RegimeMap] = {}
    for name in names:
        own = regime_map(storage, name)
        for panel in _enough(own):
            _check_together(found, panel, protocols.setdefault(panel.loss, own), own)
            found.append(panel)
    found.sort(key=lambda panel: panel.loss)
    with threadpool_limits(1):  # many small matrices: threads would wait for each other
        return [
            fit_panels(loss, list(own), level, seed)
            for loss, own in groupby(found, lambda panel: panel.loss)
        ]


def _enough(found: RegimeMap) -> list[Panel]:
    """The panels of a study that have enough cells to say something of a law."""
    name = found.spec.name
    if not found.spec.on_grid:
        raise DynstudyError(
            f"{name}: is a {found.spec.title}; a law is fitted to the cells of a map"
        )
    for axis in ("period", "amplitude"):
        count = found.dynamical_cells()[axis].nunique()
        if count < FEWEST:
            raise DynstudyError(
                f"{name}: space.{axis} has {count} value{'s' * (count != 1)}; "
                f"a law needs at least {FEWEST}"
            )
    enough = [
        panel
        for panel in panels(found)
        if all(len(np.unique(axis)) >= FEWEST for axis in panel.cells.places.T)
    ]
    if not enough:
        raise DynstudyError(
            f"{name}: forgetting is known at fewer than {FEWEST} periods or amplitudes; "
            f"`dynstudy run` trains what is missing"
        )
    return enough


def _check_together(found: Sequence[Panel], panel: Panel, first: RegimeMap, own: RegimeMap) -> None:
    place = panel.loss, panel.width, panel.learning_rate
    for other in found:
        if place == (other.loss, other.width, other.learning_rate):
            raise DynstudyError(
                f"{other.study} and {panel.study}: both have {place[0]}, width {place[1]}, "
                f"learning rate {place[2]:g}, which counts once; name one of them"
            )
    if first.spec.protocol != own.spec.protocol:
        raise DynstudyError(
            f"{first.spec.name} and {own.spec.name}: their protocols differ, and one law is of one "
            "protocol; `dynstudy diff` shows how, `dynstudy scaling` takes them one by one"
        )


def fit_panels(loss: str, own: list[Panel], level: float = CATASTROPHIC, seed: int = 0) -> Scaling:
    """Fit and test the laws and curves of one loss.

    Args:
        loss: its name.
        own: its panels.
        level: of net forgetting at which the onset is.
        seed: of the resampling.

    Returns:
        What was found.
    """
    places = [onsets(panel, level) for panel in own]
    shared, names = _shared(own)
    fits = [own_law(place) for place in places]
    rows = [
        _names([panel], [place]) | row
        for panel, place, (_, row) in zip(own, places, fits, strict=True)
    ]
    fit = [k for k, (law, _) in enumerate(fits) if law is not None]
    together = shared_laws([places[k] for k in fit], shared[fit], names)
    rows += [_names([own[k] for k in fit], [places[k] for k in fit]) | row for row in together]
    exponents, curves = _collapse(own, shared, names, seed)
    rows += [_names(own, places) | row for row in curves]
    laws = [law for law, _ in fits]
    return Scaling(loss, own, places, laws, shared, exponents, [{"loss": loss} | r for r in rows])


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


def _collapse(
    own: Sequence[Panel], shared: Array, names: Sequence[str], seed: int
) -> tuple[Array, list[dict[str, Any]]]:
    # intervals are normal, with standard errors over resampled replicates
    y = np.concatenate([panel.cells.means() for panel in own])
    rng = np.random.default_rng(seed)
    drawn = np.concatenate([panel.resampled(DRAWS, rng) for panel in own], axis=1)
    noise = sum(float(panel.noise().sum()) for panel in own)
    ceiling = 1 - noise / float(((y - y.mean()) ** 2).sum())

    cells = cells_of(own, shared)
    exponents = best_exponents(cells, y)
    again = np.array([best_exponents(cells, values, exponents) for values in drawn])
    varied: dict[str, float] = {}
    for name, value, spread in zip(names, exponents, again.T, strict=True):
        varied |= _normal(name, value, spread)

    sizes = np.cumsum([len(panel.static) for panel in own])[:-1]
    alone = [cells_of([panel], np.empty((1, 0))) for panel in own]
    each = [LeftOut(cells, part) for cells, part in zip(alone, np.split(y, sizes), strict=True)]

    def apart(values: Array) -> float:
        parts = zip(each, np.split(values, sizes), strict=True)
        return explained(values, np.concatenate([left.predicted(part) for left, part in parts]))

    shares = apart(y), np.array([apart(values) for values in drawn])
    first = empty_row(OWN_CURVES) | {"noise": ceiling} | _normal("explained", *shares)
    if len(own) == 1:
        return exponents, [first | varied]
    left = LeftOut(cells, y)
    one = (
        explained(y, left.predicted(y)),
        np.array([explained(v, left.predicted(v)) for v in drawn]),
    )
    row = empty_row(ONE_CURVE) | {"noise": ceiling, "against": OWN_CURVES} | varied
    row |= _normal("explained", *one) | _normal("lost", shares[0] - one[0], shares[1] - one[1])
    row["says"] = REJECTED if row["lost_low"] > 0 else NOT_REJECTED
    return exponents, [first, row]


def _normal(name: str, value: float, drawn: Array) -> dict[str, float]:
    margin = float(stats.norm.ppf(1 - LEVEL / 2) * drawn.std(ddof=1))
    ends = float(value), float(value) - margin, float(value) + margin
    return {f"{name}{end}": own for end, own in zip(INTERVAL, ends, strict=True)}


def _names(own: Sequence[Panel], places: Sequence[Onsets]) -> dict[str, Any]:
    """Whose row it is, and what it rests on."""
    only = own[0] if len(own) == 1 else None
    return {
        "study": " ".join(dict.fromkeys(panel.study for panel in own)),
        "width": only and only.width,
        "learning_rate": only and only.learning_rate,
        "panels": len(own),
        "inside": sum(place.inside for place in places),
        "below": sum(int((place.low == 0).sum()) for place in places),
        "above": sum(int(np.isinf(place.high).sum()) for place in places),
        "cells": sum(len(panel.static) for panel in own),
        "networks": sum(panel.networks for panel in own),
    }
