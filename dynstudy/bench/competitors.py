"""Who is measured at a width, each compiled and warm."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import torch

from dynstudy.bench.device import finish
from dynstudy.bench.measure import Say, Speed
from dynstudy.bench.settings import Settings
from dynstudy.bench.variants import (
    PeerMissingError,
    Variant,
    own_variants,
    peer_variants,
    prepared,
)
from dynstudy.train.backends.cpu import threads

MATRIX = {"cpu": 2048, "cuda": 8192}
"""Rows of a matrix that is large on the device."""
MATRIX_PRODUCT = "torch.mm"


@dataclass
class Competitor:
    """Its speed in a round is that of its fastest variant."""

    variants: list[Variant]
    won: Counter[str] = field(default_factory=Counter)  # rounds in which a variant was fastest

    def measure(self) -> float:
        """Work per second."""
        speed, label = max((variant.measure(), variant.label) for variant in self.variants)
        self.won[label] += 1
        return speed

    def fastest(self) -> str:
        """The variant that won most rounds, in words; nothing where there is no choice."""
        return self.won.most_common(1)[0][0] if len(self.variants) > 1 else ""


def competitors(
    settings: Settings, backends: Sequence[str], width: int, notes: list[str], say: Say
) -> dict[str, Competitor]:
    """Make all that is measured at a width: dynstudy's backends, peers; `notes` says what is not.

    Returns:
        By name; the work of `MATRIX_PRODUCT` is FLOP, of all others network-steps.

    Raises:
        RuntimeError: one failed, and not for lack of memory.
    """
    made = {}

    def add(name: str, variants: list[Variant]) -> None:
        at_width: list[str] = []
        if fitting := prepared(name, variants, at_width):
            made[name] = Competitor(fitting)
        notes.extend(f"{note} at width {width}" for note in at_width)

    for backend in backends:
        say(f"engine: width {width}, preparing {backend}")
        add(backend, own_variants(backend, width, settings))
    for name in settings.peers:
        say(f"engine: width {width}, preparing {name}")
        if name == "compile":
            torch.compiler.reset()  # or its limit of compiled versions is met after some widths
        try:
            add(name, peer_variants(name, width, settings))
        except PeerMissingError as missing:
            notes.append(f"{name}: {missing}")
        except RuntimeError as error:  # of which all that the compiler raises are
            if name != "compile":
                raise
            first = str(error).strip().partition("\n")[0]
            notes.append(f"{name}: left out, torch.compile cannot compile here ({first})")
    add(MATRIX_PRODUCT, [Variant("", threads(), partial(_product, settings))])
    return made


def matrix_product(repeats: int, a: torch.Tensor, b: torch.Tensor) -> None:
    """A large float32 product, so many times."""
    for _ in range(repeats):
        torch.mm(a, b)
    finish(a.device.type)


def _product(settings: Settings) -> Speed:
    size = MATRIX[settings.device]
    a, b = torch.randn(2, size, size, device=settings.device)
    return Speed(partial(matrix_product, a=a, b=b), 2 * size**3, settings.seconds, grain=1)
