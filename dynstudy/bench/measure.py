"""How something is measured, and how it is told: settings, speeds, rows of all rounds."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from dynstudy.bench.words import PEERS, Device
from dynstudy.config import MAX_WIDTH
from dynstudy.errors import BenchError, nearest

Say = Callable[[str], None]
"""Tells a person what is being measured."""

FIRST_STEPS = 10


def last_line(stderr: str) -> str:
    """Why a process failed, in one line, as far as what it wrote tells."""
    return (stderr.strip().splitlines() or ["no message"])[-1]


@dataclass(frozen=True)
class Settings:
    """One run of the benchmark."""

    widths: tuple[int, ...] = (20, 100, 500)
    rounds: int = 3
    backends: tuple[str, ...] | None = None  # None: all that this machine has
    peers: tuple[str, ...] = PEERS
    seconds: float = 1.0  # about how long a competitor is measured for in a round
    device: Device = Device.cpu
    digits: bool = False  # the digits of scikit-learn as well

    def __post_init__(self) -> None:
        for width in self.widths:
            if not 1 <= width <= MAX_WIDTH:
                raise BenchError(f"--widths: {width} must be from 1 to {MAX_WIDTH}")
        if not 0 < self.seconds <= 3600:  # nor is nan
            raise BenchError(f"--seconds {self.seconds:g}: must be above 0 and at most 3600")
        for name in self.peers:
            if name not in PEERS:
                raise BenchError(
                    f"--peers: {name!r} is not one of {', '.join(PEERS)}{nearest(name, PEERS)}"
                )


@dataclass(frozen=True)
class Row:
    """One quantity, measured once in every round."""

    measurement: str  # which kind, as "engine"
    quantity: str  # "cpu / loop" for a ratio
    width: int | None  # hidden units, where it is about one width
    unit: str  # "ratio" and "share" are relative, all others absolute
    median: float
    min: float
    max: float
    rounds: int

    @classmethod
    def of(
        cls,
        measurement: str,
        quantity: str,
        unit: str,
        values: Sequence[float],
        width: int | None = None,
    ) -> Self:
        """Sum up the values of all rounds."""
        middle = statistics.median(values)
        return cls(
            measurement, quantity, width, unit, middle, min(values), max(values), len(values)
        )

    @property
    def relative(self) -> bool:
        """Whether it compares things that were measured side by side."""
        return self.unit in {"ratio", "share"}


@dataclass(frozen=True)
class Measurement:
    """What one kind of measurement found."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left out, and how it was done


class Speed:
    """How many units of work `run` does in a second, `work` of them in a step; looks for `seconds`.

    `run` has done the steps when it returns, and is always asked for a multiple of `grain`.
    """

    def __init__(
        self, run: Callable[[int], object], work: float, seconds: float, grain: int = FIRST_STEPS
    ) -> None:
        self.run, self.work, self.grain, self.seconds = run, work, grain, seconds
        self.steps, self.settled = grain, seconds == 0  # where one call is all that is asked for

    def measure(self) -> float:
        """Measure once; a call that was too short to trust is repeated with more steps."""
        while True:
            began = time.perf_counter()
            self.run(self.steps)
            elapsed = max(time.perf_counter() - began, 1e-9)
            if elapsed >= self.seconds / 2:
                if self.settled:
                    return self.work * self.steps / elapsed
                self.settled = True  # it may have taken so long to load something: once more
                continue
            factor = min(20.0, max(2.0, self.seconds / elapsed))
            self.steps = self.grain * max(1, round(self.steps * factor / self.grain))
