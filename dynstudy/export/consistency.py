"""What an export says twice, or what follows from what it says: seen without training anything.

Its seal is the least of it, since who edits a file can seal it again. What contradicts itself is
not trained.
"""

from collections.abc import Iterator

import numpy as np

from dynstudy.analysis.regime_map import conditional
from dynstudy.export.export_file import Entry, Export, Measured
from dynstudy.export.labels_again import wrong_labels
from dynstudy.measure.accuracy import or_none
from dynstudy.statistics.two_samples import Difference, Moments
from dynstudy.study.confirmation import FRESH, fresh_protocol

ROUNDING = 1e-9
"""Relative; of statistics, whose last bits depend on SciPy."""

FIRST_SEED = {"found": 0, "confirmed": FRESH}
WRONG_KEY = (
    "its key is not that of its loss, width, learning rate, amplitude and period under this "
    "protocol; one of them was changed"
)


def contradictions(export: Export, *, labels: bool = True) -> Iterator[str]:
    """Yield what does not follow from what, a line each; what the cells are called if `labels`."""
    for changed in export.changed():
        yield f"since the file was written, something was changed: {changed}"
    entries = export.labelled_entries()
    for label, entry in entries:
        if export.key_of(entry) != entry.key:
            yield f"{label}: {WRONG_KEY}"
        yield from (f"{label}, weights: {problem}" for problem in _of_weights(entry))
    by_configuration = {entry.configuration: entry for _, entry in entries}
    if len(by_configuration) < len(entries):
        yield "a configuration is listed twice"
    yield from _of_the_whole(export)
    for name, first_seed in FIRST_SEED.items():
        for label, entry in entries:
            if (measured := entry.measured.get(name)) is None:
                continue
            if measured.first_seed != first_seed:
                yield f"{label}, {name}: first_seed is {measured.first_seed}, not {first_seed}"
            against = None
            if not entry.configuration.static:
                static = by_configuration.get(entry.configuration.baseline())
                against = static.measured.get(name) if static is not None else None
            for problem in (*_of_numbers(measured, against), *_of_counts(measured, export)):
                yield f"{label}, {name}: {problem}"
    if labels:
        yield from wrong_labels(export)


def _of_the_whole(export: Export) -> Iterator[str]:
    """What the file says about itself, and how much it asks for."""
    selection, count = export.selection, len(export.configuration)
    if count > selection.candidates or (selection.per is None and count > selection.top):
        yield (
            f"selection is the best {selection.top} of {selection.candidates}, but there are "
            f"{count} configurations"
        )
    # of the tiles of an atlas nothing was found by replicates: all are confirmed, and no more
    there = [bool(entry.found) for entry in export.configuration]
    measured = all(entry.measured for entry in export.configuration)
    if not measured or any(there) != all(there):
        yield "of a configuration nothing is said to have been found"
    trained = sum(origin.networks for origin in export.provenance.trained)
    if export.networks > trained:
        yield f"it asks for {export.networks} networks, while its study trained {trained}"
    if export.conditional != (condition := conditional(export.protocol)):
        yield f"conditional is {export.conditional!r}, its protocol gives {condition!r}"
    confirmed = any("confirmed" in entry.measured for _, entry in export.labelled_entries())
    fresh = fresh_protocol(export.protocol).data.validation_seed if confirmed else None
    if export.fresh_validation_seed != fresh:
        yield f"fresh_validation_seed is {export.fresh_validation_seed}, its protocol gives {fresh}"


def _of_weights(entry: Entry) -> Iterator[str]:
    """They are of the best of the replicates that were found."""
    weights, recorded = entry.weights, entry.found
    if weights is None or recorded is None:
        return
    best = int(recorded.accuracies.argmax())
    if weights.seed != recorded.first_seed + best:
        yield f"seed is {weights.seed}, the best of its replicates is {recorded.first_seed + best}"
    elif weights.val_accuracy != recorded.val_accuracies[best]:
        yield (
            f"val_accuracy is {weights.val_accuracy}, that of seed {weights.seed} is "
            f"{recorded.val_accuracies[best]}"
        )


def _of_numbers(recorded: Measured, static: Measured | None) -> Iterator[str]:
    """Numbers that do not follow from the accuracies beside them."""
    count = len(recorded.val_accuracies)
    if count != recorded.replicates:
        yield f"replicates is {recorded.replicates}, but val_accuracies has {count}"
        return
    if recorded.diverged > recorded.replicates:
        yield f"diverged is {recorded.diverged} of {recorded.replicates}"
    moments = Moments.of([recorded.accuracies])
    mean, sem = moments.mean[0], moments.variance[0] ** 0.5
    expected = {"val_accuracy": float(mean), "sem": or_none(sem)}
    if static is None:
        expected |= dict.fromkeys(("gain", "gain_low", "gain_high"))
    else:
        gain = Difference.between(moments, Moments.of([static.accuracies]))
        low, high = gain.interval()
        expected |= {
            "gain": float(gain.estimate[0]),
            "gain_low": or_none(low[0]),
            "gain_high": or_none(high[0]),
        }
    for number, value in expected.items():
        said = getattr(recorded, number)
        if not close(said, value):
            yield f"{number} is {six_digits(said)}, its val_accuracies give {six_digits(value)}"


def _of_counts(recorded: Measured, export: Export) -> Iterator[str]:
    """Accuracies that no number of points gives; networks that diverged have that of chance."""
    data = export.protocol.data
    points = int(data.validation_points.sum())
    chance = np.isclose(recorded.accuracies, 1 / data.classes, rtol=ROUNDING)
    for accuracy in recorded.accuracies[~chance].tolist():
        if not _whole(accuracy * points):
            yield f"val_accuracies has {accuracy}, which is no share of {points} points"
    trained = int(data.training_points.sum())
    points = trained * recorded.replicates
    if not _whole(recorded.train_accuracy * points - recorded.diverged * trained / data.classes):
        yield f"train_accuracy is {recorded.train_accuracy}, which is no share of {points} points"
    by_chance = int(chance.sum())
    if by_chance < recorded.diverged <= recorded.replicates:
        yield f"diverged is {recorded.diverged}, but {by_chance} val_accuracies are those of chance"


def _whole(count: float) -> bool:
    return abs(count - round(count)) <= ROUNDING * max(1, count)


def close(first: float | None, second: float | None) -> bool:
    """Whether two numbers, or none, are the same but for rounding."""
    if first is None or second is None:
        return first is second
    return bool(np.isclose(first, second, rtol=ROUNDING, atol=1e-12))


def six_digits(value: float | None) -> str:
    """A number in a message."""
    return "absent" if value is None else f"{value:.6g}"
