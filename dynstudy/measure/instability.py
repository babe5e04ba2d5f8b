"""How unstable training was, of eigenvalues, uphill steps and onsets of instabilities.

λ̄ is the mean of the largest eigenvalue of the Hessian over two steps in a row. A direction is
stable as long as its curvature is below 2/η (section IV of arXiv:2410.10690). All but the onsets
are of the dynamical part of training, of a static loss of all of it.
"""

from collections.abc import Callable

import numpy as np

from dynstudy.arrays import Array
from dynstudy.measure.measure import CellReadings, CurvatureReadings, Measure
from dynstudy.measure.records import EIGENVALUES, ONSETS, UPHILL, pairs
from dynstudy.task.schedule import oscillations

LARGEST = np.finfo(float).max


def edge(readings: CellReadings, curvature: CurvatureReadings) -> Array:
    """Return λ̄η/2 (R, J) of each pair of the dynamical part; nan where it was not read."""
    protocol, period = readings.protocol, readings.period
    ends = protocol.training_steps
    if period is not None:
        ends = oscillations(protocol.training_steps, protocol.tail, period) * period
    steps = np.array(curvature.steps, int)
    first = pairs(steps)
    first = first[steps[first + 1] < ends]
    means = (curvature.largest[:, first] + curvature.largest[:, first + 1]) / 2
    return means * curvature.learning_rate / 2


def _of_finite(
    of: Callable[[CellReadings, CurvatureReadings], Array],
) -> Callable[[CellReadings], Array]:
    """A measure that is nan where nothing was read, or the network diverged."""

    def measure(readings: CellReadings) -> Array:
        if readings.curvature is None:
            return np.full(len(readings.diverged), np.nan)
        return np.where(readings.diverged, np.nan, of(readings, readings.curvature))

    return measure


def _largest(readings: CellReadings, curvature: CurvatureReadings) -> Array:
    return np.fmax.reduce(edge(readings, curvature), axis=1, initial=np.nan)


def _share_past(readings: CellReadings, curvature: CurvatureReadings) -> Array:
    of_pairs = edge(readings, curvature)
    return _ratio((of_pairs > 1).sum(axis=1), np.isfinite(of_pairs).sum(axis=1))


def _share_uphill(_: CellReadings, curvature: CurvatureReadings) -> Array:
    return _ratio(curvature.uphill, curvature.looked_at)


def _ratio(part: Array, whole: Array) -> Array:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _per_oscillation(count: Array, readings: CellReadings) -> Array:
    protocol, period = readings.protocol, readings.period
    whole = 0 if period is None else oscillations(protocol.training_steps, protocol.tail, period)
    return count / whole if whole else np.full(len(count), np.nan)


_DIVERGED = "absent for a network that diverged, and where it was not read"
_DYNAMICAL = f"{_DIVERGED}, and for a static loss"

LARGEST_CURVATURE = Measure(
    "largest_curvature",
    "largest curvature",
    "2/η",
    "largest λ̄η/2 before the tail, λ̄ being the mean over two steps in a row of the largest "
    f"eigenvalue of the Hessian, of the steps that were recorded; {_DIVERGED}",
    lambda *_: [],
    _of_finite(_largest),
    least=-LARGEST,
    most=LARGEST,
    series=EIGENVALUES,
)
SHARE_PAST_EDGE = Measure(
    "share_past_edge",
    "share past 2/η",
    "",
    "of the pairs of steps before the tail that were recorded, the share with a mean of the "
    f"largest eigenvalue above 2/η; {_DIVERGED}",
    lambda *_: [],
    _of_finite(_share_past),
    least=0.0,
    series=EIGENVALUES,
)
SHARE_UPHILL = Measure(
    "share_uphill",
    "share of uphill steps",
    "",
    "share of the steps before the tail that raise the loss that they descend, its class weights "
    f"held; {_DIVERGED}",
    lambda *_: [],
    _of_finite(_share_uphill),
    least=0.0,
    series=UPHILL,
)
EPISODES_PER_OSCILLATION = Measure(
    "episodes_per_oscillation",
    "episodes of uphill steps per oscillation",
    "1/T",
    "episodes of three or more uphill steps, with gaps of at most ten, for each oscillation; "
    f"{_DYNAMICAL}",
    lambda *_: [],
    _of_finite(lambda readings, read: _per_oscillation(read.episodes, readings)),
    least=0.0,
    most=LARGEST,
    series=UPHILL,
)
ONSETS_PER_OSCILLATION = Measure(
    "onsets_per_oscillation",
    "onsets of instabilities per oscillation",
    "1/T",
    "onsets of instabilities, told by gradients that turn about from step to step, in all of "
    f"training for each oscillation; {_DYNAMICAL}",
    lambda *_: [],
    _of_finite(lambda readings, read: _per_oscillation(read.onsets, readings)),
    least=0.0,
    most=LARGEST,
    series=ONSETS,
)
