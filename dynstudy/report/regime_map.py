"""A study's map as a table: one row per cell, from the ledger, with labels computed on the spot.

Labels depend on the whole map, so they are never stored.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.config import BASELINES, Configuration, SpiralData
from dynstudy.measure.accuracy import standard_error
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.report.regimes import (
    BASELINE,
    DIVERGED,
    FEWEST,
    LEVEL,
    MISSING,
    Array,
    Difference,
    Moments,
    false_discovery_q_values,
    label,
    permutation_p_values,
)
from dynstudy.report.samples import Sample, read_samples
from dynstudy.search.baseline import Baseline
from dynstudy.search.ledger import Ledger
from dynstudy.search.space import Cell, cells
from dynstudy.search.spec import StudySpec
from dynstudy.search.storage import Storage

# The first columns of every CSV of a map; programs rely on their names and order.
COLUMNS = """
    loss width learning_rate amplitude period val_accuracy sem gain gain_low gain_high p_value
    q_value regime forgetting forgetting_sem unrecovered forgets replicates diverged
""".split()
MORE_COLUMNS = ["train_accuracy", "val_accuracy_before_tail", "ledger_configuration"]

PANEL = ["loss", "width", "learning_rate"]


@dataclass(frozen=True)
class RegimeMap:
    """What a map study found."""

    spec: StudySpec
    frame: pd.DataFrame  # a row per cell of the study, COLUMNS first
    notes: list[str]  # what a reader has to know before believing it

    def baselines(self) -> pd.DataFrame:
        """The static cells."""
        return self.frame[self.frame.regime == BASELINE]

    def judged(self) -> pd.DataFrame:
        """The dynamical cells."""
        return self.frame[self.frame.amplitude.notna()]

    def static_accuracy(self, loss: str, width: int, learning_rate: float) -> str:
        """What the cells of a panel are judged against, in words."""
        own = self.baselines()
        own = own[
            (own.loss == BASELINES[loss])
            & (own.width == width)
            & (own.learning_rate == learning_rate)
        ]
        if not len(own):
            return "no static baseline"
        row: Any = own.iloc[0]
        return (
            f"static {row.loss}: {with_error(row.val_accuracy, row['sem'])} (n = {row.replicates})"
        )


def with_error(value: float, sem: float) -> str:
    """A mean and its standard error, if it has one.

    Args:
        value: the mean.
        sem: its standard error, or nan.

    Returns:
        Both with three digits.

    >>> with_error(0.71234, 0.02), with_error(0.7, float("nan"))
    ('0.712 ± 0.020', '0.700')
    """
    return f"{value:.3f}" if math.isnan(sem) else f"{value:.3f} ± {sem:.3f}"


def regime_map(storage: Storage, name: str) -> RegimeMap:
    """Read the map of a study.

    Args:
        storage: where it is.
        name: of the study.

    Returns:
        Its cells, those that are not trained yet included.

    Raises:
        StudyNotFoundError: there is no such study.
    """
    spec = storage.spec(storage.study(name))
    ledger = Ledger(storage.engine, spec.protocol)
    all_cells = list(cells(spec))
    samples = read_samples(ledger, all_cells)
    rows = [_row(cell, sample, ledger) for cell, sample in zip(all_cells, samples, strict=True)]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *MORE_COLUMNS])
    frame = frame.astype({"regime": object, "forgets": object, "width": "int64"})

    judged = [index for index, cell in enumerate(all_cells) if not cell.configuration.static]
    groups: dict[tuple[str, int], dict[Configuration, list[int]]] = {}
    for index in judged:
        own = all_cells[index].configuration
        groups.setdefault((own.loss, own.width), {}).setdefault(own.baseline(), []).append(index)
    baselines = {
        static: Baseline(ledger, static, spec.baseline_replicates)
        for group in groups.values()
        for static in group
    }
    for group in groups.values():
        _judge(frame, group, baselines, all_cells, samples)
    return RegimeMap(spec, frame, _notes(spec, frame, baselines.values()))


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
        "val_accuracy": _mean(sample.val_accuracy),
        "sem": standard_error(sample.val_accuracy),
        "regime": regime,
        "forgets": None,
        "replicates": count,
        "diverged": sample.diverged,
        "train_accuracy": _mean(sample.train_accuracy),
        "val_accuracy_before_tail": _mean(_known(sample.val_accuracy_before_tail)),
        "ledger_configuration": ledger.key(own),
    }


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else float("nan")


def _known(values: Array) -> Array:
    return values[np.isfinite(values)]


def _judge(
    frame: pd.DataFrame,
    group: dict[Configuration, list[int]],
    baselines: dict[Configuration, Baseline],
    all_cells: list[Cell],
    samples: list[Sample],
) -> None:
    """Compare the cells of one loss and width with their baselines, in place."""
    family = [index for indices in group.values() for index in indices]
    p_values = pd.Series(np.nan, family, float)
    forgets_p = pd.Series(np.nan, family, float)
    gains: dict[Configuration, Difference] = {}
    for static, indices in group.items():
        baseline = baselines[static]
        own = [samples[index].val_accuracy for index in indices]
        gain = Difference.between(Moments.of(own), Moments.of([baseline.val_accuracy]))
        gains[static] = gain
        frame.loc[indices, "gain"] = gain.estimate
        frame.loc[indices, "gain_low"], frame.loc[indices, "gain_high"] = gain.interval()
        sizes = frame.loc[indices, "replicates"].to_numpy()
        for size in np.unique(sizes[sizes >= FEWEST]):
            if len(baseline.val_accuracy) >= FEWEST:
                some = np.flatnonzero(sizes == size)
                stacked = np.stack([own[place] for place in some])
                p_values[[indices[place] for place in some]] = permutation_p_values(
                    stacked, baseline.val_accuracy
                )
        forgets_p[indices] = _compare_forgetting(frame, indices, baseline, all_cells, samples)

    q_values = false_discovery_q_values(p_values)
    frame.loc[family, "p_value"], frame.loc[family, "q_value"] = p_values, q_values
    place = {index: position for position, index in enumerate(family)}
    for static, indices in group.items():
        sizes = frame.loc[indices, "replicates"].to_numpy()
        own_q = q_values[[place[index] for index in indices]]
        labels = label(gains[static], own_q, sizes, len(baselines[static].val_accuracy))
        lost = frame.loc[indices, "diverged"].to_numpy() == sizes
        special = np.where(sizes == 0, MISSING, np.where(lost, DIVERGED, ""))
        frame.loc[indices, "regime"] = np.where(special == "", labels, special)
    forgets_q = false_discovery_q_values(forgets_p)
    known = np.isfinite(forgets_q)
    frame.loc[np.array(family)[known], "forgets"] = (forgets_q <= LEVEL)[known].tolist()


def _compare_forgetting(
    frame: pd.DataFrame,
    indices: list[int],
    baseline: Baseline,
    all_cells: list[Cell],
    samples: list[Sample],
) -> np.ndarray:
    """Net forgetting, in place; returns p-values of its being at most 0.4, nan if untested."""
    periods = [all_cells[index].configuration.period or 0 for index in indices]
    lost = Difference.between(
        Moments.of([_known(samples[index].forgetting) for index in indices]),
        Moments.of([baseline.forgetting(period)[0] for period in periods]),
    )
    missing = Difference.between(
        Moments.of([_known(samples[index].unrecovered) for index in indices]),
        Moments.of([baseline.forgetting(period)[1] for period in periods]),
    )
    frame.loc[indices, "forgetting"] = lost.estimate
    frame.loc[indices, "forgetting_sem"] = lost.standard_error
    frame.loc[indices, "unrecovered"] = missing.estimate
    tested = np.array([len(_known(samples[index].forgetting)) >= FEWEST for index in indices])
    return np.where(tested, lost.above(CATASTROPHIC), np.nan)


def conditional(data: SpiralData) -> str:
    """What every statement of a map is conditional on."""
    trained = (
        "a training spiral of its own for each seed"
        if data.train_seed == "replicate"
        else f"the training spiral of seed {data.train_seed}"
    )
    return f"conditional on {trained} and the validation spiral of seed {data.validation_seed}"


def _notes(spec: StudySpec, frame: pd.DataFrame, baselines: Iterable[Baseline]) -> list[str]:
    """What a reader has to know before believing the map."""
    notes = []
    planned = {BASELINE: spec.baseline_replicates}
    wanted = frame.amplitude.isna().map({True: planned[BASELINE], False: spec.replicates})
    holes = int((frame.replicates == 0).sum())
    partial = int(((frame.replicates > 0) & (frame.replicates < wanted)).sum())
    if holes or partial:
        notes.append(
            f"{holes} of {len(frame)} cells are not trained and {partial} lack replicates; "
            "run the study again to complete it"
        )
    for baseline in baselines:
        if not len(baseline.val_accuracy):
            notes.append(f"no baseline ({baseline.configuration}): its cells have no gain")
        elif len(baseline.val_accuracy) < FEWEST:
            count = len(baseline.val_accuracy)
            notes.append(f"the baseline ({baseline.configuration}) has only {count} replicates")
    if spec.replicates < FEWEST:
        notes.append(
            f"{spec.replicates} replicates a cell: below {FEWEST} nothing is tested, and with one "
            "there is no standard error"
        )
    diverged = int(frame.diverged.sum())
    if diverged:
        notes.append(
            f"{diverged} of {int(frame.replicates.sum())} networks diverged; each counts as "
            f"chance, {1 / spec.protocol.data.classes:.3f}"
        )
    return notes
