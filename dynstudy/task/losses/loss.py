"""A loss as a value: what a study file, the engine, the ledger and the pictures know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dynstudy.arrays import Array, Ints

if TYPE_CHECKING:
    from torch import Tensor

CROSS_ENTROPY, WEIGHTED_SQUARES, WEIGHTED_TARGETS = range(3)
"""The equations that the fused kernels know, 2 to 4 of arXiv:2410.10690."""

LONGEST_NAME = 16
"""Of a loss, as wide as the ledger's column."""


@dataclass(frozen=True)
class Loss:
    """One loss; its function imports PyTorch when it is called, so that its name costs nothing.

    Raises:
        ValueError: its name is too long for the ledger.
    """

    name: str  # in study files, the ledger and Optuna's trials
    static: str  # the loss that it is at A = 1, which has no period; its own name where static
    equation: str  # as documented, with its number in arXiv:2410.10690
    weighted: "Callable[[Tensor, Tensor, Tensor], Tensor]"
    """From f (..., P, C), classes (P,) and Γ (..., C) to the loss (...)."""
    fused: int | None = None  # which equation of the fused kernels it is, if any
    of_points: Callable[[Array, Ints], Array] | None = None
    """Of a static loss, in NumPy: from f (P, C) and classes (P,) to each point's loss (P,)."""

    def __post_init__(self) -> None:
        if len(self.name) > LONGEST_NAME:
            raise ValueError(f"loss {self.name!r}: a name has at most {LONGEST_NAME} characters")

    @property
    def dynamical(self) -> bool:
        """Whether amplitude and period matter to it."""
        return self.name != self.static

    def per_class(self, output: Array, y: Ints, classes: int) -> Array:
        """Return a static loss's means (C,) over each class's points, from f (P, C) and y (P,).

        >>> from dynstudy.task.losses import LOSSES
        >>> LOSSES["mse"].per_class(np.eye(2), np.array([0, 1]), 2)
        array([0., 0.])
        """
        assert self.of_points is not None  # as it is static
        return np.bincount(y, self.of_points(output, y), classes) / np.bincount(
            y, minlength=classes
        )
