"""What the best of many cells would come to if none of them did anything.

The mean of the best of K cells is above the static loss's by chance alone: it is the largest of K
means of n networks. Drawn beside the best cells, it is what they are to be compared with.
"""

import numpy as np
from scipy.stats import norm

from dynstudy.arrays import Array


def largest_by_chance(outcomes: Array, cells: int, replicates: int) -> float:
    """Return the expected largest of means of some replicates, drawn as outcomes (m,) were.

    Blom (1958), for the largest of K independent normal numbers: the quantile (K - 3/8)/(K + 1/4).

    >>> round(largest_by_chance(np.array([0.4, 0.5, 0.6]), cells=30, replicates=4), 3)
    0.602
    """
    spread = float(outcomes.std(ddof=1)) / np.sqrt(replicates)
    return float(outcomes.mean() + spread * norm.ppf((cells - 0.375) / (cells + 0.25)))
