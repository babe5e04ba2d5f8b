"""dynstudy's own backends: which of them are measured, and where each runs."""

from collections.abc import Callable

from dynstudy.bench.problem import Problem
from dynstudy.errors import BackendError
from dynstudy.train import train
from dynstudy.train.backends import BACKENDS, made_as_long

CARD_ONLY = "gpu"
PYTORCH = "autograd"
LONG = 100_000
"""Steps of a training as studies have them."""
OF_A_CARD = "autograd:cuda"
"""Measured on a card beside those that run nowhere else."""


def own_backend(backend: str, problem: Problem, long: bool = False) -> Callable[[int], object]:
    """Return one call of `dynstudy.train.train` for so many steps; parameters are drawn before.

    Each is made as a `long` training is.
    """
    initial = problem.initial()

    def run(steps: int) -> None:
        with made_as_long(backend, LONG if long else 1):
            train(
                problem.ensemble(steps),
                problem.data,
                backend=backend,
                checkpoints=[steps],
                initial=initial,
            )

    return run


def device_of(backend: str) -> str:
    """Where a backend, ``NAME`` or ``NAME:DEVICE``, runs.

    Returns:
        ``"cuda"`` for a card, else ``"cpu"``.

    >>> [device_of(name) for name in ("cpu", "autograd", "gpu", "gpu:0", "autograd:cuda:1")]
    ['cpu', 'cpu', 'cuda', 'cuda', 'cuda']
    """
    name, _, device = backend.partition(":")
    return "cuda" if name == CARD_ONLY or device.startswith("cuda") else "cpu"


def available(backends: tuple[str, ...] | None, device: str, notes: list[str]) -> list[str]:
    """The backends that can run here, the oracle last; those that are asked for must."""
    candidates = (*BACKENDS, OF_A_CARD) if device == "cuda" else BACKENDS
    runnable = []
    for backend in candidates if backends is None else backends:
        if backends is None and device_of(backend) != device:
            if device == "cpu":  # of a report on a card nobody expects the processor
                notes.append(f"{backend}: only on a card")
            continue
        try:
            own_backend(backend, Problem(1, 1))(1)
        except BackendError as error:
            if backends is not None:
                raise
            notes.append(f"{backend}: left out, {error}")
        else:
            runnable.append(backend)
    # what a reader looks for are the ratios of the others
    return sorted(runnable, key=lambda name: name.startswith(PYTORCH))
