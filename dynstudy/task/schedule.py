"""How the class weights rise and fall during training (design of arXiv:2410.10690, section II).

One *oscillation* is T steps in which one class is emphasised, a *cycle* is C of them. Training ends
with a *static tail* at A = 1, after which accuracy is measured.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def class_weights(
    step: ArrayLike,
    classes: int,
    amplitude: ArrayLike,
    period: ArrayLike,
    tail_start: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return Γ(k) (..., C), the weight of each class at a step; all arguments broadcast.

    At step k (steps taken before), class c = (k div T) mod C is emphasised with the triangle w = 1
    + 2(A-1)τ/T for τ < T/2 and 2A - 1 - 2(A-1)τ/T after, where τ = k mod T. The other weights are
    1, and all are scaled to sum to C: Γ_i = C·w_i / Σ w. A >= 1, and 1 from `tail_start` on if
    there is one; T >= 2, whole.

    >>> class_weights([0, 50, 100, 150], classes=3, amplitude=4, period=100)
    array([[1. , 1. , 1. ],
           [2. , 0.5, 0.5],
           [1. , 1. , 1. ],
           [0.5, 2. , 0.5]])
    """
    step, amplitude, period = np.asarray(step), np.asarray(amplitude, float), np.asarray(period)
    phase = step % period
    slope = 2 * (amplitude - 1) / period
    triangle = np.where(2 * phase < period, 1 + slope * phase, 2 * amplitude - 1 - slope * phase)
    if tail_start is not None:
        triangle = np.where(step >= np.asarray(tail_start), 1.0, triangle)
    emphasised = (step // period) % classes
    weights = np.where(np.arange(classes) == emphasised[..., None], triangle[..., None], 1.0)
    return classes * weights / (triangle[..., None] + classes - 1)


def oscillations(steps: int, tail: int | str, period: int) -> int:
    """Return how many whole oscillations fit before the tail: floor((S - tail) / T), or 0.

    The tail is a number of steps, ``"period"`` (T) or ``"none"`` (0).

    >>> oscillations(100_000, "period", 5000)
    19
    """
    tail_steps = {"period": period, "none": 0}[tail] if isinstance(tail, str) else tail
    return max(0, (steps - tail_steps) // period)
