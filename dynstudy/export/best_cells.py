"""Which configurations of a study to take away, and what is known of them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.config import Cell
from dynstudy.errors import ExportError
from dynstudy.export.export_file import Measured
from dynstudy.measure.measures import added
from dynstudy.report.rows import frame_rows
from dynstudy.store.ledger import Ledger

PARETO = "pareto"


def candidates(study_map: RegimeMap, by: str) -> pd.DataFrame:
    """The complete cells of which `by` is known, best first."""
    name = study_map.spec.name
    frame = study_map.frame
    complete = frame[(frame.replicates > 0) & (frame.replicates >= frame.replicates_planned)]
    if not len(complete):
        raise ExportError(f"study {name!r} has no complete cell yet; run it first")
    comparable = complete[complete[by].notna()]
    if not len(comparable):
        raise ExportError(
            f"study {name!r} has no cell with a gain, for want of baselines; use --by val_accuracy"
        )
    return comparable.sort_values(by, ascending=False, kind="stable")


def choose(study_map: RegimeMap, top: int, by: str = "val_accuracy", per: str | None = None) -> Any:
    """The best configurations of a study.

    Args:
        study_map: what it found.
        top: how many, of each width or loss if `per` says so.
        by: ``val_accuracy`` or ``gain``.
        per: ``width``, ``loss``, ``pareto`` for the front of accuracy and width whatever `top` is,
            or None.

    Returns:
        Their rows of the study's frame, best first (by width or loss first, if `per`), and out of
        how many they were chosen.

    Raises:
        ExportError: there are not so many.
    """
    comparable = candidates(study_map, by)
    if per == PARETO:
        front = study_map.pareto_front().index.intersection(comparable.index)
        return comparable.loc[front].sort_values("width", kind="stable"), len(comparable)
    if per is None:
        chosen, largest = comparable.head(top), len(comparable)
    else:
        groups = comparable.groupby(per, sort=False)
        chosen = groups.head(top).sort_values(per, kind="stable")
        largest = int(groups.size().max())
    if top > largest:
        each = f" of any {per}" if per else ""
        raise ExportError(
            f"--top {top}: study {study_map.spec.name!r} has only {largest} cells{each}"
        )
    return chosen, len(comparable)


def measured(frame: pd.DataFrame, cells: Sequence[Cell], ledger: Ledger) -> list[Measured | None]:
    """What is known of some cells, as an export says it; None where nothing is trained."""
    loaded = ledger.load(cell.configuration for cell in cells)
    by_key = dict(list(loaded.groupby("configuration")))
    of_cells: list[Measured | None] = []
    for row, cell in zip(frame_rows(frame), cells, strict=True):
        if not row["replicates"]:
            of_cells.append(None)
            continue
        rows = by_key[ledger.key(cell.configuration)]
        accuracies = rows.val_accuracy[rows.seed.isin(cell.seeds)].tolist()
        values = {name: row[name] for name in Measured.model_fields if name in row}
        values |= {
            "first_seed": cell.seeds.start,
            "replicates": len(accuracies),
            "val_accuracies": accuracies,
        }
        values_added = ((each.name, row[each.name]) for each in added())
        more = {name: value for name, value in values_added if value is not None}
        of_cells.append(Measured(**values, measures=more or None))
    return of_cells
