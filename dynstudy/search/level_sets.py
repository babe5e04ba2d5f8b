"""Where a quantity crosses a level: which places to measure next to settle on which side each is.

A place is *settled* where the 95 % band of the surface has no level in it. How far from settled it
is says the straddle score of Bryan et al. (2005), 1.96 s - |m - level|; LSE (Gotovos et al. 2013)
classifies by the same bands. Straddle measures where the score is largest. Here the next place is
the one that makes the sum of the scores over *all* places fall most, as far as one can tell before
it is measured: a measurement settles its neighbours too (compared with straddle itself in
docs/boundary.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array
from dynstudy.statistics.gaussian_process import GaussianProcess

CONFIDENT = 1.96  # standard deviations: 95 %
MOST_WATCHED = 512
"""Places whose score is summed: more would tell the same of where the boundary is."""

STRETCH = 5.0
"""The side of the cube that all axes are scaled to, in the units of `gaussian_process.LENGTHS`."""


@dataclass(frozen=True)
class Field:
    """One quantity and its levels, at the places that can be chosen."""

    surface: GaussianProcess
    levels: Array  # (L, G), infinite where there is nothing to settle
    variance: Array  # (G,) of the levels themselves, where they were measured

    def score(self, mean: Array, variance: Array) -> Array:
        """Return the straddle score, 0 where settled, in units of the quantity's spread.

        Of the surface's mean (G,) and variance, (G,) or (..., G), the shape of the score.
        """
        gap = np.abs(mean - self.levels).min(axis=0)
        error = np.sqrt(np.maximum(variance, 0.0) + self.variance)
        return np.maximum(CONFIDENT * error - gap, 0.0) / self.surface.spread

    def fall(self, places: Array, watched: NDArray[np.int64]) -> Array:
        """Return by how much the summed score falls if one place is measured, for each (G,).

        `places` are all that can be chosen (G, D), `watched` which of them are summed over (H,).
        """
        there = replace(self, levels=self.levels[:, watched], variance=self.variance[watched])
        mean, error = self.surface.at(places[watched])
        shared = self.surface.covariance(places, places[watched])
        measurement = self.surface.at(places)[1] ** 2 + np.median(self.surface.noise)
        before = there.score(mean, error**2)
        after = there.score(mean, error**2 - shared**2 / measurement[:, None])
        return (before - after).sum(axis=1)


def choose(
    fields: Sequence[Field], places: Array, taken: Sequence[int], count: int, pending: Array
) -> list[int]:
    """Return indices of `count` places to measure next, the most wanted first, or of all left.

    Of `places` (G, D) those whose indices are `taken` are not chosen any more; `pending` are others
    (N, D) that are being measured. The fields are known at the same scale of places.
    """
    fields = [replace(field, surface=field.surface.believing(pending)) for field in fields]
    left = np.setdiff1d(np.arange(len(places)), np.array(taken, int))
    chosen: list[int] = []
    while len(chosen) < count and len(left):
        watched = left[:: math.ceil(len(left) / MOST_WATCHED)]
        fall = sum((field.fall(places, watched)[left] for field in fields), np.zeros(len(left)))
        if not fall.max() > 0:  # all is settled: where least is known
            surfaces = [field.surface for field in fields]
            errors = [surface.at(places[left])[1] / surface.spread for surface in surfaces]
            fall = np.max(errors, axis=0)
        best = int(left[fall.argmax()])
        chosen.append(best)
        left = left[left != best]
        measured = places[[best]]
        fields = [replace(field, surface=field.surface.believing(measured)) for field in fields]
    return chosen


def spread_out(places: Array, near: Array, count: int, rng: np.random.Generator) -> list[int]:
    """Return indices of `count` places, or of all, each the farthest from all before it.

    Of `places` (G, D); those `near` (N, D), possibly none, are kept away from as well. `rng` draws
    the first one, and of several that are as far.
    """
    distance = np.full(len(places), np.inf)
    for neighbour in near:
        distance = np.minimum(distance, ((places - neighbour) ** 2).sum(axis=1))
    chosen: list[int] = []
    ties = rng.random(len(places)) * 1e-6
    for _ in range(min(count, len(places))):
        best = int(np.where(np.isinf(distance), ties, distance + ties).argmax())
        chosen.append(best)
        distance = np.minimum(distance, ((places - places[best]) ** 2).sum(axis=1))
        distance[chosen] = -1.0
    return chosen
