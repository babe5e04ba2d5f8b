"""What to measure, and how long."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dynstudy.config import MAX_WIDTH
from dynstudy.errors import BenchError, nearest

MEASUREMENTS = ("engine", "growth", "end_to_end", "reading", "kernel")
PEERS = ("loop", "bmm", "graph", "compile", "jax")
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Settings:
    """One run of the benchmark."""

    widths: tuple[int, ...] = (20, 100, 500)
    rounds: int = 3
    backends: tuple[str, ...] | None = None  # None: all that this machine has
    peers: tuple[str, ...] = PEERS
    measurements: tuple[str, ...] = MEASUREMENTS
    seconds: float = 1.0  # about how long a competitor is measured for in a round
    map_cells: int = 200  # of the map that is trained
    map_steps: int = 30_000  # of each of its networks
    read_cells: int = 10_000  # of the map that is only read
    scale_steps: int = 1000  # of each network, where the number of steps does not grow
    device: str = "cpu"  # one of DEVICES, for the engine and its peers

    def __post_init__(self) -> None:
        for width in self.widths:
            if not 1 <= width <= MAX_WIDTH:
                raise BenchError(f"--widths: {width} must be from 1 to {MAX_WIDTH}")
        if not 0 < self.seconds <= 3600 or not math.isfinite(self.seconds):
            raise BenchError(f"--seconds {self.seconds:g}: must be above 0 and at most 3600")
        for option, asked, known in (
            ("--peers", self.peers, PEERS),
            ("--only", self.measurements, MEASUREMENTS),
        ):
            for name in asked:
                if name not in known:
                    raise BenchError(
                        f"{option}: {name!r} is not one of {', '.join(known)}{nearest(name, known)}"
                    )


def names(text: str) -> tuple[str, ...]:
    """Read a list of names.

    Args:
        text: names with commas between.

    Returns:
        Each once.

    >>> names("loop, bmm,loop")
    ('loop', 'bmm')
    """
    return tuple(dict.fromkeys(part for part in map(str.strip, text.split(",")) if part))


def whole_numbers(option: str, text: str) -> tuple[int, ...]:
    """Read a list of whole numbers.

    Args:
        option: what it is the value of.
        text: numbers with commas between.

    Returns:
        Each once.

    Raises:
        BenchError: something else is there, or nothing.

    >>> whole_numbers("--widths", "20,100")
    (20, 100)
    """
    parts: Iterable[str] = names(text)
    try:
        numbers = tuple(dict.fromkeys(map(int, parts)))
    except ValueError:
        numbers = ()
    if not numbers:
        raise BenchError(
            f"{option} {text!r}: must be whole numbers with commas between, as in 20,100,500"
        )
    return numbers
