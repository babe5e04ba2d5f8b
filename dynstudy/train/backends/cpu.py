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

from dynstudy.arrays import Ints
from dynstudy.errors import BackendError
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train.backends._cpu_kernel import POINT_BLOCK, advance_network
from dynstudy.train.backends._cpu_lanczos import lanczos
from dynstudy.train.backends._fused import Means, absolute, as_trained, refusal
from dynstudy.train.curvature import MOST_PRODUCTS, Curvature, Eigenpairs
from dynstudy.train.ensemble import Data, Ensemble, Floats, Parameters, Readings

__all__ = ["advance", "refusal", "start", "threads"]

NEVER = np.iinfo(np.int64).max
CACHE_LINE = 64  # bytes
READS_CLASS_LOSSES = True
"""For `dynstudy.train.backends`."""
BLOCK = 64
"""Networks of a thread in a block: the last of them to end leaves no other thread idle for long."""


@dataclass
class State:
    """Networks in the kernel's layout."""

    ensemble: Ensemble
    readings: Readings
    units: list[Floats]  # B of (3 + K, H): rows W1[0], W1[1], b1, then the columns of W2
    bias: Floats  # (B, K, 1)
    mean: Means | None  # if K is C - 1
    points: int  # P
    x: Floats  # (D, 2, P padded)
    y: Ints  # (P padded,), padded with -1
    one_hot: Floats  # (C, P padded)
    validation: tuple[Floats, Ints, Floats]  # x (2, V padded), y and one_hot likewise
    checkpoints: Ints  # (B, M) padded with NEVER
    order: list[int]  # networks, widest first, so that no thread is left with a long one
    name: str = "cpu"

    @property
    def device(self) -> str:
        """What it runs on."""
        return f"{threads()} threads of {platform.machine()}"

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        widths, outputs = self.ensemble.width, self.bias.shape[1]
        packed = np.zeros((len(widths), 3 + outputs, widths.max()), self.bias.dtype)
        for b, units in enumerate(self.units):
            packed[b, :, : widths[b]] = units
        W2, b2 = packed[:, 3:].transpose(0, 2, 1), self.bias[:, :, 0].copy()
        if self.mean is not None:
            W2, b2 = (absolute(*pair) for pair in zip((W2, b2), self.mean, strict=True))
        return Parameters(packed[:, :2], packed[:, 2], W2, b2)


def threads() -> int:
    """Networks trained at once: ``DYNSTUDY_THREADS`` (1 to 4096), or every core we may use."""
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


def block_size() -> int:
    """How many networks are worth a slice: a call takes long beside what it computes."""
    return BLOCK * threads()


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix="dynstudy-cpu")


if hasattr(os, "register_at_fork"):  # a forked child has none of the threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def start(ensemble: Ensemble, data: Data, initial: Parameters, readings: Readings) -> State:
    """Copy an ensemble into the kernel's layout, points padded with what adds nothing."""
    classes = data.classes
    initial, mean = as_trained(initial, ensemble.loss)
    units = []
    for b, width in enumerate(ensemble.width):
        rows = initial.W1[b, :, :width], initial.b1[b, None, :width], initial.W2[b, :width].T
        units.append(np.concatenate(rows).astype(ensemble.dtype))
    y, validation_y = (_pad_points(each, -1) for each in (data.y, data.validation_y))
    one_hot, validation_one_hot = (
        _aligned((each == np.arange(classes)[:, None]).astype(ensemble.dtype))
        for each in (y, validation_y)
    )
    validation_x = _pad_points(data.validation_x.T.astype(ensemble.dtype), 0)
    checkpoints = np.where(readings.checkpoints < 0, NEVER, readings.checkpoints)
    return State(
        ensemble,
        readings,
        units,
        initial.b2.astype(ensemble.dtype)[..., None],
        mean,
        len(data.y),
        _pad_points(data.x.swapaxes(1, 2).astype(ensemble.dtype), 0),
        y,
        one_hot,
        (validation_x, validation_y, validation_one_hot),
        checkpoints,
        np.argsort(-ensemble.width, kind="stable").tolist(),
    )


def advance(state: State, step: int, count: int) -> None:
    """Take `count` steps from `step` on with every network that has not diverged."""
    ensemble, readings = state.ensemble, state.readings
    real = np.dtype(ensemble.dtype).type
    outputs, classes = ((real(0),) * size for size in (state.bias.shape[1], len(state.one_hot)))
    kind = LOSSES[ensemble.loss].fused

    def advance_one(b: int) -> None:
        readings.diverged_at[b] = advance_network(
            state.units[b],
            state.bias[b],
            (state.x[ensemble.training_set[b]], state.y, state.one_hot),
            state.validation,
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
            readings.class_losses[b] if readings.class_losses.size else None,
            _aligned(np.empty((len(outputs), len(state.y)), ensemble.dtype)),
            outputs,
            classes,
        )

    running = [b for b in state.order if readings.diverged_at[b] < 0]
    for _ in _pool(threads()).map(advance_one, running):
        pass  # drawn, so that an error in a thread is raised here


def eigenpairs(state: State, step: int, curvature: Curvature) -> Eigenpairs:
    """Leading eigenpairs of the Hessians before step `step`, of all networks that run."""
    ensemble, wanted = state.ensemble, (curvature.largest, curvature.smallest)
    real = np.dtype(ensemble.dtype).type
    K, C, width = state.bias.shape[1], len(state.one_hot), int(ensemble.width.max())
    outputs, classes = ((real(0),) * size for size in (K, C))
    gamma = class_weights(step, C, ensemble.amplitude, ensemble.period, ensemble.tail_start)
    orthonormal = np.linalg.qr(np.eye(C) - 1 / C)[0][:, :K] if K < C else np.eye(C)
    turn = np.ascontiguousarray((orthonormal[:K] - (K < C) * orthonormal[-1]).T)
    shape = len(ensemble), curvature.count
    values, residuals = np.full((2, *shape), np.nan)
    rows, biases = np.zeros((*shape, 3 + C, width)), np.zeros((*shape, C))
    products = np.zeros(len(ensemble), int)

    def of_one(b: int) -> None:
        units = state.units[b]
        size = units.size + K
        basis = np.empty((min(MOST_PRODUCTS, size) + 1, size))
        basis[0] = np.random.default_rng(0).normal(size=size)
        vectors = np.zeros((curvature.count, size))
        products[b] = lanczos(
            units,
            state.bias[b],
            state.x[ensemble.training_set[b]],
            state.one_hot,
            LOSSES[ensemble.loss].fused,
            gamma[b],
            state.points,
            turn,
            basis,
            curvature.tolerance,
            *wanted,
            values[b],
            residuals[b],
            vectors,
            outputs,
            classes,
        )
        of_units = vectors[:, :-K].reshape(-1, *units.shape)
        rows[b, :, :3, : units.shape[1]] = of_units[:, :3]
        rows[b, :, 3:, : units.shape[1]] = orthonormal @ of_units[:, 3:]
        biases[b] = vectors[:, -K:] @ orthonormal.T

    running = [b for b in state.order if state.readings.diverged_at[b] < 0]
    for _ in _pool(threads()).map(of_one, running):
        pass  # drawn, so that an error in a thread is raised here
    W2 = rows[:, :, 3:].swapaxes(2, 3)
    return Eigenpairs(
        values, residuals, Parameters(rows[:, :, :2], rows[:, :, 2], W2, biases), products
    )


def _pad_points(array: NDArray[Any], fill: int) -> NDArray[Any]:
    """Pad the last axis, which runs over points, to whole vectors."""
    widths = [(0, 0)] * (array.ndim - 1) + [(0, -array.shape[-1] % POINT_BLOCK)]
    return _aligned(np.pad(array, widths, constant_values=fill))


def _aligned(array: NDArray[Any]) -> NDArray[Any]:
    """Copy to where a vector never straddles two cache lines, which costs up to a fifth."""
    memory = np.empty(array.nbytes + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[:] = array
    return copy
