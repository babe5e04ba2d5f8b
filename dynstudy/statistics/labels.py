"""What a cell is called: the labels of a map, from the tests of its cells."""

import numpy as np
from numpy.typing import NDArray

from dynstudy.measure.accuracy import FEWEST
from dynstudy.statistics.two_samples import LEVEL, Array

USEFUL, HARMFUL, NEUTRAL, UNSETTLED = "useful", "harmful", "neutral", "unsettled"


UNTESTED, DIVERGED, MISSING, BASELINE = "untested", "diverged", "missing", "baseline"


def label(
    gain: Array,
    q_values: Array,
    equivalence: Array,
    size: NDArray[np.int64],
    baseline_size: NDArray[np.int64] | int,
) -> list[str]:
    """The regime of each cell.

    Args:
        gain: (K,) cells minus their baseline; its sign is what matters.
        q_values: (K,) of the permutation tests, adjusted over the loss and width.
        equivalence: (K,) p-values of the gain not lying within ±0.02 (two one-sided tests).
        size: (K,) replicates of each cell.
        baseline_size: replicates of the baseline.

    Returns:
        useful or harmful where the gain is significant, neutral where it is shown to be within
        ±0.02, unsettled otherwise, untested with fewer than 6 replicates.
    """
    labels = np.full(len(size), UNSETTLED, dtype=object)
    labels[equivalence <= LEVEL] = NEUTRAL
    labels[(q_values <= LEVEL) & (gain > 0)] = USEFUL
    labels[(q_values <= LEVEL) & (gain < 0)] = HARMFUL
    labels[(size < FEWEST) | (baseline_size < FEWEST)] = UNTESTED
    return labels.tolist()
