"""Two studies beside each other: where their files differ, what they share, what each found."""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from dynstudy.analysis.comparison import sides
from dynstudy.analysis.regime_map import PANEL, RegimeMap, regime_map
from dynstudy.config import cell_name, place_name
from dynstudy.errors import DynstudyError
from dynstudy.store.studies import Storage
from dynstudy.study.differences import differences

CELL = [*PANEL, "amplitude", "period", "noise"]
FILE, SIZE, LARGEST_GAIN, ACCURACIES = "study file", "size", "largest gain", "accuracy"
"""The parts of the rows."""

Differences = Iterator[dict[str, Any]]
Gain = tuple[float, float, str]  # itself, its standard error, and of which cell


def study_differences(storage: Storage, first: str, second: str, top: int = 10) -> Differences:
    """Yield rows of part, key, a and b, each with its standard error where it has one.

    They tell two studies apart, whatever they trained. Of configurations that both have, `top` are
    listed, those that differ most first.

    Raises:
        DynstudyError: one of them does not exist, or they are one.
    """
    if first == second:
        raise DynstudyError(f"study {first!r} is named twice")
    a, b = regime_map(storage, first), regime_map(storage, second)
    for key, old, new in differences(a.spec.resolved(), b.spec.resolved()):
        yield _row(FILE, key, old, new)
    both = _trained(a).merge(_trained(b), on=CELL, suffixes=("_a", "_b"))
    apart = (both.val_accuracy_a - both.val_accuracy_b).abs()
    unequal = apart[apart > 0].sort_values(ascending=False, kind="stable")
    yield from _sizes(a.frame, b.frame)
    yield _row(SIZE, "dynamical ones trained in both", len(both), len(both))
    yield _row(SIZE, "of these, unequal in mean accuracy", len(unequal), len(unequal))
    yield from _gains(a, b)
    for row in both.loc[unequal.index].head(top).itertuples():
        yield _row(
            ACCURACIES, cell_name(row), row.val_accuracy_a, row.val_accuracy_b, row.sem_a, row.sem_b
        )


def _row(
    part: str, key: str, a: Any, b: Any, a_sem: float | None = None, b_sem: float | None = None
) -> dict[str, Any]:
    row = {"part": part, "key": key, "a": a, "a_sem": a_sem, "b": b, "b_sem": b_sem}
    absent = (name for name, value in row.items() if isinstance(value, float) and math.isnan(value))
    return row | dict.fromkeys(absent)


def _sizes(a: pd.DataFrame, b: pd.DataFrame) -> Differences:
    """How large both are, and what they share: the same number on either side."""
    yield _row(SIZE, "configurations", len(a), len(b))
    cells_a, cells_b = (
        {tuple(cell) for cell in frame[CELL].fillna(0).itertuples(index=False)} for frame in (a, b)
    )
    common = len(cells_a & cells_b)
    yield _row(SIZE, "configurations in both", common, common)
    yield _row(SIZE, "networks", int(a.replicates.sum()), int(b.replicates.sum()))
    shared = a.merge(b, on="ledger_configuration")
    networks = int(shared[["replicates_x", "replicates_y"]].min(axis=1).sum())
    yield _row(SIZE, "networks in both", networks, networks)


def _gains(a: RegimeMap, b: RegimeMap) -> Differences:
    """The largest gain of each loss and width in each study, where they differ."""
    best_a, best_b = _largest(a), _largest(b)
    for panel in sorted({*best_a, *best_b}):
        one, other = best_a.get(panel), best_b.get(panel)
        if one != other:
            a_gain, a_sem, a_cell = one or (None, None, None)
            b_gain, b_sem, b_cell = other or (None, None, None)
            name = f"{panel[0]}, width {panel[1]}"
            yield _row(LARGEST_GAIN, name, a_gain, b_gain, a_sem, b_sem)
            if a_cell != b_cell:
                yield _row(LARGEST_GAIN, f"{name}: at", a_cell, b_cell)


def _largest(study: RegimeMap) -> dict[tuple[str, int], Gain]:
    largest: dict[tuple[str, int], Gain] = {}
    for side in sides(study):
        table = side.trained()
        for width, panel in table[table.gain.notna()].groupby("width"):
            row: Any = panel.loc[panel.gain.idxmax()]
            static = side.static(int(width), row.learning_rate)
            error = math.nan if static is None else math.hypot(row["sem"], static.sem)
            cell = f"learning rate {row.learning_rate:g}, {place_name(row.amplitude, row.period)}"
            largest[side.loss, int(width)] = float(row.gain), error, cell
    return largest


def _trained(study: RegimeMap) -> pd.DataFrame:
    dynamical = study.dynamical_cells()
    return dynamical.loc[dynamical.replicates > 0, [*CELL, "val_accuracy", "sem"]]
