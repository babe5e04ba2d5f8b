"""What is read of the Hessian of the loss along training: its leading eigenvalues.

H(k) is the Hessian of the loss F_k that step k descends, with the class weights Γ(k), at the
parameters before that step, in all of them: I - ηH(k) is the step's Jacobian, and a static loss is
stable in a direction as long as its eigenvalue is below 2/η (section IV of arXiv:2410.10690).
*Largest* and *smallest* are algebraic: just after a switch of class at a large amplitude, the
smallest eigenvalue is as large in magnitude as the largest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Ints
from dynstudy.train.ensemble import OfNetworks, Parameters

MOST_PRODUCTS = 200
"""Of a Hessian with a vector, for one network at one step; 7 to 12 are usual."""

DIFFERENCE = 0.03
"""ε of the finite difference [∇F(θ + εv1) - ∇F(θ - εv1)]·v1 / 2ε, whose mean curvature along v1
sees what the Hessian at θ misses: the kinks of ReLU that lie within ε."""


@dataclass(frozen=True)
class Curvature:
    """Which eigenvalues are read, when, and how well.

    Raises:
        ValueError: steps that do not ascend from 0, no eigenvalue, a tolerance that is not between
            0 and 1.
    """

    steps: tuple[int, ...] = ()  # (R,) before which they are read, ascending
    largest: int = 2  # how many of the largest eigenvalues
    smallest: int = 0  # and of the smallest
    tolerance: float = 1e-3
    """Of a residual |Hv - λv|, in units of the largest magnitude of an eigenvalue."""
    climbs: bool = False  # count uphill steps, by `dynstudy.train.climbs`
    onsets: bool = False  # watch for instabilities, by `dynstudy.train.alternation`
    until_onset: bool = False
    """End a network's training with its first; what would be read later is read then."""
    multipliers: tuple[int, ...] = ()
    """(F,) before which the multiplier of `dynstudy.train.floquet` is read, ascending."""
    loss_steps: tuple[int, ...] = ()  # (L,) before which the sum of F_k so far is read, ascending

    def __post_init__(self) -> None:
        """Refuse what cannot be read."""
        for steps in (self.steps, self.multipliers, self.loss_steps):
            if list(steps) != sorted({step for step in steps if step >= 0}):
                raise ValueError("steps of curvature must ascend from 0, each once")
        if self.largest < 0 or self.smallest < 0 or not self.count:
            raise ValueError("at least one eigenvalue must be read, and none fewer than 0 times")
        if self.until_onset and not self.onsets:
            raise ValueError("until_onset needs onsets, which are not watched for")
        if not 0 < self.tolerance < 1:
            raise ValueError(f"tolerance {self.tolerance:g} must be between 0 and 1")

    @property
    def count(self) -> int:
        """n: eigenvalues of a network at a step."""
        return self.largest + self.smallest


AT_ONSET = Curvature(largest=1, tolerance=1e-5)
"""What is read at the first onset of an instability: λ1, and v1 for the finite difference."""


@dataclass(frozen=True)
class Eigenpairs(OfNetworks):
    """Eigenvalues and eigenvectors of B networks at one step: the largest, then the smallest.

    Both descend. nan for a network that does not run, that has no more of them, or whose Hessian is
    beyond what its numbers can hold.
    """

    values: NDArray[np.float64]  # (B, n)
    residuals: NDArray[np.float64]  # (B, n) |Hv - λv|: some eigenvalue is no further from λ
    vectors: Parameters  # of length 1, an axis n after the first, zero beyond a network's width
    products: Ints  # (B,) of the Hessian with a vector
