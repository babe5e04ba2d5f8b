"""Two studies beside each other: where their files differ, what they share, what each found."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dynstudy.analysis.regime_map import PANEL, RegimeMap, regime_map
from dynstudy.store.studies import Storage
from dynstudy.study.differences import differences
from dynstudy.task.losses import LOSSES

CELL = [*PANEL, "amplitude", "period"]
FILE, SIZE, GAIN, ACCURACY = "study file", "size", "largest gain", "accuracy"
"""The parts of a comparison."""


@dataclass(frozen=True)
class Comparison:
    """Two studies, side by side."""

    rows: list[dict[str, Any]]  # part, key, a and b, each with its standard error where it has one
    notes: list[str]


def compare(storage: Storage, first: str, second: str, top: int = 10) -> Comparison:
    """Compare two studies.

    Args:
        storage: where both are.
        first: name of one.
        second: name of the other.
        top: how many shared configurations to list, those that differ most first.

    Returns:
        The comparison.

    Raises:
        StudyNotFoundError: one of them does not exist.
    """
    a, b = regime_map(storage, first), regime_map(storage, second)
    changes = list(differences(a.spec.resolved(), b.spec.resolved()))
    rows = [_row(FILE, key, old, new) for key, old, new in changes]
    rows += _sizes(a.frame, b.frame)
    rows += _gains(a, b)
    both = _trained(a).merge(_trained(b), on=CELL, suffixes=("_a", "_b"))
    both["difference"] = (both.val_accuracy_a - both.val_accuracy_b).abs()
    unequal = both[both.difference > 0].sort_values("difference", ascending=False, kind="stable")
    rows += [
        _row(ACCURACY, _place(row), row.val_accuracy_a, row.val_accuracy_b, row.sem_a, row.sem_b)
        for row in unequal.head(top).itertuples()
    ]
    notes = [
        f"{len(both)} dynamical configurations are trained in both; {len(unequal)} differ in mean "
        "accuracy"
    ]
    if first == second:
        notes.insert(0, f"{first} is compared with itself")
    elif [change.key for change in changes] == ["name"]:
        notes.insert(0, f"{first} and {second} are equal but for their names")
    return Comparison(rows, notes)


def _row(
    part: str, key: str, a: Any, b: Any, a_sem: float | None = None, b_sem: float | None = None
) -> dict[str, Any]:
    row = {"part": part, "key": key, "a": a, "a_sem": a_sem, "b": b, "b_sem": b_sem}
    absent = (name for name, value in row.items() if isinstance(value, float) and math.isnan(value))
    return row | dict.fromkeys(absent)


def _sizes(a: pd.DataFrame, b: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """How large both are, and what they share: the same number on either side."""
    yield _row(SIZE, "configurations", len(a), len(b))
    own, other = (
        {tuple(cell) for cell in frame[CELL].fillna(0).itertuples(index=False)} for frame in (a, b)
    )
    yield _row(SIZE, "configurations in both", len(own & other), len(own & other))
    yield _row(SIZE, "networks", int(a.replicates.sum()), int(b.replicates.sum()))
    ledger = "ledger_configuration"
    shared = a.merge(b, on=ledger)
    networks = int(shared[["replicates_x", "replicates_y"]].min(axis=1).sum())
    yield _row(SIZE, "networks in both", networks, networks)


def _gains(a: RegimeMap, b: RegimeMap) -> Iterator[dict[str, Any]]:
    """The largest gain of each loss and width in each study, where they differ."""
    best = [_best(found) for found in (a, b)]
    for panel in sorted({*best[0], *best[1]}):
        one, other = (gains.get(panel) for gains in best)
        if one != other:
            a_gain, a_sem, a_place = one or (None, None, None)
            b_gain, b_sem, b_place = other or (None, None, None)
            name = f"{panel[0]}, width {panel[1]}"
            yield _row(GAIN, name, a_gain, b_gain, a_sem, b_sem)
            if a_place != b_place:
                yield _row(GAIN, f"{name}: at", a_place, b_place)


Gain = tuple[float, float, str]  # itself, its standard error, and where


def _best(found: RegimeMap) -> dict[tuple[str, int], Gain]:
    dynamical = found.dynamical_cells()
    static = {
        (row.width, row.learning_rate, row.loss): float(row.sem)
        for row in found.baselines().itertuples()
    }
    best: dict[tuple[str, int], Gain] = {}
    known = dynamical[dynamical.gain.notna() & ~dynamical.predicted]
    for (loss, width), panel in known.groupby(["loss", "width"]):
        row: Any = panel.loc[panel.gain.idxmax()]
        baseline = static.get((width, row.learning_rate, LOSSES[str(loss)].static), math.nan)
        error = math.hypot(row["sem"], baseline)
        place = f"A {row.amplitude:g}, T {row.period:g}, learning rate {row.learning_rate:g}"
        best[str(loss), int(width)] = float(row.gain), error, place
    return best


def _trained(found: RegimeMap) -> pd.DataFrame:
    dynamical = found.dynamical_cells()
    return dynamical.loc[dynamical.replicates > 0, [*CELL, "val_accuracy", "sem"]]


def _place(row: Any) -> str:
    return (
        f"{row.loss}, width {row.width}, learning rate {row.learning_rate:g}, "
        f"A {row.amplitude:g}, T {row.period:g}"
    )
