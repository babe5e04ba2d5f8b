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
from dynstudy.analysis.onsets import ForgettingPanel, Onsets, forgetting_panels, onsets
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.arrays import Array
from dynstudy.errors import DynstudyError, with_article
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.statistics.censored_regression import Line
from dynstudy.statistics.two_samples import LEVEL
from dynstudy.store.studies import Storage

FEWEST_VALUES = 3
"""Periods, and amplitudes, below which there is no law."""

BAND_PERIODS = 13  # at which a picture shows a law

OWN_CURVES, ONE_CURVE = "own curves", "one curve"


@dataclass(frozen=True)
class Scaling:
    """The panels of one loss, their laws and their curves."""

    loss: str
    panels: list[ForgettingPanel]
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


def scaling(storage: Storage, names: Sequence[str], level: float = CATASTROPHIC) -> list[Scaling]:
    """Return how the onset of forgetting moves, fitted and tested for each loss.

    Panels of one loss are taken together; forgetting sets in at a `level` of it, net.

    Raises:
        DynstudyError: a study is no map over amplitude and period, or two do not go together.
    """
    if not 0 < level < 1:
        raise DynstudyError(f"--level {level:g}: forgetting is a share; choose between 0 and 1")
    panels: list[ForgettingPanel] = []
    first: dict[str, RegimeMap] = {}  # of each loss
    for name in names:
        study_map = regime_map(storage, name)
        for panel in _panels_with_laws(study_map):
            _check_together(panels, panel, first.setdefault(panel.loss, study_map), study_map)
            panels.append(panel)
    panels.sort(key=lambda panel: panel.loss)
    with threadpool_limits(1):  # many small matrices: threads would wait for each other
        return [
            fit_panels(loss, list(of_loss), level)
            for loss, of_loss in groupby(panels, lambda panel: panel.loss)
        ]


def _panels_with_laws(study_map: RegimeMap) -> list[ForgettingPanel]:
    """The panels of a study that have enough cells to say something of a law."""
    name = study_map.spec.name
    if not study_map.spec.on_grid:
        raise DynstudyError(
            f"{name}: is {with_article(study_map.spec.title)}; "
            "a law is fitted to the cells of a map"
        )
    for axis in ("period", "amplitude"):
        count = study_map.dynamical_cells()[axis].nunique()
        if count < FEWEST_VALUES:
            raise DynstudyError(
                f"{name}: space.{axis} has {count} value{'s' * (count != 1)}; "
                f"a law needs at least {FEWEST_VALUES}"
            )
    panels = [
        panel
        for panel in forgetting_panels(study_map)
        if all(len(np.unique(axis)) >= FEWEST_VALUES for axis in panel.cells.places.T)
    ]
    if not panels:
        raise DynstudyError(
            f"{name}: forgetting is known at fewer than {FEWEST_VALUES} periods or amplitudes; "
            f"`dynstudy run` trains what is missing"
        )
    return panels


def _check_together(
    before: Sequence[ForgettingPanel],
    panel: ForgettingPanel,
    first: RegimeMap,
    study_map: RegimeMap,
) -> None:
    for earlier in before:
        if panel.key == earlier.key:
            raise DynstudyError(
                f"{earlier.study} and {panel.study}: both have {panel.loss}, width {panel.width}, "
                f"learning rate {panel.learning_rate:g}, which counts once; name one of them"
            )
    if first.spec.protocol.plain != study_map.spec.protocol.plain:
        raise DynstudyError(
            f"{first.spec.name} and {study_map.spec.name}: their protocols differ, and one law is "
            "of one protocol; `dynstudy compare` shows how, `dynstudy scaling` takes them one by "
            "one"
        )


def fit_panels(loss: str, panels: list[ForgettingPanel], level: float = CATASTROPHIC) -> Scaling:
    """Fit and test the laws and curves of the panels of one loss."""
    panel_onsets = [onsets(panel, level) for panel in panels]
    shared, names = _shared(panels)
    laws, rows = [], []
    for panel, onset in zip(panels, panel_onsets, strict=True):
        law, row = own_law(onset)
        laws.append(law)
        rows.append(_names([panel], [onset]) | row)
    with_law = [k for k, law in enumerate(laws) if law is not None]
    onsets_with_law = [panel_onsets[k] for k in with_law]
    together = _names([panels[k] for k in with_law], onsets_with_law)
    rows += [together | row for row in shared_laws(onsets_with_law, shared[with_law], names)]
    exponents, curves = _curves(panels, shared, names)
    rows += [_names(panels, panel_onsets) | row for row in curves]
    rows = [{"loss": loss} | row for row in rows]
    return Scaling(loss, panels, panel_onsets, laws, shared, exponents, rows)


def _shared(panels: Sequence[ForgettingPanel]) -> tuple[Array, list[str]]:
    """Logs (panels, 0 to 2) of η and width, those that vary and that panels can tell apart."""
    kept, names = np.ones((len(panels), 1)), [EXPONENTS[0]]
    logs = np.log([[panel.learning_rate, panel.width] for panel in panels])
    for values, name in zip(logs.T, EXPONENTS[1:], strict=True):
        more = np.column_stack([kept, values])
        if np.linalg.matrix_rank(more) == more.shape[1]:
            kept = more
            names.append(name)
    return kept[:, 1:], names


def _curves(
    panels: Sequence[ForgettingPanel], shared: Array, names: Sequence[str]
) -> tuple[Array, list[dict[str, Any]]]:
    """The exponents of one variable, and rows of curves; intervals are normal, over resamples."""
    y = np.concatenate([panel.cells.means() for panel in panels])
    rng = np.random.default_rng(0)  # a study reads the same every time
    drawn = np.concatenate([panel.resampled(DRAWS, rng) for panel in panels], axis=1)
    noise = sum(float(panel.noise().sum()) for panel in panels)
    ceiling = 1 - noise / float(((y - y.mean()) ** 2).sum())

    cells = cells_of(panels, shared)
    exponents = best_exponents(cells, y)
    again = np.array([best_exponents(cells, values, exponents) for values in drawn])
    varied: dict[str, float] = {}
    for name, value, spread in zip(names, exponents, again.T, strict=True):
        varied |= _normal(name, value, spread)

    sizes = np.cumsum([len(panel.static) for panel in panels])[:-1]
    alone = [cells_of([panel], np.empty((1, 0))) for panel in panels]
    left_out = [LeftOut(*of_panel) for of_panel in zip(alone, np.split(y, sizes), strict=True)]

    def apart(values: Array) -> float:
        parts = zip(left_out, np.split(values, sizes), strict=True)
        return explained(values, np.concatenate([left.predicted(part) for left, part in parts]))

    shares = apart(y), np.array([apart(values) for values in drawn])
    first = empty_row(OWN_CURVES) | {"noise": ceiling} | _normal("explained", *shares)
    if len(panels) == 1:
        return exponents, [first | varied]
    left = LeftOut(cells, y)
    together = (
        explained(y, left.predicted(y)),
        np.array([explained(values, left.predicted(values)) for values in drawn]),
    )
    row = empty_row(ONE_CURVE) | {"noise": ceiling, "against": OWN_CURVES} | varied
    row |= _normal("explained", *together)
    row |= _normal("lost", shares[0] - together[0], shares[1] - together[1])
    row["says"] = REJECTED if row["lost_low"] > 0 else NOT_REJECTED
    return exponents, [first, row]


def _normal(name: str, value: float, drawn: Array) -> dict[str, float]:
    margin = float(stats.norm.ppf(1 - LEVEL / 2) * drawn.std(ddof=1))
    ends = float(value), float(value) - margin, float(value) + margin
    return {f"{name}{suffix}": end for suffix, end in zip(INTERVAL, ends, strict=True)}


def _names(panels: Sequence[ForgettingPanel], panel_onsets: Sequence[Onsets]) -> dict[str, Any]:
    """Whose row it is, and what it rests on."""
    only = panels[0] if len(panels) == 1 else None
    return {
        "study": " ".join(dict.fromkeys(panel.study for panel in panels)),
        "width": only and only.width,
        "learning_rate": only and only.learning_rate,
        "panels": len(panels),
        "inside": sum(onset.inside for onset in panel_onsets),
        "below": sum(int((onset.low == 0).sum()) for onset in panel_onsets),
        "above": sum(int(np.isinf(onset.high).sum()) for onset in panel_onsets),
        "cells": sum(len(panel.static) for panel in panels),
        "networks": sum(panel.networks for panel in panels),
    }
