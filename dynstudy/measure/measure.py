"""What a measure is: a number of every network, from what is read of it while it trains.

R networks, M steps, C classes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array
from dynstudy.protocol import Protocol

POINTS = "points"
"""The column of a class's size, in tables of classes that differ in it."""


@dataclass(frozen=True, eq=False)
class CurvatureReadings:
    """What was read of the landscape under the networks of one cell; nan where it was not."""

    learning_rate: float  # η
    steps: tuple[int, ...]  # (K,) ascending
    largest: Array  # (R, K) λ1 before each
    onsets: Array  # (R,) of instabilities
    looked_at: Array  # (R,) steps of which it was seen whether they are uphill
    uphill: Array  # (R,) of them
    episodes: Array  # (R,) of them


@dataclass(frozen=True, eq=False)  # each is itself alone, as arrays are
class CellReadings:
    """The networks of one cell, read at some steps."""

    protocol: Protocol
    period: int | None  # T of the cells at whose steps they are looked at; None where at no cell's
    steps: tuple[int, ...]  # (M,) ascending
    correct: Array  # (R, M, C) training points of each class classified right, nan where not read
    validation_correct: Array  # (R, M, C) likewise
    diverged: NDArray[np.bool_]  # (R,) whether a loss or a parameter stopped being finite
    curvature: CurvatureReadings | None = None  # where any was read

    def at(self, steps: Iterable[int]) -> "CellReadings":
        """The same networks at K other steps, nan where they were not read."""
        index_of = {step: index for index, step in enumerate(self.steps)}
        wanted = tuple(int(step) for step in steps)
        read = [step in index_of for step in wanted]
        indices = [index_of[step] for step in wanted if step in index_of]

        def pick(counts: Array) -> Array:
            picked = np.full((len(counts), len(wanted), counts.shape[-1]), np.nan)
            picked[:, read] = counts[:, indices]
            return picked

        correct, validation_correct = pick(self.correct), pick(self.validation_correct)
        return replace(self, steps=wanted, correct=correct, validation_correct=validation_correct)

    @property
    def train_accuracy(self) -> Array:
        """(R, M, C) accuracy on each class of the training set."""
        return self.correct / self.protocol.data.training_points

    @property
    def validation_accuracy(self) -> Array:
        """(R, M, C) accuracy on each class of the validation set."""
        return self.validation_correct / self.protocol.data.validation_points


StepsOf = Callable[[Protocol, int | None], Iterable[int]]
"""The steps that a measure needs of a cell of period T, or of None where the loss is static."""


@dataclass(frozen=True)
class Measure:
    """One number of each network, and all that is said of it anywhere."""

    name: str  # of its column
    title: str  # in a sentence
    unit: str
    definition: str  # in one sentence
    steps: StepsOf
    of: Callable[[CellReadings], Array]
    """(R,) of the networks of a cell; nan where it is not defined."""
    net: bool = False  # whether a map takes off the static loss's, read at the same steps
    always: bool = False  # whether every network has it
    least: float = -1.0  # what a value may be at all, which is checked when it is read from SQL
    most: float = 1.0
    unbalanced: bool = False  # whether it says something only where classes differ in size
    series: str = ""
    """What it is of, if networks have that only where a study asks for it."""
