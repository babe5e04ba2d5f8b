"""Who is measured at a width, in which variants, each compiled and warm.

A variant is so many networks at once on so many threads; a competitor is as fast as its fastest.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch

from dynstudy.bench.device import finish, out_of_memory, release
from dynstudy.bench.measure import Say, Settings, Speed
from dynstudy.bench.own import CARD_ONLY, device_of, own_backend
from dynstudy.bench.problem import MakePeer, Problem
from dynstudy.errors import BackendError
from dynstudy.train.backends.cpu import threads

MATRIX = {"cpu": 2048, "cuda": 8192}
"""Rows of a matrix that is large on the device."""
MATRIX_PRODUCT = "torch.mm"
"""Its work is FLOP, that of all others network-steps."""

OWN_THREADS = frozenset({"cpu"})
"""Backends that spread networks over threads of their own: PyTorch's do not matter to them."""

CARD_SIZES = (64, 1024, 8192)
"""Networks at once on a card: from where its calls take the time to where its memory does."""

KERNEL_SIZES = (1024, 8192, 32_768)
"""For a kernel that gives a network one warp: a large card has thousands."""


class PeerMissingError(Exception):
    """A peer that cannot be measured on this machine; its text says why."""


@dataclass
class Variant:
    """One way of running a competitor: so many networks at once, so many PyTorch threads."""

    label: str
    torch_threads: int
    start: Callable[[], Speed]
    speed: Speed | None = None  # once it is warm

    def warm(self) -> Speed:
        """Make it and run it once, so that it is compiled and caches are full."""
        torch.set_num_threads(self.torch_threads)  # before compiling: it enters the code
        if self.speed is None:
            speed = self.start()
            speed.run(speed.grain)
            self.speed = speed
        return self.speed

    def measure(self) -> float:
        """Work per second."""
        return self.warm().measure()


def prepared(name: str, variants: Iterable[Variant], notes: list[str]) -> list[Variant]:
    """The variants that the memory is large enough for, warm; `notes` is told of the others."""
    fitting = []
    for variant in variants:
        try:
            variant.warm()
        except Exception as error:
            if not out_of_memory(error):
                raise
            notes.append(f"{name}: {variant.label} left out, out of memory")
            release()
        else:
            fitting.append(variant)
    return fitting


def own_variants(
    backend: str, width: int, settings: Settings, problem: type[Problem] = Problem
) -> list[Variant]:
    """How a backend of dynstudy's is run: with networks enough for its threads or for a card."""
    sizes: tuple[int, ...] = (4 * threads(),)
    choices = thread_choices()
    if device_of(backend) == "cuda":
        kernel = backend.partition(":")[0] == CARD_ONLY
        sizes, choices = KERNEL_SIZES if kernel else CARD_SIZES, [threads()]
    elif backend in OWN_THREADS:
        choices = [threads()]
    else:
        sizes = batched_sizes()

    def start(problem: Problem) -> Speed:
        return Speed(own_backend(backend, problem, long=True), problem.networks, settings.seconds)

    return _crossed(start, problem, width, sizes, choices)


def peer_variants(
    name: str, width: int, settings: Settings, problem: type[Problem] = Problem
) -> list[Variant]:
    """How a peer is run: with several sizes, so that it is shown at its best."""
    make = _peer(name, settings.device)
    choices = [threads()] if name == "jax" or settings.device == "cuda" else thread_choices()
    if name == "loop":
        sizes: tuple[int, ...] = (1,)
    elif settings.device == "cuda":
        sizes = CARD_SIZES
    else:
        sizes = (1, 4 * threads()) if name == "jax" else batched_sizes()

    def start(problem: Problem) -> Speed:
        peer = make(problem, settings.device)
        return Speed(peer.advance, problem.networks, settings.seconds, peer.grain)

    return _crossed(start, problem, width, sizes, choices)


def batched_sizes() -> tuple[int, ...]:
    """Networks at once of what is batched: few stay in the cache, of many each call does more."""
    return 4 * threads(), 16 * threads(), 64 * threads()


def thread_choices() -> list[int]:
    """All threads and a single one: small operations are often faster on one."""
    return sorted({1, threads()})


def _peer(name: str, device: str) -> MakePeer:
    if name == "jax":
        try:
            from dynstudy.bench import jax_peer
        except ModuleNotFoundError:
            raise PeerMissingError("not installed (pip install 'dynstudy[bench]')") from None
        if device == "cuda" and not jax_peer.has_a_card():
            raise PeerMissingError(
                "left out, this JAX finds no card (pip install 'jax[cuda12]', or a newer CUDA's)"
            )
        return jax_peer.JaxScan
    if name == "graph" and device == "cpu":
        raise PeerMissingError("only on a card")

    from dynstudy.bench.peers import Batched, Compiled, Graphed, Loop

    makers: dict[str, MakePeer]
    makers = {"loop": Loop, "bmm": Batched, "graph": Graphed, "compile": Compiled}
    return makers[name]


def _crossed(
    start: Callable[[Problem], Speed],
    problem: type[Problem],
    width: int,
    sizes: Iterable[int],
    choices: list[int],
) -> list[Variant]:
    """Every size on every number of threads."""
    variants = []
    for size in sizes:
        for number in choices:
            label = "one at a time" if size == 1 else f"{size} at once"
            if len(choices) > 1:
                label += f" on {number} thread{'s' if number > 1 else ''}"
            variants.append(Variant(label, number, partial(start, problem(width, size))))
    return variants


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
    settings: Settings,
    backends: Sequence[str],
    width: int,
    notes: list[str],
    say: Say,
    problem: type[Problem] = Problem,
) -> dict[str, Competitor]:
    """Make all that is measured at a width, by name; `notes` is told what is left out, and why."""
    made = {}

    def add(name: str, variants: list[Variant]) -> None:
        at_width: list[str] = []
        if fitting := prepared(name, variants, at_width):
            made[name] = Competitor(fitting)
        notes.extend(f"{note} at width {width}" for note in at_width)

    for backend in backends:
        say(f"engine: width {width}, preparing {backend}")
        try:
            add(backend, own_variants(backend, width, settings, problem))
        except BackendError as error:
            if problem is Problem:  # which all can train
                raise
            notes.append(f"{problem.name}: {error}")
    for name in settings.peers:
        say(f"engine: width {width}, preparing {name}")
        try:
            add(name, peer_variants(name, width, settings, problem))
        except PeerMissingError as missing:
            notes.append(f"{name}: {missing}")
        except RuntimeError as error:  # of which all that the compiler raises are
            if name != "compile":
                raise
            first = str(error).strip().partition("\n")[0]
            notes.append(f"{name}: left out, torch.compile cannot compile here ({first})")
    add(MATRIX_PRODUCT, [Variant("", threads(), partial(_product, settings))])
    return made


def _product(settings: Settings) -> Speed:
    """Of a large float32 product."""
    size = MATRIX[settings.device]
    a, b = torch.randn(2, size, size, device=settings.device)

    def run(repeats: int) -> None:
        for _ in range(repeats):
            torch.mm(a, b)
        finish(settings.device)

    return Speed(run, 2 * size**3, settings.seconds, grain=1)
