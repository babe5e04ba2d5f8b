"""The oscillations over which a network is read, and the step after which A = 1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynstudy.config import Configuration, Protocol
from dynstudy.task.schedule import oscillations

CYCLES_READ = 3


@dataclass(frozen=True)
class Window:
    """The oscillations that are read: `count` of them from oscillation `first` on."""

    first: int
    count: int
    period: int

    @property
    def middles(self) -> NDArray[np.int64]:
        """(count,) steps taken when the emphasised class's weight peaks."""
        return self.starts + self.period // 2

    @property
    def ends(self) -> NDArray[np.int64]:
        """(count,) steps taken when its turn is over."""
        return self.starts + self.period

    @property
    def starts(self) -> NDArray[np.int64]:
        """(count,) steps taken when its turn begins."""
        return (self.first + np.arange(self.count)) * self.period


def window(oscillations: int, period: int, classes: int) -> Window:
    """The last 3C of a training's oscillations, or all if there are fewer.

    Args:
        oscillations: how many whole ones the training has.
        period: T.
        classes: C.

    Returns:
        The oscillations to read.

    >>> window(oscillations=19, period=5000, classes=3).first
    10
    """
    count = min(oscillations, CYCLES_READ * classes)
    return Window(oscillations - count, count, period)


def tail_start(protocol: Protocol, configuration: Configuration) -> int:
    """The step from which A = 1: after the last whole oscillation, 0 for a static loss."""
    if configuration.period is None:
        return 0
    count = oscillations(protocol.steps, protocol.tail, configuration.period)
    return count * configuration.period


def forgetting_window(protocol: Protocol, period: int) -> Window:
    """The oscillations over which forgetting is read, of a period's cells and their baseline."""
    count = oscillations(protocol.steps, protocol.tail, period)
    return window(count, period, protocol.data.classes)
