"""The one training that every competitor does: the authors' spiral, DCE, plain gradient descent."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dynstudy.task.schedule import class_weights
from dynstudy.task.spiral import spiral
from dynstudy.train import Data, Ensemble, Parameters, train

CLASSES = 3
POINTS = 100 * CLASSES
LOSS, RATE, PERIOD = "dce", 0.1, 100


@dataclass(frozen=True)
class Problem:
    """Networks of one width that differ in their seed and amplitude."""

    width: int
    networks: int  # B

    @cached_property
    def data(self) -> Data:
        """The 300 points, for training and for validation."""
        x, y = spiral(POINTS // CLASSES, CLASSES, 2.0, 0.2, seed=0)
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

    def class_weights(self, step: int, count: int) -> NDArray[np.float32]:
        """Γ of each network at `count` steps from `step` on: (count, B, C)."""
        steps = np.arange(step, step + count)[:, None]
        return class_weights(steps, CLASSES, self._amplitudes, PERIOD).astype(np.float32)

    def flops_per_step(self) -> int:
        """26 per point and unit: 10 forward, 16 backward; softmax and recomputation not counted."""
        return 26 * POINTS * self.width


def own_backend(backend: str, problem: Problem) -> Callable[[int], object]:
    """One call of `dynstudy.train.train` for so many steps."""

    def run(steps: int) -> None:
        train(problem.ensemble(steps), problem.data, backend=backend, checkpoints=[steps])

    return run


class Peer(Protocol):
    """Trains the networks of a problem; constructed, it has taken no step."""

    problem: Problem
    grain: int  # it likes to take a multiple of so many steps at once

    def advance(self, steps: int) -> None:
        """Take so many steps more."""

    def parameters(self) -> Parameters:
        """The parameters as they are now."""


MakePeer = Callable[[Problem], Peer]
