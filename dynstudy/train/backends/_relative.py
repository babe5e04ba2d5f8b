"""Outputs relative to the last class's, all that a softmax sees: what both fused kernels train.

Their gradients sum to 0 over the classes, so that the mean over the classes of what was taken off
never moves, and gives it back.
"""

import numpy as np

from dynstudy.train.ensemble import Floats


def relative(outputs: Floats) -> tuple[Floats, Floats]:
    """Take the last class's parameters off all others'.

    Args:
        outputs: (..., C).

    Returns:
        The differences (..., C - 1), and the mean over the classes (...).
    """
    return outputs[..., :-1] - outputs[..., -1:], outputs.mean(-1)


def absolute(differences: Floats, mean: Floats) -> Floats:
    """Invert `relative`.

    Args:
        differences: (..., C - 1).
        mean: (...).

    Returns:
        All classes' (..., C).

    >>> absolute(*relative(np.array([3.0, 1.0, 2.0])))
    array([3., 1., 2.])
    """
    outputs = np.concatenate([differences, np.zeros_like(differences[..., :1])], axis=-1)
    with np.errstate(invalid="ignore"):  # of a network that diverged
        return outputs + (mean[..., None] - outputs.mean(-1, keepdims=True)).astype(outputs.dtype)
