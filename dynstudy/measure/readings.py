"""When a network is read: the steps that its measures need."""

from functools import lru_cache

import numpy as np

from dynstudy.config import Configuration, Protocol
from dynstudy.measure.forgetting import Window, window
from dynstudy.task.schedule import oscillations


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


@lru_cache(maxsize=4096)  # cells of one period share theirs, however many there are
def reads(protocol: Protocol, periods: tuple[int, ...]) -> tuple[int, ...]:
    """The steps to read: middles and ends of the last oscillations of each period, and the end.

    The last end is also the step before the tail.

    Args:
        protocol: what gives the oscillations.
        periods: whose.

    Returns:
        Ascending numbers of steps.
    """
    steps = {protocol.steps}
    for period in periods:
        last = forgetting_window(protocol, period)
        steps.update(np.concatenate([last.middles, last.ends]).tolist())
    return tuple(sorted(steps))
