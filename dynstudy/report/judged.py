"""Cells judged against their static baselines: a row each, from the ledger, labelled on the spot.

Labels depend on all the cells that are tested together, so they are never stored.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from dynstudy.config import Configuration
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
from dynstudy.search.space import Cell

# The first columns of every CSV of a map; programs rely on their names and order.
COLUMNS = """
    loss width learning_rate amplitude period val_accuracy sem gain gain_low gain_high p_value
    q_value regime forgetting forgetting_sem unrecovered forgets replicates diverged
""".split()
MORE_COLUMNS = [
    "train_accuracy",
    "val_accuracy_before_tail",
    "replicates_planned",
    "ledger_configuration",
    "lasting",
    "predicted",
]


def per_width(own: Configuration) -> Hashable:
    """A map's family of tests: its cells of one loss and width."""
    return own.loss, own.width


def per_loss(own: Configuration) -> Hashable:
    """A search's family of tests: its widths are many, with few cells each."""
    return own.loss


def judge(
    ledger: Ledger,
    all_cells: Sequence[Cell],
    baseline_seeds: range,
    family: Callable[[Configuration], Hashable] = per_width,
) -> tuple[pd.DataFrame, list[Baseline], list[Sample]]:
    """Judge cells against the static loss.

    Args:
        ledger: where their replicates are.
        all_cells: the cells, those that are not trained included.
        baseline_seeds: of the baselines' replicates that count.
        family: which cells share their control of false discoveries.

    Returns:
        A row per cell in their order, the baselines of the dynamical ones, and each cell's
        replicates.
    """
    samples = read_samples(ledger, all_cells)
    judged = [cell.configuration for cell in all_cells if not cell.configuration.static]
    baselines = {
        static: Baseline(ledger, static, baseline_seeds)
        for static in dict.fromkeys(own.baseline() for own in judged)
    }
    frame = judge_samples(ledger, all_cells, samples, baselines, family)
    return frame, list(baselines.values()), samples


def judge_samples(
    ledger: Ledger,
    all_cells: Sequence[Cell],
    samples: Sequence[Sample],
    baselines: Mapping[Configuration, Baseline],
    family: Callable[[Configuration], Hashable] = per_width,
) -> pd.DataFrame:
    """Judge what the replicates of cells did.

    Args:
        ledger: what gives the cells' keys.
        all_cells: the cells.
        samples: their replicates.
        baselines: what the dynamical ones are compared with, by their static configuration.
        family: which cells share their control of false discoveries.

    Returns:
        A row per cell, in their order.
    """
    rows = [_row(cell, sample, ledger) for cell, sample in zip(all_cells, samples, strict=True)]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *MORE_COLUMNS])
    frame = frame.astype({"regime": object, "forgets": object, "width": "int64"})
    groups: dict[Hashable, dict[Configuration, list[int]]] = {}
    for index, cell in enumerate(all_cells):
        own = cell.configuration
        if not own.static:
            groups.setdefault(family(own), {}).setdefault(own.baseline(), []).append(index)
    for group in groups.values():
        _judge(frame, group, baselines, all_cells, samples)
    return frame


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
        "replicates_planned": cell.replicates,
        "ledger_configuration": ledger.key(own),
        "predicted": False,
    }


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else float("nan")


def _known(values: Array) -> Array:
    return values[np.isfinite(values)]


def _judge(
    frame: pd.DataFrame,
    group: dict[Configuration, list[int]],
    baselines: Mapping[Configuration, Baseline],
    all_cells: Sequence[Cell],
    samples: Sequence[Sample],
) -> None:
    """Compare the cells of one family with their baselines, in place."""
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
    all_cells: Sequence[Cell],
    samples: Sequence[Sample],
) -> np.ndarray:
    """Net forgetting, in place; returns p-values of its being at most 0.4, nan if untested."""
    periods = [all_cells[index].configuration.period or 0 for index in indices]
    distinct, place = np.unique(periods, return_inverse=True)  # thousands of cells share a few

    def static(measure: Callable[[int], Array]) -> Moments:
        moments = Moments.of([measure(period) for period in distinct.tolist()])
        return Moments(moments.mean[place], moments.variance[place], moments.size[place])

    lost = Difference.between(
        Moments.of([_known(samples[index].forgetting) for index in indices]),
        static(lambda period: baseline.forgetting(period)[0]),
    )
    missing = Difference.between(
        Moments.of([_known(samples[index].unrecovered) for index in indices]),
        static(lambda period: baseline.forgetting(period)[1]),
    )
    lasts = Difference.between(
        Moments.of([_known(samples[index].lasting) for index in indices]),
        static(baseline.lasting),
    )
    frame.loc[indices, "forgetting"] = lost.estimate
    frame.loc[indices, "forgetting_sem"] = lost.standard_error
    frame.loc[indices, "unrecovered"] = missing.estimate
    frame.loc[indices, "lasting"] = lasts.estimate
    tested = np.array([len(_known(samples[index].forgetting)) >= FEWEST for index in indices])
    return np.where(tested, lost.above(CATASTROPHIC), np.nan)
