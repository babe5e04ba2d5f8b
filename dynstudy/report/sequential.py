"""Replicates in rounds: which cells are settled, with error rates that hold though one looks often.

A cell is looked at with its first 6, 9, 14, ... replicates, and gets no more once it is settled. Of
each of its tests we keep the smallest p_k / w_k of the looks k so far, with weights w_k > 0 of sum
1: a p-value again whenever one stops, by Bonferroni's inequality over the looks. This is a
group-sequential test that spends w_k of its level at look k (Pocock 1977; Lan & DeMets 1983), and
its p-value is always valid (Johari, Koomen, Pekelis & Walsh 2022). It can only fall as replicates
come in, and a rejection of Benjamini & Hochberg's can only be joined by others as p-values fall:
what is settled stays settled.

Pure: outcomes in order of the seeds give the same looks while a map is run and whenever it is read.
"""

from collections.abc import Callable, Sequence

import numpy as np

from dynstudy.report.evidence import Compared, Evidence, Indices
from dynstudy.report.regimes import LEVEL, Array, false_discovery_q_values


def weights(looks: Sequence[int]) -> Array:
    """The share of the level that each look may spend (L,), in proportion to √n.

    Later looks decide more closely; equal weights use as many networks and decide fewer cells like
    a map of as many replicates everywhere (docs/numbers.md).

    Args:
        looks: numbers of replicates, ascending.

    Returns:
        Numbers above 0 of sum 1.

    >>> weights([1, 4, 9]).round(3)
    array([0.167, 0.333, 0.5  ])
    """
    roots = np.sqrt(np.asarray(looks, float))
    return roots / roots.sum()


class Replay:
    """The looks at one family of cells, one after the other.

    Args:
        indices: (K,) of its cells.
        looks: numbers of replicates, ascending.
    """

    def __init__(self, indices: Indices, looks: Sequence[int]) -> None:
        count = len(indices)
        self.indices, self.looks, self.weights = indices, tuple(looks), weights(looks)
        self.taken = 0  # looks
        self.looked = np.zeros(count, np.int64)  # replicates of each cell's last look
        self.going = np.ones(count, bool)  # whether it needs more of them
        self.spent = np.ones(count)  # weight of its last look
        one, undefined = np.ones(count), np.zeros(count, np.int64)
        self.evidence = Evidence(np.zeros(count), one, one, one, one, undefined)  # corrected

    @property
    def planned(self) -> Indices:
        """(K,) replicates that each cell is to have before its next look, or has for good."""
        following = self.looks[min(self.taken, len(self.looks) - 1)]
        return np.where(self.going, following, self.looked)

    @property
    def confidence(self) -> Array:
        """(K,) of the interval at its last look, for all intervals of its looks to hold at 95 %."""
        return 1 - LEVEL * self.spent

    def look(self, tests: Callable[[Indices, int], Evidence]) -> None:
        """Look at the cells that are going on, with their next number of replicates.

        Args:
            tests: what gives the evidence of some cells with so many of their first replicates.
        """
        size, weight = self.looks[self.taken], self.weights[self.taken]
        going = np.flatnonzero(self.going)
        self.evidence = self._joined(tests(self.indices[going], size), going, weight)
        self.taken += 1
        self.looked[going], self.spent[going] = size, weight
        self.going[going] = self.taken < len(self.looks)
        self.going &= ~self.settled()

    def settled(self) -> np.ndarray:
        """(K,) whether a cell is useful, harmful or neutral, and is known to forget or not."""
        found = self.evidence
        regime = (false_discovery_q_values(found.differs) <= LEVEL) | (found.equivalent <= LEVEL)
        forgets = false_discovery_q_values(found.forgets) <= LEVEL
        return regime & (forgets | (found.retains <= LEVEL) | np.isnan(found.forgets))

    def _joined(self, new: Evidence, going: Indices, weight: float) -> Evidence:
        """What is known after a look: the smallest corrected p-values, and the gain of theirs."""
        old = self.evidence
        differs = np.fmin(old.differs[going], new.differs / weight)
        # Not forgetting is what a cell is taken for in any case. To stop for it early costs power
        # and no error rate, so nothing of the level is spent on it.
        retains = np.fmin(old.retains[going], new.retains)
        forgets = np.fmin(old.forgets[going], new.forgets / weight)
        known = np.maximum(old.forgetting_known[going], new.forgetting_known)
        if self.taken == 0:  # the family of tests is that of the first look, for q to only fall
            forgets = np.where(known > 0, forgets, np.nan)
        forgets = np.where(np.isnan(old.forgets[going]), np.nan, forgets)
        stronger = differs < old.differs[going]

        def put(values: np.ndarray, some: np.ndarray) -> np.ndarray:
            values = values.copy()
            values[going] = some
            return values

        return Evidence(
            put(old.gain, np.where(stronger, new.gain, old.gain[going])),
            put(old.differs, differs),
            put(old.equivalent, np.fmin(old.equivalent[going], new.equivalent / weight)),
            put(old.forgets, forgets),
            put(old.retains, retains),
            put(old.forgetting_known, known),
        )


def replayed(compared: Compared, looks: Sequence[int], baseline_size: int) -> list[Replay]:
    """Take all looks that the ledger's replicates allow, as they were taken when they came in.

    Args:
        compared: cells with all their replicates.
        looks: numbers of replicates, ascending.
        baseline_size: replicates of a whole baseline; before it is whole, nothing is looked at.

    Returns:
        The looks at each of its families.
    """
    replays = [Replay(own, looks) for own in compared.families]
    unbroken = np.array([sample.unbroken for sample in compared.samples])
    for taken, size in enumerate(looks):  # not family by family: a size shares its random splits
        for replay in replays:
            going = replay.indices[replay.going]
            whole = (compared.baseline_sizes(going) == baseline_size).all()
            if replay.taken == taken and len(going) and whole and (unbroken[going] >= size).all():
                replay.look(compared.tests)
    return replays


def narrowed(compared: Compared, replays: Sequence[Replay]) -> Compared:
    """Cells with the replicates that count: those their looks saw, and no more of the ledger's.

    Before the first look, the first round's replicates are shown as they come in.

    Args:
        compared: cells with all their replicates.
        replays: the looks at each of its families.

    Returns:
        Them with the seeds that were asked for, and the replicates that were looked at.
    """
    planned: dict[int, int] = {}
    seen: dict[int, int] = {}
    for replay in replays:
        planned |= zip(replay.indices.tolist(), replay.planned.tolist(), strict=True)
        looked = np.where(replay.looked > 0, replay.looked, replay.looks[0])
        seen |= zip(replay.indices.tolist(), looked.tolist(), strict=True)
    return compared.narrowed(planned, seen)
