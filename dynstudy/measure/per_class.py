"""The loss of one network on each class by itself."""

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array
from dynstudy.task.losses import LOSSES


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
    return np.bincount(y, of_points(output, y), classes) / np.bincount(y, minlength=classes)
