"""Which points each step of a network sees: all, or the next of an order that each epoch draws.

The order depends on the network's seed and the epoch alone, so that a network is the same in any
company, and wherever its training is cut.
"""

import numpy as np

from dynstudy.arrays import Ints
from dynstudy.task.optimiser import Optimiser

ORDER = 0x0BDE12
"""Tells the draws of orders from those of parameters."""


def order(seed: int, epoch: int, points: int) -> Ints:
    """Return the points of an epoch (P,) in the order in which steps take them.

    >>> sorted(order(0, 0, 4)) == [0, 1, 2, 3], list(order(0, 0, 9)) == list(order(0, 1, 9))
    (True, False)
    """
    return np.random.default_rng(np.random.SeedSequence((seed, epoch, ORDER))).permutation(points)


def epoch_and_points(optimiser: Optimiser, points: int, step: int) -> tuple[int, slice]:
    """Return in which epoch a step is, and which of its order it takes.

    >>> from dynstudy.task.optimiser import SGD
    >>> [epoch_and_points(SGD(batch=4), 10, step) for step in (0, 2, 3)]
    [(0, slice(0, 4, None)), (0, slice(8, 10, None)), (1, slice(0, 4, None))]
    """
    size = optimiser.batch_size(points)
    epoch, number = divmod(step, optimiser.epoch_steps(points))
    return epoch, slice(number * size, min((number + 1) * size, points))
