"""Cells judged against their static baselines: a row each, from the ledger, labelled on the spot.

Labels depend on all the cells that are tested together, so they are never stored.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dynstudy.config import Cell, Configuration
from dynstudy.measure.accuracy import standard_error
from dynstudy.measure.measures import MEASURES
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.cell_tests import Compared, Evidence, Indices
from dynstudy.statistics.columns import MAP, names
from dynstudy.statistics.labels import BASELINE, DIVERGED, MISSING, label
from dynstudy.statistics.samples import Sample
from dynstudy.statistics.sequential import Replay, narrowed, replayed
from dynstudy.statistics.two_samples import FEWEST, LEVEL, Array, false_discovery_q_values
from dynstudy.store.ledger import Ledger
from dynstudy.study.rounds import Rounds
from dynstudy.study.spec import StudySpec


def judge(
    ledger: Ledger,
    all_cells: Sequence[Cell],
    baseline_seeds: range,
    family: Callable[[Configuration], Hashable],
    rounds: Rounds | None = None,
) -> tuple[pd.DataFrame, list[Baseline], list[Sample]]:
    """Judge cells against the static loss.

    Args:
        ledger: where their replicates are.
        all_cells: the cells, those that are not trained included.
        baseline_seeds: of the baselines' replicates that count.
        family: which cells share their control of false discoveries.
        rounds: in which replicates were added where a cell was not settled; only those that its
            rule asked for are read.

    Returns:
        A row per cell in their order, the baselines of the dynamical ones, and each cell's
        replicates.
    """
    compared = Compared.read(ledger, all_cells, baseline_seeds, family)
    replays = None
    if rounds is not None:
        replays = replayed(compared, rounds.looks, len(baseline_seeds))
        compared = narrowed(compared, replays)
    frame = judge_compared(ledger, compared, replays)
    return frame, list(compared.baselines.values()), compared.samples


def judge_compared(
    ledger: Ledger, compared: Compared, replays: Sequence[Replay] | None = None
) -> pd.DataFrame:
    """Judge cells that are read already.

    Args:
        ledger: what gives the cells' keys.
        compared: the cells, beside their static losses.
        replays: the looks at each of their families; None where there was one look, at all
            replicates.

    Returns:
        A row per cell, in their order.
    """
    pairs = zip(compared.cells, compared.samples, strict=True)
    rows = [_row(cell, sample, ledger) for cell, sample in pairs]
    frame = pd.DataFrame(rows, columns=names(MAP))
    frame = frame.astype({"regime": object, "forgets": object, "width": "int64"})
    if replays is None:
        verdicts = [_fixed(compared, own) for own in compared.families]
    else:
        verdicts = [_sequential(replay) for replay in replays]
    for verdict in verdicts:
        _judge(frame, compared, verdict)
    return frame


def cells_asked_for(ledger: Ledger, all_cells: Sequence[Cell], spec: StudySpec) -> list[Cell]:
    """The cells of a study with the replicates that it has asked for so far.

    Args:
        ledger: where their replicates are.
        all_cells: the cells, with the most replicates that they may have.
        spec: the study file.

    Returns:
        Them in their order.
    """
    if spec.rounds is None:
        return list(all_cells)
    baseline_seeds = range(spec.baseline_replicates)
    compared = Compared.read(ledger, all_cells, baseline_seeds, spec.family)
    replays = replayed(compared, spec.rounds.looks, len(baseline_seeds))
    return narrowed(compared, replays).cells


def _row(cell: Cell, sample: Sample, ledger: Ledger) -> dict[str, object]:
    own = cell.configuration
    count = len(sample)
    regime = None
    if own.static:
        regime = BASELINE if count else MISSING
    return {
        "loss": own.loss,
        "width": own.width,
        "learning_rate": own.learning_rate,
        "amplitude": own.amplitude,
        "period": own.period,
        "sem": standard_error(sample.val_accuracy),
        "regime": regime,
        "forgets": None,
        "replicates": count,
        "diverged": sample.diverged,
        "replicates_planned": cell.replicates,
        "ledger_configuration": ledger.key(own),
        "predicted": False,
    } | {
        name: _mean(_known(sample.measures[name]))
        for name, measure in MEASURES.items()
        if not measure.net
    }


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else float("nan")


def _known(values: Array) -> Array:
    return values[np.isfinite(values)]


@dataclass(frozen=True)
class _Verdict:
    """What the cells of one family are judged by."""

    indices: Indices  # (K,)
    evidence: Evidence
    sizes: Indices  # (K,) replicates that were tested
    confidence: ArrayLike  # of the gain's interval


def _fixed(compared: Compared, indices: Indices) -> _Verdict:
    sizes = np.array([len(compared.samples[index]) for index in indices], np.int64)
    return _Verdict(indices, compared.tests(indices), sizes, 1 - LEVEL)


def _sequential(replay: Replay) -> _Verdict:
    return _Verdict(replay.indices, replay.evidence, replay.looked, replay.confidence)


def _judge(frame: pd.DataFrame, compared: Compared, verdict: _Verdict) -> None:
    """Write the columns of one family, in place."""
    own, found = verdict.indices, verdict.evidence
    gain = compared.gain(own)
    frame.loc[own, "gain"] = gain.estimate
    frame.loc[own, "gain_low"], frame.loc[own, "gain_high"] = gain.interval(verdict.confidence)
    for name in (name for name, measure in MEASURES.items() if measure.net):
        net = compared.net(name, own)
        frame.loc[own, name] = net.estimate
        if f"{name}_sem" in frame:
            frame.loc[own, f"{name}_sem"] = net.standard_error

    differs = np.where(verdict.sizes >= FEWEST, found.differs, np.nan)
    q_values = false_discovery_q_values(differs)
    frame.loc[own, "p_value"], frame.loc[own, "q_value"] = differs, q_values
    labels = label(
        found.gain, q_values, found.equivalent, verdict.sizes, compared.baseline_sizes(own)
    )
    sizes, diverged = (frame.loc[own, name].to_numpy() for name in ("replicates", "diverged"))
    special = np.where(sizes == 0, MISSING, np.where(diverged == sizes, DIVERGED, ""))
    frame.loc[own, "regime"] = np.where(special == "", labels, special)
    forgets = false_discovery_q_values(np.where(verdict.sizes > 0, found.forgets, np.nan))
    known = np.isfinite(forgets)
    frame.loc[own[known], "forgets"] = (forgets <= LEVEL)[known].tolist()
