"""Momentum and weight decay as the kernel of the `cpu` backend takes them.

`torch.optim.SGD` follows, from the gradient g at the parameters θ,

    d = g + λθ        v ← μv + (1 - dampening) d, in the first step d        θ ← θ - η(αv + βd)

with α = 1, β = 0, or by Nesterov α = μ, β = 1. Outputs relative to the last class's follow the
same, since it is linear. The mean over the classes has no gradient: it only decays.
"""

from typing import Any

import numpy as np

from dynstudy.arrays import Array
from dynstudy.task.optimiser import SGD


def sgd_numbers(optimiser: SGD, first: bool) -> tuple[float, float, float, float, float]:
    """Return μ, what is added of d, α, β and λ, of the first step or of all others."""
    momentum = optimiser.momentum
    added = 1.0 if first or not momentum else 1 - optimiser.dampening
    along, beside = (momentum, 1.0) if optimiser.nesterov else (1.0, 0.0)
    return momentum, added, along, beside, optimiser.weight_decay


def left_of_mean(optimiser: SGD, rate: Array, steps: int) -> Array:
    """Return what is left (B,), after so many steps, of parameters that have no gradient.

    >>> left_of_mean(SGD(weight_decay=0.5), np.array([0.1, 1.0]), 2)
    array([0.9025, 0.25  ])
    """
    if not steps or not optimiser.weight_decay:
        return np.ones(len(rate))
    with np.errstate(over="ignore", invalid="ignore"):  # of networks that diverged
        later = np.linalg.matrix_power(_step(optimiser, rate, first=False), steps - 1)
        return (later @ _step(optimiser, rate, first=True))[:, 0, 0]


def _step(optimiser: SGD, rate: Array, first: bool) -> Any:
    """(B, 2, 2) from (θ, v) before a step to that after it, without a gradient."""
    momentum, added, along, beside, decay = sgd_numbers(optimiser, first)
    of_velocity = np.array([added * decay, momentum])
    of_parameter = np.array([1.0, 0.0]) - rate[:, None] * (
        along * of_velocity + np.array([beside * decay, 0.0])
    )
    return np.stack([of_parameter, np.broadcast_to(of_velocity, of_parameter.shape)], axis=1)
