"""Who is measured at a width, each compiled and warm, and how many ways of running it are tried."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import torch

from dynstudy.bench.measure import Say, Speed
from dynstudy.bench.problem import MakePeer, Problem, own_backend
from dynstudy.bench.settings import Settings
from dynstudy.errors import BackendError
from dynstudy.train.backends import BACKENDS
from dynstudy.train.backends.cpu import threads

MATRIX = 2048
MATRIX_PRODUCT = "torch.mm"
OWN_THREADS = frozenset({"cpu"})
"""Backends that spread networks over threads of their own: PyTorch's do not matter to them."""


@dataclass
class Variant:
    """One way of running a competitor: so many networks at once, so many PyTorch threads."""

    label: str
    torch_threads: int
    speed: Speed

    def measure(self) -> float:
        """Work per second."""
        torch.set_num_threads(self.torch_threads)
        return self.speed.measure()


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


def available(backends: tuple[str, ...] | None, notes: list[str]) -> list[str]:
    """Find the backends that can run here.

    Args:
        backends: those that were asked for, which must; None for whatever there is.
        notes: told what is left out.

    Returns:
        Their names, the oracle last.

    Raises:
        BackendError: one that was asked for cannot.
    """
    found = []
    for backend in BACKENDS if backends is None else backends:
        try:
            own_backend(backend, Problem(1, 1))(1)
        except BackendError as error:
            if backends is not None:
                raise
            notes.append(f"{backend}: left out, {error}")
        else:
            found.append(backend)
    # what a reader looks for are the ratios of the others
    return sorted(found, key=lambda name: name.startswith("autograd"))


def competitors(
    settings: Settings, backends: list[str], width: int, notes: list[str], say: Say
) -> dict[str, Competitor]:
    """Make everything that is measured at a width.

    Args:
        settings: which peers, and how long each is measured.
        backends: which of dynstudy's own.
        width: of the networks.
        notes: told what is left out.
        say: told what is being prepared.

    Returns:
        The competitors by name; the work of `MATRIX_PRODUCT` is FLOP, of all others network-steps.
    """
    made = {}
    for backend in backends:
        say(f"engine: width {width}, preparing {backend}")
        made[backend] = Competitor(list(_own_variants(backend, width, settings.seconds)))
    for name in settings.peers:
        say(f"engine: width {width}, preparing {name}")
        try:
            made[name] = Competitor(list(_peer_variants(name, width, settings.seconds)))
        except PeerMissingError as missing:
            notes.append(f"{name}: {missing}")
    a, b = torch.randn(2, MATRIX, MATRIX)
    product = Speed(partial(matrix_product, a=a, b=b), 2 * MATRIX**3, settings.seconds, grain=1)
    made[MATRIX_PRODUCT] = Competitor([_warm("", threads(), product)])
    return made


def matrix_product(repeats: int, a: torch.Tensor, b: torch.Tensor) -> None:
    """A large float32 product, so many times."""
    for _ in range(repeats):
        torch.mm(a, b)


class PeerMissingError(Exception):
    """A peer that cannot be measured on this machine; its text says why."""


def _own_variants(backend: str, width: int, seconds: float) -> Iterator[Variant]:
    problem = Problem(width, 4 * threads())
    for number in [threads()] if backend in OWN_THREADS else _thread_choices():
        speed = Speed(own_backend(backend, problem), problem.networks, seconds)
        yield _warm(_threads_in_words(number), number, speed)


def _peer_variants(name: str, width: int, seconds: float) -> Iterator[Variant]:
    make: MakePeer
    sizes, choices = [4 * threads(), 16 * threads()], _thread_choices()
    if name == "jax":
        try:
            from dynstudy.bench.jax_peer import JaxScan
        except ModuleNotFoundError:
            raise PeerMissingError("not installed (pip install 'dynstudy[bench]')") from None
        make, sizes, choices = JaxScan, [1, 4 * threads()], [threads()]
    else:
        from dynstudy.bench.peers import Batched, Compiled, Loop

        makers: dict[str, MakePeer] = {"loop": Loop, "bmm": Batched, "compile": Compiled}
        make, sizes = makers[name], [1] if name == "loop" else sizes
        if name == "compile":
            torch.compiler.reset()  # or its limit of compiled versions is met after some widths
    for size in sizes:
        for number in choices:
            torch.set_num_threads(number)  # before compiling: it enters the code
            peer = make(Problem(width, size))
            label = "one at a time" if size == 1 else f"{size} at once"
            if len(choices) > 1:
                label += f" on {_threads_in_words(number)}"
            try:
                yield _warm(label, number, Speed(peer.advance, size, seconds, peer.grain))
            except RuntimeError as error:  # of which all that the compiler raises are
                if name != "compile":
                    raise
                first = str(error).strip().partition("\n")[0]
                raise PeerMissingError(
                    f"left out, torch.compile cannot compile here ({first})"
                ) from error


def _thread_choices() -> list[int]:
    """All threads and a single one: small operations are often faster on one."""
    return sorted({1, threads()})


def _threads_in_words(number: int) -> str:
    return "1 thread" if number == 1 else f"{number} threads"


def _warm(label: str, number: int, speed: Speed) -> Variant:
    """Run once, so that it is compiled and caches are full."""
    torch.set_num_threads(number)
    speed.run(speed.grain)
    return Variant(label, number, speed)
