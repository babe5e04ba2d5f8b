"""The oscillations over which a network is read, and the step after which A = 1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynstudy.config import Configuration
from dynstudy.protocol import Protocol
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


def tail_start(protocol: Protocol, configuration: Configuration) -> int:
    """The step from which A = 1: after the last whole oscillation, 0 for a static loss."""
    if configuration.period is None:
        return 0
    steps = protocol.at(configuration.learning_rate).training_steps
    count = oscillations(steps, protocol.tail, configuration.period)
    return count * configuration.period


def forgetting_window(protocol: Protocol, period: int) -> Window:
    """Where forgetting of a period's cells is read: the last 3C oscillations, or all if fewer."""
    whole = oscillations(protocol.training_steps, protocol.tail, period)
    count = min(whole, CYCLES_READ * protocol.data.classes)
    return Window(whole - count, count, period)
