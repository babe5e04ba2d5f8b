"""The engine's speed beside its peers, and the share of a matrix product's that it reaches."""

from contextlib import ExitStack

import torch

from dynstudy.bench.competitors import MATRIX_PRODUCT, competitors
from dynstudy.bench.device import full_float32, release
from dynstudy.bench.measure import Measurement, Row, Say, Settings
from dynstudy.bench.own import available, device_of
from dynstudy.bench.problem import DIGITS_WIDTH, Digits, Problem


def measure(settings: Settings, say: Say) -> Measurement:
    """Measure backends and peers at each width: ratios, shares of a product's FLOP/s, speeds."""
    rows: list[Row] = []
    notes: list[str] = []
    with full_float32(), ExitStack() as at_the_end:
        at_the_end.callback(torch.set_num_threads, torch.get_num_threads())
        backends = available(settings.backends, settings.device, notes)
        for width in settings.widths:
            rows += _at_width(width, settings, backends, notes, say)
            release()  # the next width's networks are larger
        if settings.digits:
            rows += _at_width(DIGITS_WIDTH, settings, backends, notes, say, Digits)
            release()
    if settings.device == "cuda":
        notes.append("engine: float32 throughout, TF32 is off in PyTorch and in JAX")
    return Measurement(rows, list(dict.fromkeys(notes)))


def compare(
    width: int,
    backends: list[str],
    speeds: dict[str, list[float]],
    device: str = "cpu",
    problem: type[Problem] = Problem,
) -> list[Row]:
    """Divide speeds within rounds, the most interesting of dynstudy's backends first."""
    peers = [name for name in speeds if name not in {*backends, MATRIX_PRODUCT}]
    flops = problem(width, 1).flops_per_step()
    of = f"{problem.name}: " if problem.name else ""
    rows: list[Row] = []

    def add(quantity: str, unit: str, values: list[float]) -> None:
        rows.append(Row.of("engine", of + quantity, unit, values, width))

    def divided(above: str, below: str, factor: float = 1.0) -> list[float]:
        return [factor * a / b for a, b in zip(speeds[above], speeds[below], strict=True)]

    for number, backend in enumerate(backends):
        # the first beside the others, but not the other way round as well
        for other in [*peers, *(backends[1:] if number == 0 else [])]:
            add(f"{backend} / {other}", "ratio", divided(backend, other))
    for backend in backends:
        if device_of(backend) == device:  # another has a matrix product of its own
            share = divided(backend, MATRIX_PRODUCT, flops)
            add(f"{backend}, FLOP/s of {MATRIX_PRODUCT}", "share", share)
    for name in (*backends, *peers):
        add(name, "network-steps/s", speeds[name])
    add(MATRIX_PRODUCT, "GFLOP/s", [speed / 1e9 for speed in speeds[MATRIX_PRODUCT]])
    return rows


def _at_width(
    width: int,
    settings: Settings,
    backends: list[str],
    notes: list[str],
    say: Say,
    problem: type[Problem] = Problem,
) -> list[Row]:
    made = competitors(settings, backends, width, notes, say, problem)
    speeds: dict[str, list[float]] = {name: [] for name in made}
    for number in range(settings.rounds):
        say(f"engine: width {width}, round {number + 1} of {settings.rounds}")
        for name, competitor in made.items():
            speeds[name].append(competitor.measure())
    fastest = {name: competitor.fastest() for name, competitor in made.items()}
    if parts := [f"{name} {label}" for name, label in fastest.items() if label]:
        of = f" of {problem.name}" if problem.name else ""
        notes.append(f"fastest{of} at width {width}: {'; '.join(parts)}")
    measured = [backend for backend in backends if backend in made]
    return compare(width, measured, speeds, settings.device, problem)
