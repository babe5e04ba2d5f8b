"""Losses, widths and protocols side by side: what each reaches, and gains where cells match.

A *side* is one loss of one study. Cells of two sides match where width, learning rate, amplitude
and period are equal. The largest gain of many cells is flattered, and more so where more were
tried; a mean over cells that all sides have is not.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.errors import DynstudyError
from dynstudy.measure.accuracy import or_none
from dynstudy.statistics.labels import DIVERGED, HARMFUL, UNTESTED, USEFUL
from dynstudy.statistics.two_samples import LEVEL
from dynstudy.store.studies import Storage
from dynstudy.study.confirmation import FLATTERED
from dynstudy.study.differences import differences

WIDTH_AND_RATE = ["width", "learning_rate"]
INTERVAL = ("", "_low", "_high")
GAIN = [f"gain{end}" for end in INTERVAL]

Part = tuple[float, float]  # a variance, and its degrees of freedom


@dataclass(frozen=True)
class Side:
    """One loss of one study."""

    study: str
    loss: str
    study_map: RegimeMap

    def __str__(self) -> str:
        return f"{self.study}, {self.loss}"

    def trained(self) -> pd.DataFrame:
        """Its dynamical cells that have replicates."""
        dynamical = self.study_map.dynamical_cells()
        return dynamical[(dynamical.loss == self.loss) & (dynamical.replicates > 0)]

    def static(self, width: int, rate: float) -> Any:
        """The cell that those of a width and learning rate are compared with."""
        rows = self.study_map.baseline(self.loss, width, rate)
        return next(rows.itertuples(), None)  # as a Series, its sem would be a method


@dataclass(frozen=True)
class SideBySide:
    """Several sides, compared."""

    sides: list[Side]
    summary: list[dict[str, Any]]  # a row per width, learning rate and side
    cells: list[dict[str, Any]]  # a row per matched cell and side
    notes: list[str]


def side_by_side(storage: Storage, names: Sequence[str]) -> SideBySide:
    """Compare the losses of one study or of several, each with the first loss of the first."""
    for name in names:
        if names.count(name) > 1:
            raise DynstudyError(f"study {name!r} is named twice")
    compared: list[Side] = []
    for name in names:
        of_study = sides(regime_map(storage, name))
        if not of_study:
            raise DynstudyError(
                f"study {name!r} has no dynamical loss: there is no gain to compare; "
                "--differences tells where two studies differ"
            )
        compared += of_study
    if len(compared) < 2:
        raise DynstudyError(
            f"study {names[0]!r} has one dynamical loss, {compared[0].loss}: name another study to "
            "compare it with"
        )
    summary: list[dict[str, Any]] = []
    cells: list[dict[str, Any]] = []
    tables = [dict(iter(side.trained().groupby(WIDTH_AND_RATE))) for side in compared]
    for key in sorted({key for of_side in tables for key in of_side}):
        here = [
            _Panel(side, of_side[key], int(key[0]), float(key[1]))
            for side, of_side in zip(compared, tables, strict=True)
            if key in of_side
        ]
        common = [cell for cell in here[0].cells if all(cell in panel.cells for panel in here)]
        matched = common if len(here) > 1 else []
        summary += [_summary(panel, here[0], matched) for panel in here]
        cells += [_cell(panel, here[0], cell) for cell in matched for panel in here]
    return SideBySide(compared, summary, cells, list(_notes(compared, cells)))


def sides(study: RegimeMap) -> list[Side]:
    """The dynamical losses of a study that have cells, in the order of its file."""
    present = set(study.dynamical_cells().loss)
    return [Side(study.spec.name, loss, study) for loss in study.spec.loss if loss in present]


class _Panel:
    """What one side has at a width and learning rate."""

    def __init__(self, side: Side, table: pd.DataFrame, width: int, rate: float) -> None:
        self.side, self.table, self.width, self.rate = side, table, width, rate
        self.cells: dict[tuple[float, float], Any] = {
            (row.amplitude, row.period): row for row in table.itertuples()
        }
        self.static = side.static(width, rate)

    def names(self) -> dict[str, Any]:
        return {"study": self.side.study, "loss": self.side.loss}


def _summary(panel: _Panel, first: _Panel, matched: list[tuple[float, float]]) -> dict[str, Any]:
    table, static = panel.table, panel.static
    useful = table[table.regime == USEFUL]
    best: Any = next(useful.nlargest(1, "gain").itertuples(), None)
    counts: dict[str, int | None] = {
        "useful": len(useful),
        "harmful": int((table.regime == HARMFUL).sum()),
        "forgets": int((table.forgets == True).sum()),  # noqa: E712
    }
    if (table.regime == UNTESTED).all():
        counts = dict.fromkeys(counts)
    return {
        "width": panel.width,
        "learning_rate": panel.rate,
        **panel.names(),
        "static": _number(static, "val_accuracy"),
        "static_sem": _number(static, "sem"),
        "cells": len(table),
        **counts,
        "best_amplitude": _number(best, "amplitude"),
        "best_period": None if best is None else int(best.period),
        **{f"best_gain{end}": _number(best, f"gain{end}") for end in INTERVAL},
        "matched": len(matched),
        **_interval("gain", *_gain(panel, matched)),
        **_against(panel, first, matched),
    }


def _cell(panel: _Panel, first: _Panel, cell: tuple[float, float]) -> dict[str, Any]:
    row = panel.cells[cell]
    return {
        "width": panel.width,
        "learning_rate": panel.rate,
        "amplitude": float(cell[0]),
        "period": int(cell[1]),
        **panel.names(),
        "val_accuracy": float(row.val_accuracy),
        "sem": or_none(row.sem),
        "regime": row.regime,
        "forgets": row.forgets,
        **_interval("gain", *_gain(panel, [cell])),
        **_against(panel, first, [cell]),
    }


def _against(panel: _Panel, first: _Panel, cells: list[tuple[float, float]]) -> dict[str, Any]:
    """The difference of mean gains to the first side, which has none to itself."""
    if panel is first or not cells:
        return {"against": None, **_interval("difference", math.nan, [])}
    return {
        "against": str(first.side),
        **_interval("difference", *_difference(panel, first, cells)),
    }


def _gain(panel: _Panel, cells: list[tuple[float, float]]) -> tuple[float, list[Part]]:
    """Mean gain over some cells, and what its variance consists of."""
    if not cells or panel.static is None:
        return math.nan, []
    rows = [panel.cells[cell] for cell in cells]
    gain = np.mean([row.val_accuracy for row in rows]) - panel.static.val_accuracy
    parts = [_scaled(_own(row), len(rows)) for row in rows]
    return float(gain), [*parts, _own(panel.static)]


def _difference(
    panel: _Panel, first: _Panel, cells: list[tuple[float, float]]
) -> tuple[float, list[Part]]:
    """Mean gain minus the first side's, over the same cells, and what its variance consists of."""
    if panel.static is None or first.static is None:
        return math.nan, []
    difference = _gain(panel, cells)[0] - _gain(first, cells)[0]
    parts = [
        _scaled(part, len(cells))
        for cell in cells
        for part in _between(panel.cells[cell], first.cells[cell])
    ]
    return difference, [*parts, *_between(panel.static, first.static)]


def _own(row: Any) -> Part:
    return float(row.sem) ** 2, float(row.replicates) - 1


def _scaled(part: Part, count: int) -> Part:
    return part[0] / count**2, part[1]


def _between(one: Any, other: Any) -> list[Part]:
    """Variance of the difference of two means, which may be of the same networks."""
    # The same ledger configuration means the same networks, as far as both have them: what they
    # share takes no part in the difference. Otherwise seeds pair nothing, and variances add up.
    if one.ledger_configuration != other.ledger_configuration:
        return [_own(one), _own(other)]
    more, fewer = (one, other) if one.replicates >= other.replicates else (other, one)
    if more.replicates == fewer.replicates:
        return []
    variance = float(more.sem) ** 2 * more.replicates
    return [(variance * (1 / fewer.replicates - 1 / more.replicates), float(more.replicates) - 1)]


def _interval(name: str, estimate: float, parts: list[Part]) -> dict[str, float | None]:
    """An estimate with its 95 % interval, degrees of freedom after Welch and Satterthwaite."""
    total = sum(variance for variance, _ in parts)
    margin = 0.0 if total == 0 else math.nan  # one replicate has no variance
    if total > 0:
        freedom = total**2 / sum(variance**2 / degrees for variance, degrees in parts if variance)
        margin = stats.t.ppf(1 - LEVEL / 2, freedom) * math.sqrt(total)
    values = (estimate, estimate - margin, estimate + margin)
    return {f"{name}{end}": or_none(value) for end, value in zip(INTERVAL, values, strict=True)}


def _number(row: Any, name: str) -> float | None:
    return None if row is None else or_none(getattr(row, name))


def _notes(sides: list[Side], cells: list[dict[str, Any]]) -> Iterator[str]:
    """What a reader has to know before believing the numbers."""
    specs = {side.study: side.study_map.spec for side in sides}
    resolved = [spec.resolved() for spec in specs.values()]
    changes = [change for other in resolved[1:] for change in differences(resolved[0], other)]
    for key in dict.fromkeys(change.key for change in changes):
        if key.startswith("protocol.") or key in {"replicates", "baseline_replicates"}:
            values = [
                f"{_at(spec, table, key)} ({name})"
                for (name, spec), table in zip(specs.items(), resolved, strict=True)
            ]
            yield f"not the same in all: {key} = {', '.join(values)}"
    yield (
        f"{FLATTERED}; mean gains and differences, to the first of a width and learning rate, are "
        "over matched cells"
    )
    yield "intervals are of 95 % each and not adjusted for how many there are"
    if not cells:
        yield "no cell matches: no width, learning rate, amplitude and period is trained on both"
    lost = sum(cell["regime"] == DIVERGED for cell in cells)
    if lost:
        yield f"{lost} of the matched cells diverged and count as chance"


def _at(spec: Any, table: Any, key: str) -> Any:
    """The value of a key, of one that is left out of a resolved file its default."""
    for name in key.split("."):
        spec = getattr(spec, name, None)
        table = table.get(name) if isinstance(table, dict) else None
    return spec if table is None else table


@dataclass(frozen=True)
class GainCurve:
    """How the gain of one side moves with the width, at one learning rate."""

    study: str
    loss: str
    learning_rate: float
    gains: pd.DataFrame  # a row per width: gain, gain_low, gain_high

    @classmethod
    def of(cls, compared: SideBySide) -> "list[GainCurve]":
        """The curves: mean gains over matched cells with 95 % intervals, or of the only cell."""
        rows: dict[tuple[str, str, float], list[Any]] = {}
        for row in compared.summary:
            gain = row if row["gain"] is not None else _of_only_cell(compared, row)
            if gain is not None:
                side = row["study"], row["loss"], row["learning_rate"]
                rows.setdefault(side, []).append([row["width"], *(gain[name] for name in GAIN)])
        order = [(side.study, side.loss) for side in compared.sides]
        return [
            cls(*key, pd.DataFrame(rows[key], columns=["width", *GAIN], dtype=float))
            for key in sorted(rows, key=lambda key: (order.index(key[:2]), key[2]))
        ]


def _of_only_cell(compared: SideBySide, row: dict[str, Any]) -> Any:
    """The gain of a side's only cell of a width and learning rate, which may match no other."""
    if row["cells"] != 1:
        return None
    side = next(s for s in compared.sides if (s.study, s.loss) == (row["study"], row["loss"]))
    cells = side.trained()
    cells = cells[(cells.width == row["width"]) & (cells.learning_rate == row["learning_rate"])]
    return None if pd.isna(cells.gain.iloc[0]) else cells.iloc[0]
