"""Accuracy and loss of one network on each class by itself."""

import numpy as np
from numpy.typing import NDArray

from dynstudy.task.losses import LOSSES

Array = NDArray[np.float64]


def accuracy_per_class(output: Array, y: NDArray[np.int64], classes: int) -> Array:
    """The share of each class's points classified right.

    Args:
        output: (P, C) of the network.
        y: (P,) the classes.
        classes: C.

    Returns:
        (C,), the accuracies.

    >>> accuracy_per_class(np.eye(2)[[0, 1, 1]], np.array([0, 1, 0]), 2)
    array([0.5, 1. ])
    """
    return _mean_per_class((output.argmax(-1) == y).astype(float), y, classes)


def loss_per_class(output: Array, y: NDArray[np.int64], classes: int, static: str) -> Array:
    """The static loss's mean over each class's points, whatever weights training uses.

    Args:
        output: (P, C) of the network.
        y: (P,) the classes.
        classes: C.
        static: the static loss's name.

    Returns:
        (C,), the losses.

    >>> loss_per_class(np.eye(2), np.array([0, 1]), 2, "mse")
    array([0., 0.])
    """
    of_points = LOSSES[static].of_points
    assert of_points is not None  # as it is static
    return _mean_per_class(of_points(output, y), y, classes)


def _mean_per_class(values: Array, y: NDArray[np.int64], classes: int) -> Array:
    return np.bincount(y, values, classes) / np.bincount(y, minlength=classes)
