"""Some points to train on, others to validate on; and features on one scale.

How many of a class go where depends on how many there are alone, so that all training sets have
the same classes in the same order.
"""

from typing import Any

import numpy as np

from dynstudy.arrays import Array, Ints
from dynstudy.task.data.labelled import LARGEST

SPLIT = 0x5B117
"""Keeps the draw of a split apart from that of the parameters of the same seed."""


def validation_counts(points: Ints, share: float) -> Ints:
    """Return how many of the points of each class (C,) validate: about a share, at least one.

    One at least is left to train on.

    >>> validation_counts(np.array([100, 10, 2]), 0.3).tolist()
    [30, 3, 1]
    """
    return np.clip(np.rint(points * share).astype(np.int64), 1, points - 1)


def split(y: Ints, validating: Ints, seed: int) -> tuple[Ints, Ints]:
    """Return which points (P,) of ascending classes train and which validate, ascending.

    Of each class, `validating` (C,) are drawn at random to validate.

    >>> train, validation = split(np.array([0, 0, 0, 1, 1]), np.array([2, 1]), seed=0)
    >>> len(train), len(validation), sorted([*train.tolist(), *validation.tolist()])
    (2, 3, [0, 1, 2, 3, 4])
    """
    draws = np.random.default_rng(np.random.SeedSequence((seed, SPLIT)))
    ends = np.cumsum(np.bincount(y, minlength=len(validating)))
    drawn = [
        first + draws.permutation(end - first)[:count]
        for first, end, count in zip([0, *ends[:-1]], ends, validating, strict=True)
    ]
    validates = np.zeros(len(y), bool)
    validates[np.concatenate(drawn)] = True
    return np.flatnonzero(~validates), np.flatnonzero(validates)


def standardised(x: Array, *others: Array) -> list[Array]:
    """Return points (P, F) with mean 0 and standard deviation 1 in each feature, and others alike.

    The others are moved and scaled as these are. A feature that is constant here is 0 in all, since
    nothing can be learned of it.

    >>> x, other = standardised(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[2.0, 6.0]]))
    >>> x.tolist(), other.tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [[0.0, 0.0]])
    """
    mean, scale = moments(x)
    divisor = np.where(scale > 0, scale, 1)
    with np.errstate(over="ignore"):
        moved = [np.where(scale > 0, (each - mean) / divisor, 0.0) for each in (x, *others)]
    return [each.clip(-LARGEST, LARGEST) for each in moved]  # others may be far beyond all of these


def moments(x: Array) -> tuple[Any, Any]:
    """Return the mean (F,) of each feature, and its standard deviation, 0 where it is constant."""
    constant = x.max(0) == x.min(0)
    mean = np.where(constant, x[0], x.mean(0))
    largest = np.where(constant, 1, np.abs(x - mean).max(0))  # squares of tiny numbers vanish
    scale = largest * np.sqrt(np.mean(((x - mean) / largest) ** 2, 0))
    return mean, np.where(constant, 0.0, scale)
