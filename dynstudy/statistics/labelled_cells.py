"""Cells judged against their static baselines: a row each, from the ledger, labelled on the spot.

Labels depend on all the cells that are tested together, so they are never stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dynstudy.arrays import Array, Ints
from dynstudy.config import Cell
from dynstudy.measure.measures import MEASURES, net_names
from dynstudy.statistics.cell_tests import CELL_TESTS, CellTests, Evidence
from dynstudy.statistics.columns import AXES, MAP, NOISE, names, static_of
from dynstudy.statistics.compared_cells import ComparedCells, Family, read_compared
from dynstudy.statistics.labels import BASELINE, DIVERGED, MISSING, label
from dynstudy.statistics.sequential import cells_looked_at, take_looks
from dynstudy.statistics.two_samples import LEVEL, of_each
from dynstudy.store.ledger import Ledger
from dynstudy.study.rounds import Rounds
from dynstudy.study.spec import StudySpec


@dataclass(frozen=True)
class LabelledCells:
    """Cells, and what they are called."""

    frame: pd.DataFrame  # a row per cell, in their order
    compared: ComparedCells  # the same cells, with the replicates that count


def judge(
    ledger: Ledger,
    cells: Sequence[Cell],
    baseline_seeds: range,
    family: Family,
    rounds: Rounds | None = None,
    tests: CellTests = CELL_TESTS,
) -> LabelledCells:
    """Return cells, those that are not trained included, judged against the static loss.

    Of the baselines, the replicates of `baseline_seeds` count; of cells whose replicates came in
    `rounds`, those that the rule of these asked for.
    """
    compared = read_compared(ledger, cells, baseline_seeds, family)
    if rounds is None:
        return label_cells(compared, tests)
    looks = take_looks(compared, rounds.looks, len(baseline_seeds), tests)
    compared = cells_looked_at(compared, looks)
    frame = _frame(compared)
    for each in looks:
        _judge(frame, compared, each.indices, each.evidence, each.looked, each.confidence)
    return LabelledCells(frame, compared)


def label_cells(compared: ComparedCells, tests: CellTests = CELL_TESTS) -> LabelledCells:
    """Judge cells that are read already, by all their replicates."""
    frame = _frame(compared)
    for cells in compared.families:
        sizes = frame.replicates[cells].to_numpy()
        _judge(frame, compared, cells, compared.evidence(tests, cells), sizes, 1 - LEVEL)
    return LabelledCells(frame, compared)


def cells_asked_for(ledger: Ledger, cells: Sequence[Cell], spec: StudySpec) -> list[Cell]:
    """Cut cells with all replicates that they may have to those that were asked for so far."""
    if spec.rounds is None:
        return list(cells)
    baseline_seeds = spec.baseline_seeds
    compared = read_compared(ledger, cells, baseline_seeds, spec.family)
    looks = take_looks(compared, spec.rounds.looks, len(baseline_seeds))
    return cells_looked_at(compared, looks).cells


def _frame(compared: ComparedCells) -> pd.DataFrame:
    """A row per cell, not yet judged."""
    cells, samples = compared.cells, compared.samples
    configurations = [cell.configuration for cell in cells]
    static = np.array([configuration.static for configuration in configurations], bool)
    count = np.array([len(sample) for sample in samples], np.int64)
    regimes = np.full(len(cells), None)
    regimes[static] = np.where(count[static] > 0, BASELINE, MISSING)
    columns = {
        **{axis: [getattr(each, axis) for each in configurations] for axis in names(AXES)},
        "sem": of_each([sample.val_accuracy for sample in samples], _standard_errors, least=2),
        "regime": regimes,
        "forgets": np.full(len(cells), None),
        "replicates": count,
        "diverged": [sample.diverged for sample in samples],
        "replicates_planned": [cell.replicates for cell in cells],
        "ledger_configuration": compared.keys,
        "predicted": np.zeros(len(cells), bool),
        NOISE.name: np.array([each.noise for each in configurations], float),
    }
    for name, measure in MEASURES.items():
        if not measure.net:
            defined = [sample.defined(name) for sample in samples]
            columns[name] = of_each(defined, lambda rows: rows.mean(axis=1))
    unknown = dict.fromkeys(names(MAP), np.full(len(cells), np.nan))
    return pd.DataFrame(unknown | columns).astype({"width": "int64"})


def _standard_errors(rows: Array) -> Array:
    return rows.std(axis=1, ddof=1) / np.sqrt(rows.shape[1])


def _judge(
    frame: pd.DataFrame,
    compared: ComparedCells,
    cells: Ints,
    evidence: Evidence,
    sizes: Ints,
    confidence: ArrayLike,
) -> None:
    """Write the columns of one family of K cells, of so many tested replicates (K,), in place."""
    gain = compared.accuracy(cells).difference
    frame.loc[cells, "gain"] = gain.estimate
    low, high = gain.interval(confidence)
    frame.loc[cells, "gain_low"], frame.loc[cells, "gain_high"] = low, high
    for name in net_names():
        contrast = compared.measure(name, cells)
        net = contrast.difference
        frame.loc[cells, name] = net.estimate
        frame.loc[cells, static_of(name)] = contrast.static.mean
        if f"{name}_sem" in frame:
            frame.loc[cells, f"{name}_sem"] = net.standard_error

    labels = label(evidence, sizes, compared.baseline_sizes(cells))
    frame.loc[cells, "p_value"], frame.loc[cells, "q_value"] = labels.p_values, labels.q_values
    count, diverged = (frame.loc[cells, name].to_numpy() for name in ("replicates", "diverged"))
    special = np.where(count == 0, MISSING, np.where(diverged == count, DIVERGED, ""))
    frame.loc[cells, "regime"] = np.where(special == "", labels.regimes, special)
    frame.loc[cells, "forgets"] = np.array(labels.forgets, object)
