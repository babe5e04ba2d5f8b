"""The spiral data set of Lavin & Ruiz-García, arXiv:2410.10690."""

import numpy as np
from numpy.typing import NDArray


def spiral(
    points_per_class: int, classes: int, turns: float, noise: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw one spiral of `classes` arms, arm after arm.

    Arm j has radius r = linspace(0, 1, N) and angle
    θ = linspace(2πj/C, 2πj/C + 2π·turns, N) + noise·ξ with ξ standard normal. The draws come from
    ``numpy.random.RandomState``, so seed 0 with 3 arms of 100 points, 2 turns and noise 0.2 equals
    the authors' training set bit for bit.

    Args:
        points_per_class: N.
        classes: C.
        turns: how often an arm winds around the origin.
        noise: standard deviation of the angle, radians.
        seed: 0 to 2**32 - 1.

    Returns:
        x (C·N, 2), the points, and y (C·N,), the arm of each.

    >>> x, y = spiral(100, 3, turns=2.0, noise=0.2, seed=0)
    >>> x.shape, y.shape, bool(x[0].any())
    ((300, 2), (300,), False)
    """
    draws = np.random.RandomState(seed)
    radius = np.linspace(0, 1, points_per_class)
    arms = []
    for arm in range(classes):
        start = 2 * np.pi * arm / classes
        angle = np.linspace(start, start + 2 * np.pi * turns, points_per_class)
        angle = angle + noise * draws.standard_normal(points_per_class)
        arms.append(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))
    return np.concatenate(arms), np.repeat(np.arange(classes), points_per_class)


def replicate_data_seed(seed: int) -> int:
    """Return the seed for `spiral` where every replicate draws its own training spiral.

    Spread over all 2**32 seeds, so that it does not meet the validation seed.
    """
    return int(np.random.SeedSequence((seed, 0x59124A1)).generate_state(1)[0])
