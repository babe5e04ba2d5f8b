"""Any CPU, near its limit: a fused kernel per network, networks spread over threads.

Each network is a task of its own in a thread pool (the kernel releases the GIL), widest first.
Numba's ``prange`` was the first design; its OpenMP layer divides the networks statically whatever
``set_parallel_chunksize`` says, and on mixed widths the pool measured 1.3 to 1.6 times faster.
"""

import os
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynstudy.errors import BackendError
from dynstudy.train.backends._cpu_kernel import (
    CROSS_ENTROPY,
    POINT_BLOCK,
    UNIT_BLOCK,
    WEIGHTED_SQUARES,
    WEIGHTED_TARGETS,
    advance_network,
)
from dynstudy.train.ensemble import Data, Ensemble, Floats, Ints, Parameters, Readings

KINDS = {
    "ce": CROSS_ENTROPY,
    "dce": CROSS_ENTROPY,
    "mse": WEIGHTED_SQUARES,
    "dmse1": WEIGHTED_SQUARES,
    "dmse2": WEIGHTED_TARGETS,
}

NEVER = np.iinfo(np.int64).max


@dataclass
class State:
    """Networks in the kernel's layout."""

    ensemble: Ensemble
    readings: Readings
    units: list[Floats]  # B of (3 + C, H padded): rows W1[0], W1[1], b1, then the columns of W2
    bias: Floats  # (B, C)
    points: int  # P
    x: Floats  # (D, 2, P padded)
    one_hot: Floats  # (C, P padded)
    y: Ints  # (P padded,), padded with -1
    validation_x: Floats  # (2, V padded)
    validation_y: Ints  # (V padded,)
    checkpoints: Ints  # (B, M) padded with NEVER
    order: list[int]  # networks, widest first, so that no thread is left with a long one
    name: str = "cpu"

    @property
    def device(self) -> str:
        """What it runs on."""
        return f"{threads()} threads of {platform.machine()}"

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        own, classes = self.ensemble.width, self.bias.shape[1]
        batch, width = len(own), int(own.max())
        packed = np.zeros((batch, 3 + classes, width), self.bias.dtype)
        for b, units in enumerate(self.units):
            packed[b, :, : own[b]] = units[:, : own[b]]
        return Parameters(
            packed[:, :2], packed[:, 2], packed[:, 3:].transpose(0, 2, 1), self.bias.copy()
        )


def threads() -> int:
    """How many networks are trained at once.

    Returns:
        ``DYNSTUDY_THREADS``, or every core we may use.

    Raises:
        BackendError: ``DYNSTUDY_THREADS`` is not a whole number from 1 to 4096.
    """
    asked = os.environ.get("DYNSTUDY_THREADS")
    if asked:
        if not asked.isdecimal() or not 1 <= int(asked) <= 4096:
            raise BackendError(
                f"DYNSTUDY_THREADS = {asked!r}: must be a whole number from 1 to 4096"
            )
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix="dynstudy-cpu")


def start(ensemble: Ensemble, data: Data, initial: Parameters, readings: Readings) -> State:
    """Copy an ensemble into the kernel's layout, units and points padded with what adds nothing."""
    classes = data.classes
    units = []
    for b, width in enumerate(ensemble.width):
        packed = np.zeros((3 + classes, _padded(int(width), UNIT_BLOCK)), ensemble.dtype)
        packed[:2, :width] = initial.W1[b, :, :width]
        packed[2, :width] = initial.b1[b, :width]
        packed[3:, :width] = initial.W2[b, :width].T
        units.append(packed)
    y = _pad_points(data.y, -1)
    checkpoints = np.where(readings.checkpoints < 0, NEVER, readings.checkpoints)
    return State(
        ensemble,
        readings,
        units,
        initial.b2.astype(ensemble.dtype),
        len(data.y),
        _pad_points(data.x.swapaxes(1, 2).astype(ensemble.dtype), 0),
        (y == np.arange(classes)[:, None]).astype(ensemble.dtype),
        y,
        _pad_points(data.validation_x.T.astype(ensemble.dtype), 0),
        _pad_points(data.validation_y, -1),
        checkpoints,
        np.argsort(-ensemble.width, kind="stable").tolist(),
    )


def advance(state: State, step: int, count: int) -> None:
    """Take `count` steps from `step` on with every network that has not diverged."""
    ensemble, readings = state.ensemble, state.readings
    real = np.dtype(ensemble.dtype).type
    zeros = (real(0),) * state.bias.shape[1]
    kind = KINDS[ensemble.loss]

    def advance_one(b: int) -> None:
        readings.diverged_at[b] = advance_network(
            state.units[b],
            state.bias[b],
            state.x[ensemble.training_set[b]],
            state.one_hot,
            state.y,
            state.validation_x,
            state.validation_y,
            kind,
            real(ensemble.learning_rate[b]),
            ensemble.amplitude[b],
            ensemble.period[b],
            ensemble.tail_start[b],
            state.points,
            step,
            count,
            state.checkpoints[b],
            readings.correct[b],
            readings.validation_correct[b],
            readings.losses[b],
            zeros,
        )

    running = [b for b in state.order if readings.diverged_at[b] < 0]
    for _ in _pool(threads()).map(advance_one, running):
        pass  # drawn, so that an error in a thread is raised here


def _padded(size: int, block: int) -> int:
    return -(-size // block) * block


def _pad_points(array: NDArray[Any], fill: int) -> NDArray[Any]:
    """Pad the last axis, which runs over points, to whole vectors."""
    size = array.shape[-1]
    widths = [(0, 0)] * (array.ndim - 1) + [(0, _padded(size, POINT_BLOCK) - size)]
    return np.ascontiguousarray(np.pad(array, widths, constant_values=fill))
