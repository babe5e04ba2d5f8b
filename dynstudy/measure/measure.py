"""What a measure is: a number that is read off every network."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dynstudy.config import Protocol
from dynstudy.measure.readings import Array, CellReadings


@dataclass(frozen=True)
class Measure:
    """One number of each network, and all that is said of it anywhere."""

    name: str  # of its column
    title: str  # in a sentence
    unit: str
    definition: str  # in one sentence
    steps: Callable[[Protocol, int | None], Iterable[int]]
    """The steps that it needs of a cell of period T, or of None where the loss is static."""
    of: Callable[[CellReadings], Array]
    """(R,) of the networks of a cell; nan where it is not defined."""
    net: bool = False  # whether a map takes off the static loss's, read at the same steps
    always: bool = False  # whether every network has it
