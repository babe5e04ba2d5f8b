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
    right = output.argmax(-1) == y
    return np.bincount(y[right], minlength=classes) / np.bincount(y, minlength=classes)


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
    import torch  # large, and nobody else who measures needs it

    loss, weights = LOSSES[static].weighted, torch.ones(classes, dtype=torch.float64)
    points = [(torch.tensor(output[y == c]), torch.tensor(y[y == c])) for c in range(classes)]
    return np.array([float(loss(f, target, weights)) for f, target in points])
