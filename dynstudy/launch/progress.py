"""How far a launch is, and what it did."""

import math
import time
from dataclasses import dataclass, field


@dataclass
class Progress:
    """How far a launch is, for whoever shows it."""

    networks: int = 0  # to train in all, as far as is known
    work: float = 0.0  # in units x steps, which is what takes time
    done: int = 0  # networks
    work_done: float = 0.0
    steps_done: float = 0.0  # network-steps
    stage: str = ""  # of a launch that has several, whose sizes are not known before
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
        """Estimated from the work done so far; nan before any was."""
        if not self.work_done:
            return math.nan
        return (time.monotonic() - self.began) * (self.work / self.work_done - 1)


@dataclass(frozen=True)
class Summary:
    """What a launch did."""

    study: str
    cells: int  # of the study
    trained: int  # networks
    reused: int  # networks that the ledger had
    diverged: int  # of those trained
    seconds: float
    interrupted: bool
    abandoned: bool  # the training thread could not be stopped and ends with the process
