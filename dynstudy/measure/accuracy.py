"""Accuracy of one network, and its mean over replicates."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynstudy.arrays import Array
from dynstudy.measure.measure import CellReadings, Measure, StepsOf
from dynstudy.measure.window import forgetting_window
from dynstudy.protocol import Protocol


def accuracy(
    correct: NDArray[Any], points: ArrayLike, diverged: ArrayLike = False
) -> NDArray[np.float64]:
    """Return the share (...) of points classified right; chance, 1/C, for a network that diverged.

    `correct` (..., C) are points of each class, of which there are `points` (C,); `diverged` (...)
    is whether the network's loss or parameters stopped being finite.

    >>> correct = np.array([[90, 80, 70], [0, 0, 0]])
    >>> accuracy(correct, [100, 100, 100], diverged=[False, True]).round(3)
    array([0.8  , 0.333])
    """
    return np.where(diverged, 1 / correct.shape[-1], correct.sum(-1) / np.sum(points))


def balanced_accuracy(
    correct: NDArray[Any], points: ArrayLike, diverged: ArrayLike = False
) -> NDArray[np.float64]:
    """Return the mean over the classes of the share of each that is classified right (...).

    Of `correct` (..., C) and `points` (C,) as in `accuracy`; chance, 1/C, for a network that
    diverged, and for one that answers one class for everything.

    >>> correct = np.array([[90, 0], [45, 5], [0, 0]])
    >>> balanced_accuracy(correct, [90, 10], diverged=[False, False, True]).tolist()
    [0.5, 0.5, 0.5]
    """
    shares = correct / np.asarray(points)
    return np.where(diverged, 1 / correct.shape[-1], shares.mean(-1))


def mean(values: Array) -> float:
    """Mean over the replicates (n,) that a measure is defined for; nan where there is none."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if defined.size else float("nan")


def or_none(value: float) -> float | None:
    """A number, None where it is not finite: what JSON can say."""
    return float(value) if np.isfinite(value) else None


def standard_error(values: ArrayLike) -> float:
    """Return s / √n of independent replicates (n,), s² unbiased; nan for fewer than two.

    >>> round(standard_error([1.0, 2.0, 3.0]), 4), standard_error([1.0])
    (0.5774, nan)
    """
    values = np.asarray(values, float)
    if values.size < 2:
        return float("nan")
    return float(values.std(ddof=1) / np.sqrt(values.size))


def with_error(value: float, sem: float | None, form: str = ".3f") -> str:
    """Return a mean with its standard error, unless that is None or nan, both with three digits.

    >>> with_error(0.71234, 0.02), with_error(0.7, float("nan")), with_error(0.7, None)
    ('0.712 ± 0.020', '0.700', '0.700')
    """
    return f"{value:{form}}" + ("" if sem is None or math.isnan(sem) else f" ± {sem:.3f}")


def _of_validation(readings: CellReadings, step: int) -> Array:
    correct = readings.at([step]).validation_correct[:, 0]
    return accuracy(correct, readings.protocol.data.validation_points, readings.diverged)


def _balanced(readings: CellReadings) -> Array:
    """Where classes are equally large it would be the accuracy."""
    data = readings.protocol.data
    if data.balanced:
        return np.full(len(readings.diverged), np.nan)
    correct = readings.at([readings.protocol.training_steps]).validation_correct[:, 0]
    return balanced_accuracy(correct, data.validation_points, readings.diverged)


def _of_training(readings: CellReadings) -> Array:
    correct = readings.at([readings.protocol.training_steps]).correct[:, 0]
    return accuracy(correct, readings.protocol.data.training_points, readings.diverged)


def _while_training(steps: StepsOf) -> Callable[[CellReadings], Array]:
    """Return validation accuracy after the step that is needed; nan where none is."""

    def of(readings: CellReadings) -> Array:
        needed = [*steps(readings.protocol, readings.period)]
        if not needed:
            return np.full(len(readings.diverged), np.nan)
        return np.where(readings.diverged, np.nan, _of_validation(readings, needed[0]))

    return of


def _end(protocol: Protocol, _period: int | None) -> Iterable[int]:
    return [protocol.training_steps]


def _tail_start(protocol: Protocol, period: int | None) -> Iterable[int]:
    """The end of the last whole oscillation."""
    return [] if period is None else forgetting_window(protocol, period).ends[-1:].tolist()


def _last_peak(protocol: Protocol, period: int | None) -> Iterable[int]:
    """The middle of the last whole oscillation."""
    return [] if period is None else forgetting_window(protocol, period).middles[-1:].tolist()


VAL_ACCURACY = Measure(
    "val_accuracy",
    "validation accuracy",
    "accuracy",
    "share of the validation points classified right at the end of training; chance, 1/C, for a "
    "network that diverged",
    _end,
    lambda readings: _of_validation(readings, readings.protocol.training_steps),
    always=True,
    least=0.0,
)
TRAIN_ACCURACY = Measure(
    "train_accuracy",
    "training accuracy",
    "accuracy",
    "share of the training points classified right at the end of training; chance, 1/C, for a "
    "network that diverged",
    _end,
    _of_training,
    always=True,
    least=0.0,
)
VAL_ACCURACY_BEFORE_TAIL = Measure(
    "val_accuracy_before_tail",
    "validation accuracy before the tail",
    "accuracy",
    "share of the validation points classified right where the static tail begins; absent for a "
    "static loss, and for a network that diverged",
    _tail_start,
    _while_training(_tail_start),
    least=0.0,
)
VAL_ACCURACY_AT_LAST_PEAK = Measure(
    "val_accuracy_at_last_peak",
    "validation accuracy at the last peak",
    "accuracy",
    "share of the validation points classified right in the middle of the last whole oscillation, "
    "where the weight of its class peaks; absent for a static loss, and for a network that "
    "diverged",
    _last_peak,
    _while_training(_last_peak),
    least=0.0,
)
BALANCED_ACCURACY = Measure(
    "balanced_accuracy",
    "balanced accuracy",
    "accuracy",
    "validation accuracy on each class at the end of training, mean over the classes, however many "
    "points they have; chance, 1/C, for a network that diverged; absent where all classes have as "
    "many points, since it is the accuracy then",
    _end,
    _balanced,
    least=0.0,
    unbalanced=True,
)
