"""The words of a study: configuration, replicate, cell; their limits, and those of tests.

A *configuration* is what one cell of a map (or one trial of a search) fixes, and a *replicate* is
one network: a configuration and a seed. What all networks of a study share is its protocol.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator

from dynstudy.errors import either
from dynstudy.task.losses import LOSSES

MAX_AMPLITUDE = 1e9
MAX_PERIOD = 10**9
MAX_WIDTH = 10_000
MIN_LEARNING_RATE = 1e-9
MAX_LEARNING_RATE = 1e6
MAX_NOISE = 100.0
MAX_REPLICATES = 100_000

EQUIVALENCE = 0.02
"""A gain in accuracy is neutral when it is shown to lie within plus or minus this."""

FEWEST = 6
"""With fewer replicates a cell is not tested."""


def _registered(name: str) -> str:
    if name not in LOSSES:
        raise ValueError(f"must be {either(map(repr, LOSSES))}")
    return name


LossName = Annotated[str, AfterValidator(_registered)]


SYMBOLS = {"amplitude": "A", "period": "T", "learning_rate": "η"}
"""Of what an axis may be of, where there is no room for its name."""


def place_name(amplitude: float, period: float) -> str:
    """Return where a cell is in a panel of a map, said so everywhere.

    >>> place_name(37.60603093, 1000.0)
    'A = 37.606, T = 1000'
    """
    return f"A = {amplitude:g}, T = {int(period)}"


def cell_name(cell: Any) -> str:
    """Return what a cell is called everywhere, of its configuration or of a row that has it.

    >>> cell_name(Configuration("dce", 20, 0.1, 30.0, 100))
    'dce, width 20, learning rate 0.1, A = 30, T = 100'
    """
    panel = f"{cell.loss}, width {cell.width}, learning rate {cell.learning_rate:g}"
    noise = getattr(cell, "noise", None)
    if noise is not None and not math.isnan(noise):
        panel += f", noise {noise:g}"
    static = cell.amplitude is None or math.isnan(cell.amplitude)
    return panel if static else f"{panel}, {place_name(cell.amplitude, cell.period)}"


@dataclass(frozen=True, order=True)
class Configuration:
    """What one cell fixes; amplitude and period are ``None`` for a static loss.

    So is the noise, of the spirals that it is trained and read on, where it is their protocol's.
    """

    loss: str
    width: int
    learning_rate: float
    amplitude: float | None = None
    period: int | None = None
    noise: float | None = None

    def __post_init__(self) -> None:
        # A = 1 is the static loss, so it has one name only: ledger, cells and reports agree on it.
        loss = LOSSES[self.loss]
        if self.amplitude is None or self.amplitude == 1 or not loss.dynamical:
            object.__setattr__(self, "loss", loss.static)
            object.__setattr__(self, "amplitude", None)
            object.__setattr__(self, "period", None)

    @property
    def static(self) -> bool:
        """Whether the loss does not change during training."""
        return self.amplitude is None

    def baseline(self) -> Self:
        """The static configuration that this one is judged against.

        Returns:
            The same width, learning rate and noise with the static loss of the family.

        >>> print(Configuration("dmse2", 20, 0.1, amplitude=10, period=100).baseline())
        mse, width 20, learning rate 0.1
        """
        return type(self)(self.loss, self.width, self.learning_rate, noise=self.noise)

    def __str__(self) -> str:
        return cell_name(self)


@dataclass(frozen=True, order=True)
class Replicate:
    """One network."""

    configuration: Configuration
    seed: int


@dataclass(frozen=True)
class Cell:
    """A configuration of a map, its replicates, and when they are read."""

    configuration: Configuration
    seeds: range  # of its replicates
    reads: tuple[int, ...]  # ascending steps

    @property
    def steps(self) -> int:
        """Of the training of each, after which it is read in any case."""
        return self.reads[-1]

    @property
    def replicates(self) -> int:
        """How many networks it has."""
        return len(self.seeds)
