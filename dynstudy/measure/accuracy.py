"""Accuracy of one network, and its mean over replicates."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

EQUIVALENCE = 0.02
"""A gain in accuracy is neutral when it is shown to lie within plus or minus this."""

FEWEST = 6
"""With fewer replicates a cell is not tested."""


def accuracy(
    correct: NDArray[np.integer], points_per_class: int, diverged: ArrayLike = False
) -> NDArray[np.float64]:
    """The share of points classified right; chance, 1/C, for a network that diverged.

    Args:
        correct: (..., C) points of each class classified right.
        points_per_class: N, the same for all classes.
        diverged: (...) whether the network's loss or parameters stopped being finite.

    Returns:
        The accuracy over all classes (...).

    >>> accuracy(np.array([[90, 80, 70], [0, 0, 0]]), 100, diverged=[False, True]).round(3)
    array([0.8  , 0.333])
    """
    classes = correct.shape[-1]
    return np.where(diverged, 1 / classes, correct.sum(-1) / (classes * points_per_class))


def standard_error(values: ArrayLike) -> float:
    """Standard error of the mean of independent replicates.

    Args:
        values: (n,) one of each.

    Returns:
        s / √n with the unbiased variance s²; nan for fewer than two.

    >>> round(standard_error([1.0, 2.0, 3.0]), 4), standard_error([1.0])
    (0.5774, nan)
    """
    values = np.asarray(values, float)
    if values.size < 2:
        return float("nan")
    return float(values.std(ddof=1) / np.sqrt(values.size))
