"""The training that every competitor does: DCE by plain gradient descent, of spirals or digits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from dynstudy.task.data.scikit import SklearnData
from dynstudy.task.schedule import class_weights
from dynstudy.task.spiral import spiral
from dynstudy.train import Data, Ensemble, Parameters

CLASSES = 3
LOSS, RATE, PERIOD = "dce", 0.1, 100
CYCLE = CLASSES * PERIOD
"""After so many steps the class weights of the spiral's repeat."""


@dataclass(frozen=True)
class Problem:
    """Networks of one width that differ in their seed and amplitude, and the authors' spiral."""

    name: ClassVar[str] = ""  # where it is to be told from the spiral
    classes: ClassVar[int] = CLASSES
    width: int
    networks: int  # B
    points: int = 100  # of each class

    @cached_property
    def data(self) -> Data:
        """The points, for training and for validation."""
        x, y = spiral(self.points, self.classes, 2.0, 0.2, seed=0)
        return Data(x[None], y, x, y)

    def ensemble(self, steps: int) -> Ensemble:
        """The networks as dynstudy's engine takes them."""
        return Ensemble.of(
            LOSS,
            steps,
            width=self.width,
            learning_rate=RATE,
            amplitude=self._amplitudes.tolist(),
            period=PERIOD,
            seed=range(self.networks),
        )

    @property
    def _amplitudes(self) -> NDArray[np.float64]:
        return np.geomspace(3, 30, self.networks)

    def initial(self) -> Parameters:
        """The parameters before the first step."""
        return Parameters.drawn(self.ensemble(1), self.classes, self.data.features)

    @property
    def cycle_steps(self) -> int:
        """After so many steps the class weights repeat."""
        return self.classes * PERIOD

    def cycle(self, more: int = 0) -> NDArray[np.float32]:
        """Γ of each network at all steps of a cycle and `more` for slices: (steps, B, C)."""
        # peers look their weights up: beside a step on a card, computing them takes long
        steps = np.arange(self.cycle_steps + more)[:, None]
        return class_weights(steps, self.classes, self._amplitudes, PERIOD).astype(np.float32)

    def flops_per_step(self) -> int:
        """Return 4F + 6C per point and unit, 26 of a spiral: 2F + 2C forward, 2F + 4C backward.

        Softmax and recomputation are not counted.
        """
        features, points = self.data.features, len(self.data.y)
        return (4 * features + 6 * self.classes) * points * self.width


@dataclass(frozen=True)
class Digits(Problem):
    """The same on the digits of scikit-learn: 64 inputs, 10 classes, 1258 points."""

    name: ClassVar[str] = "digits"
    classes: ClassVar[int] = 10

    @cached_property
    def data(self) -> Data:
        """The points, for training and for validation."""
        return Data(*SklearnData(kind="sklearn", name="digits").points([0]))


DIGITS_WIDTH = 32
"""Hidden units of the networks that are trained on digits."""


class Peer(Protocol):
    """Trains the networks of a problem; constructed, it has taken no step."""

    problem: Problem
    grain: int  # it likes to take a multiple of so many steps at once

    def advance(self, steps: int) -> None:
        """Take so many steps more, and be done with them."""

    def parameters(self) -> Parameters:
        """The parameters as they are now."""


MakePeer = Callable[[Problem, str], Peer]
"""From a problem and a device."""
