"""What to measure, and how long."""

import math
from dataclasses import dataclass

from dynstudy.bench.words import Device
from dynstudy.config import MAX_WIDTH
from dynstudy.errors import BenchError, nearest

PEERS = ("loop", "bmm", "graph", "compile", "jax")


@dataclass(frozen=True)
class Settings:
    """One run of the benchmark."""

    widths: tuple[int, ...] = (20, 100, 500)
    rounds: int = 3
    backends: tuple[str, ...] | None = None  # None: all that this machine has
    peers: tuple[str, ...] = PEERS
    seconds: float = 1.0  # about how long a competitor is measured for in a round
    device: Device = Device.cpu

    def __post_init__(self) -> None:
        for width in self.widths:
            if not 1 <= width <= MAX_WIDTH:
                raise BenchError(f"--widths: {width} must be from 1 to {MAX_WIDTH}")
        if not 0 < self.seconds <= 3600 or not math.isfinite(self.seconds):
            raise BenchError(f"--seconds {self.seconds:g}: must be above 0 and at most 3600")
        for name in self.peers:
            if name not in PEERS:
                raise BenchError(
                    f"--peers: {name!r} is not one of {', '.join(PEERS)}{nearest(name, PEERS)}"
                )
