"""What the fused kernels of `cpu` and `gpu` share: what they can train, and its parameters.

Both keep a cross-entropy's outputs relative to the last class's, all that a softmax sees. Their
gradients sum to 0 over the classes, so that the mean over the classes of what was taken off never
moves, and gives it back.
"""

import numpy as np

from dynstudy.task.losses import LOSSES
from dynstudy.task.losses.loss import CROSS_ENTROPY
from dynstudy.train.demand import Demand
from dynstudy.train.ensemble import Floats, Parameters

MOST_CLASSES = 24
"""Sums over classes are unrolled: of more, compilers take minutes, or give up."""

Means = tuple[Floats, Floats]
"""Of W2 (B, H) and b2 (B,) over the classes."""


def refusal(demand: Demand) -> str | None:
    """Why no fused kernel can train what is asked of it; None if one may."""
    if LOSSES[demand.loss].fused is None:
        return f"has no kernel for the loss {demand.loss!r}"
    if demand.classes > MOST_CLASSES:
        return f"trains at most {MOST_CLASSES} classes, not {demand.classes}"
    if demand.network.content():  # which is nothing of what networks always were
        return f"trains one hidden layer of ReLU, not {demand.network}"
    return None


def as_trained(initial: Parameters, loss: str) -> tuple[Parameters, Means | None]:
    """Parameters as a kernel takes them, and means over the classes if outputs are relative."""
    if LOSSES[loss].fused != CROSS_ENTROPY:
        return initial, None
    W2, b2 = (outputs[..., :-1] - outputs[..., -1:] for outputs in (initial.W2, initial.b2))
    relative = Parameters.of_layers(initial.W1, initial.b1, W2, b2)
    return relative, (initial.W2.mean(-1), initial.b2.mean(-1))


def absolute(trained: Floats, mean: Floats) -> Floats:
    """All outputs' parameters (..., C), from relative ones (..., C - 1) and their mean (...).

    Returns:
        What `as_trained` was given, as training moved it.

    >>> absolute(np.array([1.0, -1.0]), np.array(2.0))  # of 3, 1 and 2
    array([3., 1., 2.])
    """
    outputs = np.concatenate([trained, np.zeros_like(trained[..., :1])], axis=-1)
    with np.errstate(invalid="ignore"):  # of a network that diverged
        return outputs + (mean[..., None] - outputs.mean(-1, keepdims=True)).astype(outputs.dtype)
