"""Cells judged against their static baselines: a row each, from the ledger, labelled on the spot.

Labels depend on all the cells that are tested together, so they are never stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dynstudy.arrays import Indices
from dynstudy.config import Cell
from dynstudy.measure.accuracy import mean, standard_error
from dynstudy.measure.measures import MEASURES
from dynstudy.statistics.cell_tests import CELL_TESTS, CellTests, Evidence
from dynstudy.statistics.columns import MAP, names
from dynstudy.statistics.compared_cells import ComparedCells, Family, read_compared
from dynstudy.statistics.labels import BASELINE, DIVERGED, MISSING, label
from dynstudy.statistics.samples import Sample
from dynstudy.statistics.sequential import FamilyLooks, cells_looked_at, take_looks
from dynstudy.statistics.two_samples import LEVEL
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
    return LabelledCells(_frame(compared, [_of_looks(each) for each in looks]), compared)


def label_cells(compared: ComparedCells, tests: CellTests = CELL_TESTS) -> LabelledCells:
    """Judge cells that are read already, by all their replicates."""
    verdicts = [_of_all(compared, indices, tests) for indices in compared.families]
    return LabelledCells(_frame(compared, verdicts), compared)


def cells_asked_for(ledger: Ledger, cells: Sequence[Cell], spec: StudySpec) -> list[Cell]:
    """Cells that have the most replicates they may have, with those asked for so far."""
    if spec.rounds is None:
        return list(cells)
    baseline_seeds = range(spec.baseline_replicates)
    compared = read_compared(ledger, cells, baseline_seeds, spec.family)
    looks = take_looks(compared, spec.rounds.looks, len(baseline_seeds))
    return cells_looked_at(compared, looks).cells


@dataclass(frozen=True)
class _Verdict:
    """What the cells of one family are judged by."""

    indices: Indices  # (K,)
    evidence: Evidence
    sizes: Indices  # (K,) replicates that were tested
    confidence: ArrayLike  # of the gain's interval


def _of_all(compared: ComparedCells, indices: Indices, tests: CellTests) -> _Verdict:
    sizes = np.array([len(compared.samples[index]) for index in indices], np.int64)
    return _Verdict(indices, compared.evidence(tests, indices), sizes, 1 - LEVEL)


def _of_looks(looks: FamilyLooks) -> _Verdict:
    return _Verdict(looks.indices, looks.evidence, looks.looked, looks.confidence)


def _frame(compared: ComparedCells, verdicts: Sequence[_Verdict]) -> pd.DataFrame:
    rows = list(map(_row, compared.cells, compared.samples, compared.keys))
    frame = pd.DataFrame(rows, columns=names(MAP))
    frame = frame.astype({"regime": object, "forgets": object, "width": "int64"})
    for verdict in verdicts:
        _judge(frame, compared, verdict)
    return frame


def _row(cell: Cell, sample: Sample, key: str) -> dict[str, object]:
    configuration, count = cell.configuration, len(sample)
    regime = None
    if configuration.static:
        regime = BASELINE if count else MISSING
    return {
        "loss": configuration.loss,
        "width": configuration.width,
        "learning_rate": configuration.learning_rate,
        "amplitude": configuration.amplitude,
        "period": configuration.period,
        "sem": standard_error(sample.val_accuracy),
        "regime": regime,
        "forgets": None,
        "replicates": count,
        "diverged": sample.diverged,
        "replicates_planned": cell.replicates,
        "ledger_configuration": key,
        "predicted": False,
    } | {name: mean(sample.measures[name]) for name, measure in MEASURES.items() if not measure.net}


def _judge(frame: pd.DataFrame, compared: ComparedCells, verdict: _Verdict) -> None:
    """Write the columns of one family, in place."""
    cells = verdict.indices
    gain = compared.accuracy(cells).difference
    frame.loc[cells, "gain"] = gain.estimate
    low, high = gain.interval(verdict.confidence)
    frame.loc[cells, "gain_low"], frame.loc[cells, "gain_high"] = low, high
    for name in (name for name, measure in MEASURES.items() if measure.net):
        net = compared.measure(name, cells).difference
        frame.loc[cells, name] = net.estimate
        if f"{name}_sem" in frame:
            frame.loc[cells, f"{name}_sem"] = net.standard_error

    labels = label(verdict.evidence, verdict.sizes, compared.baseline_sizes(cells))
    frame.loc[cells, "p_value"], frame.loc[cells, "q_value"] = labels.p_values, labels.q_values
    sizes, diverged = (frame.loc[cells, name].to_numpy() for name in ("replicates", "diverged"))
    special = np.where(sizes == 0, MISSING, np.where(diverged == sizes, DIVERGED, ""))
    frame.loc[cells, "regime"] = np.where(special == "", labels.regimes, special)
    frame.loc[cells, "forgets"] = np.array(labels.forgets, object)
