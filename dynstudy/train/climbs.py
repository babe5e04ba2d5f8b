"""Uphill steps: how often a step raises the loss that it descends.

Step k is *uphill* if F_k(θ_{k+1}) > F_k(θ_k), with Γ(k) frozen: never while training is stable,
about every other step beyond the edge of stability. An *episode* is three or more of them, with
gaps of at most ten steps. Steps of the dynamical part are looked at, of a static loss all, but for
the very last one.
"""

import numpy as np
from numpy.typing import ArrayLike

EPISODE_STEPS, EPISODE_GAP = 3, 10


def episodes(uphill: ArrayLike) -> int:
    """Return how many episodes there are in a row of steps, given which are uphill.

    >>> episodes([1, 0, 1, 0, 1, 0, 1]), episodes([1, 1, 0, 0])
    (1, 0)
    """
    steps = np.flatnonzero(uphill)
    runs = np.split(steps, np.flatnonzero(np.diff(steps) > EPISODE_GAP) + 1)
    return sum(len(run) >= EPISODE_STEPS for run in runs)
