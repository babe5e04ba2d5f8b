"""The one training that every competitor does: the authors' spiral, DCE, plain gradient descent."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dynstudy.task.schedule import class_weights
from dynstudy.task.spiral import spiral
from dynstudy.train import Data, Ensemble, Parameters

CLASSES = 3
LOSS, RATE, PERIOD = "dce", 0.1, 100
CYCLE = CLASSES * PERIOD
"""After so many steps the class weights repeat."""


@dataclass(frozen=True)
class Problem:
    """Networks of one width that differ in their seed and amplitude."""

    width: int
    networks: int  # B
    points: int = 100  # of each class

    @cached_property
    def data(self) -> Data:
        """The points, for training and for validation."""
        x, y = spiral(self.points, CLASSES, 2.0, 0.2, seed=0)
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
        return Parameters.drawn(self.ensemble(1), CLASSES)

    def cycle(self, more: int = 0) -> NDArray[np.float32]:
        """Γ of each network at all steps of a cycle and `more` for slices: (CYCLE + more, B, C)."""
        # peers look their weights up: beside a step on a card, computing them takes long
        steps = np.arange(CYCLE + more)[:, None]
        return class_weights(steps, CLASSES, self._amplitudes, PERIOD).astype(np.float32)

    def flops_per_step(self) -> int:
        """26 per point and unit: 10 forward, 16 backward; softmax and recomputation not counted."""
        return 26 * CLASSES * self.points * self.width


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
