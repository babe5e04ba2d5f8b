"""What a reader of a map has to know before believing its numbers."""

from collections.abc import Sequence

import pandas as pd

from dynstudy.arrays import Ints
from dynstudy.config import FEWEST
from dynstudy.measure.accuracy import BALANCED_ACCURACY
from dynstudy.statistics.baseline import Baseline
from dynstudy.study.rounds import Rounds
from dynstudy.study.spec import StudySpec


def notes_of(spec: StudySpec, frame: pd.DataFrame, baselines: Sequence[Baseline]) -> list[str]:
    """What a reader has to know before believing the numbers."""
    notes = []
    holes = int((frame.replicates == 0).sum())
    partial = int(((frame.replicates > 0) & (frame.replicates < frame.replicates_planned)).sum())
    if holes or partial:
        notes.append(
            f"{holes} of {len(frame)} cells are not trained and {partial} lack replicates; "
            "run the study again to complete it"
        )
    notes += _baseline_notes(baselines)
    if not spec.protocol.data.balanced:
        notes.append(_size_note(spec.protocol.data.validation_points))
    if spec.caution:
        notes.append(spec.caution)
    if spec.rounds is not None:
        notes.append(_rounds_note(spec.rounds, frame))
    if spec.untested:
        notes.append(spec.untested)
    diverged = int(frame.diverged.sum())
    if diverged:
        notes.append(
            f"{diverged} of {int(frame.replicates.sum())} networks diverged; each counts as "
            f"chance, {1 / spec.protocol.data.classes:.3f}"
        )
    return notes


def _size_note(points: Ints) -> str:
    """What accuracy means where classes differ in size."""
    return (
        f"classes differ in size ({points.min()} to {points.max()} validation points): who answers "
        f"the largest for everything has an accuracy of {points.max() / points.sum():.3f}; "
        f"{BALANCED_ACCURACY.name} is the mean over the classes"
    )


def _rounds_note(rounds: Rounds, frame: pd.DataFrame) -> str:
    """How many replicates the cells came to, and what that does to their numbers."""
    counts = frame.replicates[frame.amplitude.notna()].value_counts()
    at = ", ".join(f"{counts[n]} at {n}" for n in rounds.looks if n in counts)
    return (
        f"replicates were added until a cell was settled (cells {at or 'none yet'}): intervals "
        "are of 95 % over all looks together, and a gain that was settled early is flattered"
    )


def _baseline_notes(baselines: Sequence[Baseline]) -> list[str]:
    notes = []
    absent = [baseline for baseline in baselines if not len(baseline.val_accuracy)]
    if absent:
        rest = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        notes.append(f"no baseline ({absent[0].configuration}){rest}: no gain over it")
    few = [baseline for baseline in baselines if 0 < len(baseline.val_accuracy) < FEWEST]
    if few:
        said = (
            f"and {len(few) - 1} more have fewer than {FEWEST}"
            if len(few) > 1
            else f"has only {len(few[0].val_accuracy)}"
        )
        notes.append(f"the baseline ({few[0].configuration}) {said} replicates")
    return notes
