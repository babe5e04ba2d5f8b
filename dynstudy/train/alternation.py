"""Onsets of instabilities, told by gradients that turn about from step to step.

With g_k the gradient of F_k in all parameters, c_k = g_k·g_{k-1} / (|g_k||g_{k-1}|) and E_k =
E_{k-1} + (c_k - E_{k-1}) / 10 from E_0 = 1 on, an instability sets in at the first k with E_k <
-0.98, and ends at the first later one with E_k > -0.5. No loss and no eigenvalue is looked at: a
loss rises when Γ moves, too, and an eigenvalue misses the curvature on the kinks of ReLU.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MEMORY = 10.0
SETS_IN, ENDS = -0.98, -0.5


def alternation(cosines: ArrayLike) -> NDArray[np.float64]:
    """Return E_k, from c_k of the steps from 1 on; E_0 = 1 is not among them.

    >>> alternation([1, -1, -1]).round(3)
    array([1.  , 0.8 , 0.62])
    """
    average, averages = 1.0, []
    for cosine in np.asarray(cosines, float):
        average += (cosine - average) / MEMORY
        averages.append(average)
    return np.array(averages)
