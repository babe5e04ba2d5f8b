"""Replicates in rounds: which cells are settled, with error rates that hold though one looks often.

A cell is looked at with its first 6, 9, 14, ... replicates, and gets no more once it is settled. Of
each of its tests we keep the smallest p_k / w_k of the looks k so far, with weights w_k > 0 of sum
1: a p-value again whenever one stops, by Bonferroni's inequality over the looks. This is a
group-sequential test that spends w_k of its level at look k (Pocock 1977; Lan & DeMets 1983), and
its p-value is always valid (Johari, Koomen, Pekelis & Walsh 2022). It can only fall as replicates
come in, and a rejection of Benjamini & Hochberg's can only be joined by others as p-values fall:
what is settled stays settled.

A cell also gets no more replicates where they would hardly settle it: where the predictive power
(Spiegelhalter, Freedman & Blackburn 1986) of what is open is below `HOPELESS`. It stays unsettled,
which is no claim, so that no error rate rises.

Pure: outcomes in order of the seeds give the same looks while a map is run and whenever it is read.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import stats

from dynstudy.arrays import Array, Ints
from dynstudy.statistics.cell_tests import CELL_TESTS, CellTests, Evidence
from dynstudy.statistics.compared_cells import ComparedCells
from dynstudy.statistics.two_samples import LEVEL, false_discovery_q_values

HOPELESS = 0.2
"""Probability of being settled at the last look below which replicates are not worth training."""


def weights(looks: Sequence[int]) -> Array:
    """Return the shares (L,) of the level that looks may spend, in proportion to √n, of sum 1.

    Later looks decide more closely; equal weights use as many networks and decide fewer cells like
    a map of as many replicates everywhere (docs/calibration.md).

    >>> weights([1, 4, 9]).round(3)
    array([0.167, 0.333, 0.5  ])
    """
    roots = np.sqrt(np.asarray(looks, float))
    return roots / roots.sum()


class FamilyLooks:
    """The looks at a family of K cells, one after the other: ascending numbers of replicates."""

    def __init__(self, indices: Ints, looks: Sequence[int]) -> None:
        count = len(indices)
        self.indices, self.looks, self.weights = indices, tuple(looks), weights(looks)
        self.taken = 0  # looks
        self.looked = np.zeros(count, np.int64)  # replicates of each cell's last look
        self.going = np.ones(count, bool)  # whether it needs more of them
        self.spent = np.ones(count)  # weight of its last look
        ones, undefined = np.ones(count), np.zeros(count, np.int64)
        self.evidence = Evidence(np.zeros(count), ones, ones, ones, ones, undefined)  # corrected

    @property
    def planned(self) -> Ints:
        """(K,) replicates that each cell is to have before its next look, or has for good."""
        following = self.looks[min(self.taken, len(self.looks) - 1)]
        return np.where(self.going, following, self.looked)

    @property
    def confidence(self) -> Array:
        """(K,) of the interval at its last look, for all intervals of its looks to hold at 95 %."""
        return 1 - LEVEL * self.spent

    def look(self, tests: Callable[[Ints, int], Evidence]) -> None:
        """Test the cells that are going on, with the next number of their first replicates."""
        size, weight = self.looks[self.taken], self.weights[self.taken]
        going = np.flatnonzero(self.going)
        new = tests(self.indices[going], size)
        self.evidence = self._joined(new, going, weight)
        self.taken += 1
        self.looked[going], self.spent[going] = size, weight
        self.going[going] = self.taken < len(self.looks)
        self.going &= ~self.settled()
        if self.taken < len(self.looks):
            self.going[going] &= ~self._hopeless(new, going)

    def settled(self) -> np.ndarray:
        """(K,) whether a cell is useful, harmful or neutral, and is known to forget or not."""
        regime, forgetting = self._decided()
        return regime & forgetting

    def _decided(self) -> tuple[np.ndarray, np.ndarray]:
        tests = self.evidence
        regime = (false_discovery_q_values(tests.differs) <= LEVEL) | (tests.equivalent <= LEVEL)
        forgets = false_discovery_q_values(tests.forgets) <= LEVEL
        return regime, forgets | (tests.retains <= LEVEL) | np.isnan(tests.forgets)

    def _hopeless(self, new: Evidence, going: Ints) -> np.ndarray:
        """Which of the cells that were looked at would hardly be decided at the last look."""
        more, last = self.looks[-1] / self.looks[self.taken - 1], self.weights[-1]
        differs = LEVEL * last * _share_to_join(self.evidence.differs)
        forgets = LEVEL * last * _share_to_join(self.evidence.forgets)
        regime = predictive_power(new.differs / 2, differs / 2, more)  # either side, that of now
        regime = regime + predictive_power(new.equivalent, LEVEL * last, more)
        forgetting = predictive_power(new.forgets, forgets, more)
        forgetting = forgetting + predictive_power(new.retains, LEVEL, more)
        settled = [decided[going] for decided in self._decided()]
        return (settled[0] | (regime < HOPELESS)) & (settled[1] | (forgetting < HOPELESS))

    def _joined(self, new: Evidence, going: Ints, weight: float) -> Evidence:
        """What is known after a look: the smallest corrected p-values, and the gain of theirs."""
        old = self.evidence
        differs = np.fmin(old.differs[going], new.differs / weight)
        # Not forgetting is what a cell is taken for in any case. To stop for it early costs power
        # and no error rate, so nothing of the level is spent on it.
        retains = np.fmin(old.retains[going], new.retains)
        forgets = np.fmin(old.forgets[going], new.forgets / weight)
        sizes = np.maximum(old.forgetting_sizes[going], new.forgetting_sizes)
        if self.taken == 0:  # the family of tests is that of the first look, for q to only fall
            forgets = np.where(sizes > 0, forgets, np.nan)
        forgets = np.where(np.isnan(old.forgets[going]), np.nan, forgets)
        stronger = differs < old.differs[going]

        def put(values: np.ndarray, of_going: np.ndarray) -> np.ndarray:
            values = values.copy()
            values[going] = of_going
            return values

        return Evidence(
            put(old.gain, np.where(stronger, new.gain, old.gain[going])),
            put(old.differs, differs),
            put(old.equivalent, np.fmin(old.equivalent[going], new.equivalent / weight)),
            put(old.forgets, forgets),
            put(old.retains, retains),
            put(old.forgetting_sizes, sizes),
        )


def predictive_power(p_values: Array, level: float, more: float) -> Array:
    """Return how probable it is that tests will be significant with more replicates.

    With known variance, z of N replicates given z of n is normal, with mean z √(N/n) and variance
    N/n - 1 (Spiegelhalter, Freedman & Blackburn 1986, a flat prior). The static loss's part of the
    error, which does not shrink, is taken to: that is optimistic, so fewer cells are given up.

    The p-values are of now, one-sided; nan gives nan. `level` is what they will have to reach,
    `more` is N/n, above 1.

    >>> predictive_power(np.array([0.5, 0.05, 0.001]), 0.025, 4.0).round(2)
    array([0.13, 0.78, 0.99])
    """
    z, wanted = stats.norm.isf(np.maximum(p_values, 1e-300)), stats.norm.isf(level)
    return np.asarray(stats.norm.sf((wanted - z * np.sqrt(more)) / np.sqrt(more - 1)))


def _share_to_join(p_values: Array) -> float:
    """The share of the level that Benjamini and Hochberg would give to one more rejection."""
    tested = int(np.isfinite(p_values).sum())
    rejected = int((false_discovery_q_values(p_values) <= LEVEL).sum())
    return min(rejected + 1, tested) / tested if tested else 1.0


def take_looks(
    compared: ComparedCells,
    looks: Sequence[int],
    baseline_size: int,
    tests: CellTests = CELL_TESTS,
) -> list[FamilyLooks]:
    """Return all looks that the ledger's replicates allow, as they were taken when they came in.

    Before a baseline is whole, with all its `baseline_size` replicates, nothing is looked at.
    """
    families = [FamilyLooks(indices, looks) for indices in compared.families]
    unbroken = np.array([sample.unbroken for sample in compared.samples])
    for taken, size in enumerate(looks):  # not family by family: a size shares its random splits
        for family in families:
            going = family.indices[family.going]
            whole = (compared.baseline_sizes(going) == baseline_size).all()
            if family.taken == taken and len(going) and whole and (unbroken[going] >= size).all():
                family.look(partial(compared.evidence, tests))
    return families


def cells_looked_at(compared: ComparedCells, families: Sequence[FamilyLooks]) -> ComparedCells:
    """Return cells with the seeds asked for and the replicates that count: those looked at.

    Before the first look, the first round's replicates are shown as they come in.
    """
    cells, samples = list(compared.cells), list(compared.samples)
    for family in families:
        seen = np.where(family.looked > 0, family.looked, family.looks[0])
        for index, count, size in zip(family.indices, family.planned, seen, strict=True):
            cells[index] = replace(cells[index], seeds=range(count))
            samples[index] = samples[index].below(size)
    return replace(compared, cells=cells, samples=samples)
