"""The optimisers, as PyTorch's are, in place on tensors of many networks.

What changes from step to step is a tensor, so that a compiled step and a captured one stay as they
are: the rate that multiplies the step, (B,), and two numbers.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dynstudy.arrays import Ints
from dynstudy.task.optimiser import SGD, Adam, AdamW, Optimiser

Remembered = list[list[Tensor]]
"""What an optimiser remembers: some tensors for each of the parameters."""


def remembered_at_first(optimiser: Optimiser, tensors: Sequence[Tensor]) -> Remembered:
    """What it remembers before the first step: zeros."""
    if isinstance(optimiser, SGD):
        count = 1 if optimiser.momentum else 0
    else:
        count = 3 if cast(Adam, optimiser).amsgrad else 2
    return [[torch.zeros_like(tensor) for tensor in tensors] for _ in range(count)]


def step_rates(optimiser: Optimiser, rate: NDArray[np.float64], steps: Ints) -> NDArray[np.float64]:
    """What multiplies each of the steps (K,) of learning rates (B,): (K, B)."""
    every = np.repeat(rate[None], len(steps), 0)
    if isinstance(optimiser, Adam):
        every /= 1 - optimiser.betas[0] ** (steps[:, None] + 1.0)
    return every


def step_numbers(optimiser: Optimiser, steps: Ints) -> NDArray[np.float64]:
    """Two numbers of each step: (K, 2)."""
    if isinstance(optimiser, Adam):
        correction = np.sqrt(1 - optimiser.betas[1] ** (steps + 1.0))
        return np.stack([correction, np.full(len(steps), np.nan)], 1)
    sgd = cast(SGD, optimiser)
    taken = np.where(steps == 0, 1.0, 1 - sgd.dampening)  # the first gradient is taken whole
    return np.stack([taken, np.full(len(steps), np.nan)], 1)


def update(
    optimiser: Optimiser,
    tensors: Sequence[Tensor],
    gradients: Sequence[Tensor],
    remembered: Remembered,
    rate: Tensor,
    learning_rate: Tensor,
    numbers: Tensor,
) -> None:
    """Take a step in place: `rate` (B,) and `numbers` (2,) are of this step, see above."""
    for number, (tensor, gradient) in enumerate(zip(tensors, gradients, strict=True)):
        of_tensor = [of_all[number] for of_all in remembered]
        each = (-1, *[1] * (tensor.ndim - 1))
        along = rate.view(each)
        if isinstance(optimiser, SGD):
            _descend(optimiser, tensor, gradient, of_tensor, along, numbers)
        else:
            adam = cast(Adam, optimiser)
            _adapt(adam, tensor, gradient, of_tensor, along, learning_rate.view(each), numbers)


def _descend(
    sgd: SGD, tensor: Tensor, gradient: Tensor, of_tensor: list[Tensor], rate: Tensor, n: Tensor
) -> None:
    if sgd.weight_decay:
        gradient = gradient + sgd.weight_decay * tensor
    if sgd.momentum:
        (velocity,) = of_tensor
        velocity.mul_(sgd.momentum).add_(n[0] * gradient)
        gradient = gradient + sgd.momentum * velocity if sgd.nesterov else velocity
    tensor.sub_(rate * gradient)


def _adapt(
    adam: Adam,
    tensor: Tensor,
    gradient: Tensor,
    of_tensor: list[Tensor],
    rate: Tensor,
    learning_rate: Tensor,
    n: Tensor,
) -> None:
    if adam.weight_decay:
        if isinstance(adam, AdamW):
            tensor.mul_(1 - learning_rate * adam.weight_decay)
        else:
            gradient = gradient + adam.weight_decay * tensor
    mean, square, *largest = of_tensor
    mean.lerp_(gradient, 1 - adam.betas[0])
    square.mul_(adam.betas[1]).addcmul_(gradient, gradient, value=1 - adam.betas[1])
    if largest:
        square = largest[0].copy_(torch.maximum(largest[0], square))
    tensor.sub_(rate * (mean / (square.sqrt() / n[0] + adam.eps)))
