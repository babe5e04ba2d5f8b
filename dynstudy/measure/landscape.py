"""What figure 2 of the paper reads of one network: every step, onsets, and the loss about it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.arrays import Array


@dataclass(frozen=True)
class LandscapeSlice:
    """F_k(θ_k + a v1 + b v2): the loss of step k about the network, its class weights held.

    v1 and v2 are the eigenvectors, of length 1, of the largest eigenvalues of its Hessian. Where
    the network goes next is projected on them: a_j = (θ_{k+j} - θ_k)·v1, and b_j likewise.
    """

    step: int  # k
    eigenvalues: Array  # (2,) λ1, λ2
    along_1: Array  # (n,) a
    along_2: Array  # (m,) b
    losses: Array  # (m, n)
    cut: Array  # (n,) F_k(θ_k + a v1)
    path: Array  # (J + 1, 2) a_j and b_j, from j = 0 on
    path_losses: Array  # (J + 1,) F_k(θ_{k+j}): not on the slice, which they have left


@dataclass(frozen=True)
class FirstOscillations:
    """One network from its first step on, read at every step.

    The columns of `steps`: ``step`` (steps taken), ``loss`` (F_k before that step),
    ``train_accuracy``, ``gamma_0``, ... (Γ of the step), and ``lambda_1`` and ``lambda_2``, nan
    where they were not read.
    """

    steps: pd.DataFrame
    onsets: tuple[int, ...]  # of instabilities, the first few
    onsets_seen: int  # in all
    period: int
    oscillations: int  # that are shown, and a little beyond
    learning_rate: float
    slices: tuple[LandscapeSlice, ...]

    @property
    def last_switch(self) -> int:
        """The step at which the next class's turn begins after them."""
        return self.oscillations * self.period

    @property
    def eigenvalues_read(self) -> int:
        """At how many steps."""
        return int(self.steps.lambda_1.notna().sum())

    def table(self) -> pd.DataFrame:
        """Return everything in one table: ``part`` says of what a row is.

        ``step`` rows are those of `steps`; an ``onset`` row has its step alone. ``path`` rows have
        ``j``, ``a``, ``b`` and the loss that step `step` descends at the network's position j steps
        later; ``slice`` rows have ``a``, ``b`` and that loss on the plane, ``cut`` rows ``a`` and
        that loss along v1 alone. Numbers have six digits.
        """
        onsets = pd.DataFrame({"part": "onset", "step": list(self.onsets)})
        parts = [self.steps.assign(part="step"), onsets]
        for each in self.slices:
            rows: dict[str, Any] = {"part": "path", "step": each.step, "j": range(len(each.path))}
            a, b = each.path.T
            parts.append(pd.DataFrame(rows | {"a": a, "b": b, "loss": each.path_losses}))
            rows = {"part": "cut", "step": each.step, "a": each.along_1}
            parts.append(pd.DataFrame(rows | {"loss": each.cut}))
            a, b = (grid.ravel() for grid in np.meshgrid(each.along_1, each.along_2))
            rows = {"part": "slice", "step": each.step, "a": a, "b": b}
            parts.append(pd.DataFrame(rows | {"loss": each.losses.ravel()}))
        table = pd.concat(parts, ignore_index=True)
        first = ["part", "step", "j", "a", "b"]
        table = table[[*first, *(name for name in table if name not in first)]]
        numbers = table.columns.drop(["part", "step", "j"])
        rounded = {name: [float(f"{value:.6g}") for value in table[name]] for name in numbers}
        return table.assign(**rounded).astype({"j": "Int64"})
