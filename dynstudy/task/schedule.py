"""How the class weights rise and fall during training (design of arXiv:2410.10690, section II).

One *oscillation* is T steps in which one class is emphasised, a *cycle* is C of them. Training ends
with a *static tail* at A = 1, after which accuracy is measured. A kind of schedule says how the
weight of a class goes up and down in its oscillation, and whose oscillation it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynstudy.arrays import Ints

SEED = 0x5C4ED01E
"""Of the orders of `random`, the same for all networks."""
MASK = 0xFFFFFFFF


def in_turn(oscillation: Any, every: Any) -> Any:
    """Return the class of each oscillation (...), of all of them (C,) in their order."""
    return oscillation % len(every)


def shuffled(oscillation: Any, every: Any) -> Any:
    """Return the class of each oscillation (...), in an order that is drawn anew for each cycle.

    The classes (C,) are sorted by a hash of cycle and class, in whole numbers that fit 63 bits, so
    that the order depends on nothing else, and is the same in NumPy, in PyTorch and on a card.
    """
    cycle, turn = oscillation // len(every), oscillation % len(every)
    drawn = _hashed(_hashed(cycle + SEED)[..., None] + every)
    order = (drawn * len(every) + every).argsort(-1)  # no two are equal
    return (order * (every == turn[..., None])).sum(-1)


def _hashed(number: Any) -> Any:
    """32 bits of which each depends on all of the number's last 32 (Wellons' ``lowbias32``)."""
    number = number & MASK
    number = ((number ^ (number >> 16)) * 0x7FEB352D) & MASK
    number = ((number ^ (number >> 15)) * (0x846CA68B - 2**32)) & MASK  # of 63 bits, and a sign
    return number ^ (number >> 16)


@dataclass(frozen=True)
class ScheduleKind:
    """How class weights oscillate.

    Its functions take arrays of NumPy or tensors alike, so that there is one definition of them.
    """

    name: str  # in study files and in `SCHEDULES`
    equation: str  # as documented
    emphasis: Callable[[Any, Any, Any, Any], Any]
    """From τ in [0, T), A, T and the library of the arrays to w, which is 1 at A = 1."""
    order: Callable[[Any, Any], Any] = in_turn
    """From numbers of oscillations (...) and all classes (C,) to the class of each (...)."""

    def weights(
        self,
        step: ArrayLike,
        classes: int,
        amplitude: ArrayLike,
        period: ArrayLike,
        tail_start: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        """Return Γ(k) (..., C), the weight of each class at a step; all arguments broadcast.

        At step k (steps taken before) the class of oscillation k div T is emphasised: its weight is
        w, of τ = k mod T, and the others' is 1. All are scaled to sum to C: Γ_i = C·w_i / Σ w.
        A >= 1, and 1 from `tail_start` on if there is one; T >= 2, whole.
        """
        step, period = np.asarray(step), np.asarray(period)
        amplitude = np.asarray(amplitude, float)
        if tail_start is not None:
            amplitude = np.where(step >= np.asarray(tail_start), 1.0, amplitude)
        phase = (step % period).astype(float)
        every = np.arange(classes)
        return self.scaled(step // period, phase, every, amplitude, period, np)

    def scaled(
        self, oscillation: Any, phase: Any, every: Any, amplitude: Any, period: Any, library: Any
    ) -> Any:
        """Return Γ (..., C) from arrays of a library: k div T, k mod T, all classes (C,), A and T.

        A is 1 in the tail.
        """
        w = self.emphasis(phase, amplitude, period, library)[..., None]
        emphasised = every == self.order(oscillation, every)[..., None]
        return len(every) * library.where(emphasised, w, 1.0) / (w + len(every) - 1)

    def emphasised(self, oscillation: ArrayLike, classes: int) -> Ints:
        """Return which class each oscillation (...) emphasises (...), of so many.

        >>> SCHEDULES["triangle"].emphasised([0, 1, 2, 3], 3)
        array([0, 1, 2, 0])
        """
        return np.asarray(self.order(np.asarray(oscillation), np.arange(classes)))


def _triangle(phase: Any, amplitude: Any, period: Any, library: Any) -> Any:
    slope = 2 * (amplitude - 1) / period
    falling = 2 * amplitude - 1 - slope * phase
    return library.where(2 * phase < period, 1 + slope * phase, falling)


def _sine(phase: Any, amplitude: Any, period: Any, library: Any) -> Any:
    return 1 + (amplitude - 1) * library.sin(library.pi * phase / period)


def _square(phase: Any, amplitude: Any, _period: Any, library: Any) -> Any:
    return amplitude * library.ones_like(phase)


TRIANGLE = ScheduleKind("triangle", "w = 1 + 2(A − 1) min(τ, T − τ)/T, c = ⌊k/T⌋ mod C", _triangle)
SINE = ScheduleKind("sine", "w = 1 + (A − 1) sin(πτ/T), c = ⌊k/T⌋ mod C", _sine)
SQUARE = ScheduleKind("square", "w = A, c = ⌊k/T⌋ mod C", _square)
RANDOM = ScheduleKind(
    "random",
    "w = 1 + 2(A − 1) min(τ, T − τ)/T, c = number ⌊k/T⌋ mod C in the order of this cycle, one of "
    "all C!, drawn from the number of the cycle alone",
    _triangle,
    shuffled,
)

SCHEDULES = {kind.name: kind for kind in (TRIANGLE, SINE, SQUARE, RANDOM)}
"""All kinds, by their names; the first is the paper's, and the default."""


def class_weights(
    step: ArrayLike,
    classes: int,
    amplitude: ArrayLike,
    period: ArrayLike,
    tail_start: ArrayLike | None = None,
    schedule: str = TRIANGLE.name,
) -> NDArray[np.float64]:
    """Return Γ(k) (..., C), the weight of each class at a step; all but C and the name broadcast.

    See `ScheduleKind.weights`; the schedule is one of `SCHEDULES`.

    >>> class_weights([0, 50, 100, 150], classes=3, amplitude=4, period=100)
    array([[1. , 1. , 1. ],
           [2. , 0.5, 0.5],
           [1. , 1. , 1. ],
           [0.5, 2. , 0.5]])
    """
    return SCHEDULES[schedule].weights(step, classes, amplitude, period, tail_start)


def oscillations(steps: int, tail: int | str, period: int) -> int:
    """Return how many whole oscillations fit before the tail: floor((S - tail) / T), or 0.

    The tail is a number of steps, ``"period"`` (T) or ``"none"`` (0).

    >>> oscillations(100_000, "period", 5000)
    19
    """
    tail_steps = {"period": period, "none": 0}[tail] if isinstance(tail, str) else tail
    return max(0, (steps - tail_steps) // period)
