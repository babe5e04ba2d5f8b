"""How the engine's time and memory grow with networks, points, steps and width."""

import tracemalloc
from dataclasses import dataclass, replace

import torch

from dynstudy.bench.competitors import OWN_THREADS
from dynstudy.bench.device import full_float32, out_of_memory, release
from dynstudy.bench.measure import Measurement, Row, Say, Settings, Speed
from dynstudy.bench.own import available, device_of, own_backend
from dynstudy.bench.problem import Problem
from dynstudy.train.backends.cpu import threads

POINTS = (25, 100, 400, 1600)
STEPS = 1000
"""Of a network, where they do not grow."""
CARD_NETWORKS = (64, 1024, 8192, 65_536)
MEMORY_NETWORKS = {"cpu": 1024, "cuda": 8192}
"""So many that what an ensemble needs once, whatever its size, hardly counts."""


@dataclass(frozen=True)
class Case:
    """One call of `dynstudy.train.train`."""

    networks: int
    points: int  # of each class
    steps: int
    width: int

    def speed(self, backend: str, seconds: float) -> Speed:
        """Of as many such calls as fill the time, each whole: what a call costs once is in it."""
        run = own_backend(backend, Problem(self.width, self.networks, self.points))
        run(1)  # compiled, and caches full

        def call(repeats: int) -> None:
            for _ in range(repeats):
                run(self.steps)

        return Speed(call, self.networks * self.steps, seconds, grain=1)


def measure(settings: Settings, say: Say) -> Measurement:
    """Let one of networks, points, steps and width grow while the others stay.

    Args:
        settings: on which device, and how long each case is measured.
        say: told what is being measured.

    Returns:
        Network-steps per second, which stay the same where time grows in proportion, and memory.

    Raises:
        BackendError: a backend that was asked for is not on this machine.
    """
    notes: list[str] = []
    there = available(settings.backends, settings.device, notes)
    backend = next((name for name in there if device_of(name) == settings.device), None)
    if backend is None:
        asked = ", ".join(there)
        return Measurement([], [*notes, f"growth: left out, {asked} not on {settings.device}"])
    with full_float32():
        rows = _times(backend, settings, notes, say) + _memory(backend, settings, notes, say)
    return Measurement(rows, notes)


def cases(settings: Settings) -> tuple[Case, dict[str, dict[int, Case]]]:
    """What is measured: a case to start from, and what grows from it, by its name and value."""
    on_card = settings.device == "cuda"
    networks = CARD_NETWORKS if on_card else tuple(threads() * n for n in (1, 4, 16, 64))
    base = Case(networks[2 if on_card else 1], POINTS[1], STEPS, settings.widths[0])
    steps = (max(1, base.steps // 10), base.steps, base.steps * 10)
    return base, {
        "networks": {n: replace(base, networks=n) for n in networks},
        "points per class": {n: replace(base, points=n) for n in POINTS},
        "steps": {n: replace(base, steps=n) for n in steps},
        "width": {n: replace(base, width=n) for n in settings.widths},
    }


def _times(backend: str, settings: Settings, notes: list[str], say: Say) -> list[Row]:
    base, axes = cases(settings)
    notes.append(
        f"growth: {backend}, {base.networks} networks of {base.width} hidden units, "
        f"{base.points} points per class and {base.steps} steps, but for what grows"
    )
    names = {case: f"{axis} = {n}" for axis, grown in axes.items() for n, case in grown.items()}
    speeds: dict[Case, list[float]] = {}
    for case, name in names.items():
        say(f"growth: {name}")
        try:  # one at a time: the largest fill the memory
            speed = case.speed(backend, settings.seconds)
            speeds[case] = [speed.measure() for _ in range(settings.rounds)]
        except Exception as error:
            if not out_of_memory(error):
                raise
            notes.append(f"growth: {name} left out, out of memory")
        release()
    return [
        Row.of("growth", f"{axis} = {n}", "network-steps/s", speeds[case])
        for axis, grown in axes.items()
        for n, case in grown.items()
        if case in speeds
    ]


def _memory(backend: str, settings: Settings, notes: list[str], say: Say) -> list[Row]:
    if settings.device == "cpu" and backend not in OWN_THREADS:
        notes.append(f"growth: memory of {backend} left out, only a card tells what PyTorch takes")
        return []
    how = "NumPy's and Python's" if settings.device == "cpu" else "PyTorch's on the card"
    networks = MEMORY_NETWORKS[settings.device]
    notes.append(f"growth: memory is {how} at its peak over {networks} networks")
    rows = []
    for width in settings.widths:
        name = f"memory per network, width = {width}"
        say(f"growth: {name}")
        try:
            taken = peak(backend, Problem(width, networks), settings.device) / networks
        except Exception as error:
            if not out_of_memory(error):
                raise
            notes.append(f"growth: {name} left out, out of memory")
        else:
            rows.append(Row.of("growth", name, "KiB", [taken / 2**10]))
        release()
    return rows


def peak(backend: str, problem: Problem, device: str) -> int:
    """The memory that a short training takes at most.

    Args:
        backend: one of dynstudy's.
        problem: what it trains.
        device: on which the memory is.

    Returns:
        Bytes: on a card what PyTorch's allocator gave, else what NumPy and Python allocated.
    """
    run = own_backend(backend, problem)
    run(1)  # what is kept from call to call is not a network's
    if device == "cuda":
        release()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run(10)
        return torch.cuda.max_memory_allocated() - before
    tracemalloc.start()
    try:
        run(10)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
