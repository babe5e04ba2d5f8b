"""What a cell is called: the labels of a map, from the tests of its cells."""

from dataclasses import dataclass

import numpy as np

from dynstudy.arrays import Array, Ints
from dynstudy.config import FEWEST
from dynstudy.statistics.cell_tests import Evidence
from dynstudy.statistics.two_samples import LEVEL, false_discovery_q_values

USEFUL, HARMFUL, NEUTRAL, UNSETTLED = "useful", "harmful", "neutral", "unsettled"
UNTESTED, DIVERGED, MISSING, BASELINE = "untested", "diverged", "missing", "baseline"


@dataclass(frozen=True)
class Labels:
    """What K cells are called, and the tests that say so."""

    regimes: list[str]  # (K,)
    forgets: list[bool | None]  # (K,) None where that is not tested
    p_values: Array  # (K,) of a gain of 0, nan where that is not tested
    q_values: Array  # (K,) adjusted over the family


def label(evidence: Evidence, sizes: Ints, baseline_sizes: Ints | int) -> Labels:
    """Return what the cells of one family are called, by so many replicates of each (K,).

    useful or harmful where the gain is significant, neutral where it is shown to be within ±0.02,
    unsettled otherwise, untested with fewer than 6 replicates, of a cell or its static loss; and
    which forget significantly more than 0.4.
    """
    enough = (sizes >= FEWEST) & (baseline_sizes >= FEWEST)
    p_values = np.where(enough, evidence.differs, np.nan)
    q_values = false_discovery_q_values(p_values)
    regimes = np.full(len(sizes), UNSETTLED, dtype=object)
    regimes[evidence.equivalent <= LEVEL] = NEUTRAL
    regimes[(q_values <= LEVEL) & (evidence.gain > 0)] = USEFUL
    regimes[(q_values <= LEVEL) & (evidence.gain < 0)] = HARMFUL
    regimes[~enough] = UNTESTED
    forgets = false_discovery_q_values(np.where(sizes > 0, evidence.forgets, np.nan))
    said = [None if np.isnan(q_value) else bool(q_value <= LEVEL) for q_value in forgets]
    return Labels(regimes.tolist(), said, p_values, q_values)
