"""How far a launch is, counted over all that train for it."""

import math
import statistics
import time
from dataclasses import dataclass, field

MEASURED_FROM = 0.01
"""Of the work: before that, the time is that of compiling."""

SLOW = 0.8
"""Of the median speed: a worker below it is named."""


@dataclass
class Progress:
    """How far a launch is, for whoever shows it."""

    networks: int = 0  # to train in all, as far as is known
    work: float = 0.0  # in units x steps, which is what takes time
    done: int = 0  # networks
    work_done: float = 0.0
    steps_done: float = 0.0  # network-steps
    stage: str = ""  # of a launch that has several, whose sizes are not known before
    speeds: dict[str, float] = field(default_factory=dict)  # work/s of each worker, by its name
    began: float = field(default_factory=time.monotonic)

    def expect(self, networks: float, work: float) -> None:
        """Say how much there is still to do."""
        self.networks = self.done + round(networks)
        self.work = self.work_done + work

    @property
    def rate(self) -> float:
        """Network-steps per second."""
        return self.steps_done / max(time.monotonic() - self.began, 1e-9)

    @property
    def seconds_left(self) -> float:
        """Estimated from the work done so far; nan before a hundredth was, while it compiles."""
        if not self.work_done or self.work_done < MEASURED_FROM * self.work:
            return math.nan
        return (time.monotonic() - self.began) * (self.work / self.work_done - 1)

    @property
    def workers_said(self) -> str:
        """How many train, and which of them is slow; empty for one.

        >>> Progress(speeds={"a": 10.0, "b": 4.0, "c": 10.0}).workers_said
        '3 workers (b at 40% of their median speed)'
        """
        if len(self.speeds) < 2:
            return ""
        speeds = self.speeds.copy()  # another thread counts
        said = f"{len(speeds)} workers"
        slowest = min(speeds, key=speeds.__getitem__)
        share = speeds[slowest] / max(statistics.median(speeds.values()), 1e-9)
        return f"{said} ({slowest} at {share:.0%} of their median speed)" if share < SLOW else said
