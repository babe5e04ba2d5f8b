"""What is read of the networks of one cell while they train, as arrays.

R networks, M steps, C classes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynstudy.config import Protocol

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CellReadings:
    """The networks of one cell, read at some steps."""

    protocol: Protocol
    period: int | None  # T of the cells at whose steps they are looked at; None where at no cell's
    steps: tuple[int, ...]  # (M,) ascending
    correct: Array  # (R, M, C) training points of each class classified right, nan where not read
    validation_correct: Array  # (R, M, C) likewise
    diverged: NDArray[np.bool_]  # (R,) whether a loss or a parameter stopped being finite

    def at(self, steps: Iterable[int]) -> "CellReadings":
        """The same networks at K other steps, nan where they were not read."""
        place = {step: index for index, step in enumerate(self.steps)}
        wanted = tuple(int(step) for step in steps)
        places = [place.get(step, -1) for step in wanted]

        def pick(counts: Array) -> Array:
            unread = np.full_like(counts, np.nan, shape=(len(counts), 1, counts.shape[-1]))
            return np.concatenate([counts, unread], axis=1)[:, places]

        correct, validation_correct = pick(self.correct), pick(self.validation_correct)
        return CellReadings(
            self.protocol, self.period, wanted, correct, validation_correct, self.diverged
        )

    @property
    def train_accuracy(self) -> Array:
        """(R, M, C) accuracy on each class of the training set."""
        return self.correct / self.protocol.data.points_per_class

    @property
    def validation_accuracy(self) -> Array:
        """(R, M, C) accuracy on each class of the validation set."""
        return self.validation_correct / self.protocol.data.validation_points_per_class
