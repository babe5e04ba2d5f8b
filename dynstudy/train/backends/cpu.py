"""Any CPU, near its limit: a fused kernel per network, networks spread over threads.

Each network is a task of its own in a thread pool (the kernel releases the GIL), widest first.
Numba's ``prange`` was the first design; its OpenMP layer divides the networks statically whatever
``set_parallel_chunksize`` says, and on mixed widths the pool measured 1.3 to 1.6 times faster.
"""

import os
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Ints
from dynstudy.errors import BackendError
from dynstudy.task.losses import LOSSES
from dynstudy.train.backends._cpu_arrays import aligned, pad_points
from dynstudy.train.backends._cpu_kernel import PAUSED, RUNNING, advance_network
from dynstudy.train.backends._cpu_lanczos import eigenpairs_at
from dynstudy.train.backends._cpu_onset import curvature_at_onset
from dynstudy.train.backends._fused import Means, absolute, as_trained, refusal
from dynstudy.train.curvature import Curvature, Eigenpairs
from dynstudy.train.ensemble import Data, Ensemble, Floats, Parameters
from dynstudy.train.readings import Readings

__all__ = ["advance", "refusal", "start", "threads"]

NEVER = np.iinfo(np.int64).max
READS_CLASS_LOSSES = True
"""For `dynstudy.train.backends`."""
NO_CLIMBS = np.array([0, 0, 0, -1, 0])
TOGETHER = 8
"""Networks that a thread looks at in a row: a task takes about as long as a look."""
BLOCK = 64
"""Networks of a thread in a block: the last of them to end leaves no other thread idle for long."""


@dataclass
class Watch:
    """What the kernel keeps of a network to see instabilities set in."""

    gradient: Floats  # (3 + K, H + 1) of the last step, that of the bias in the last column
    alternation: NDArray[np.float64]  # (2,) E and |gradient|²
    onsets: Ints  # (4,) the first and its end, -1 if none, how many, and how many ended


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
    watch: list[Watch]  # of each network, if instabilities are watched for
    values: NDArray[np.float64]  # (B, 2) F_k at the last step and the sum, where one is asked for
    climbs: Ints  # (B, 5) as the kernel has them, likewise
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
        return Parameters.of_layers(packed[:, :2], packed[:, 2], W2, b2)


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
    y, validation_y = (pad_points(each, -1) for each in (data.y, data.validation_y))
    one_hot, validation_one_hot = (
        aligned((each == np.arange(classes)[:, None]).astype(ensemble.dtype))
        for each in (y, validation_y)
    )
    validation_x = pad_points(data.validation_x.T.astype(ensemble.dtype), 0)
    checkpoints = np.where(readings.checkpoints < 0, NEVER, readings.checkpoints)
    valued = max(len(readings.climbs.steps), len(readings.loss_sums.so_far))
    return State(
        ensemble,
        readings,
        units,
        initial.b2.astype(ensemble.dtype)[..., None],
        mean,
        len(data.y),
        pad_points(data.x.swapaxes(1, 2).astype(ensemble.dtype), 0),
        y,
        one_hot,
        (validation_x, validation_y, validation_one_hot),
        checkpoints,
        np.argsort(-ensemble.width, kind="stable").tolist(),
        [
            Watch(np.zeros((len(each), each.shape[1] + 1), each.dtype), *_nothing_yet())
            for each in (units if len(readings.onsets.first) else [])
        ],
        np.zeros((valued, 2)),
        np.tile(NO_CLIMBS, (valued, 1)),
    )


def _nothing_yet() -> tuple[NDArray[np.float64], Ints]:
    """Gradients that have not turned about, and no onset."""
    return np.array([1.0, 0.0]), np.array([-1, -1, 0, 0])


def advance(state: State, step: int, count: int) -> None:
    """Take `count` steps from `step` on with every network that is running."""

    def advance_one(b: int) -> None:
        readings, end = state.readings, step + count
        code = _advance(state, b, step, end)
        if code == PAUSED:
            first = int(readings.onsets.first[b])
            _look_at_onset(state, b, first)
            code = RUNNING if readings.until_onset else _advance(state, b, first + 1, end)
        readings.diverged_at[b] = code

    _in_threads(advance_one, state)


def _advance(state: State, b: int, step: int, end: int) -> int:
    """Take a network's steps from `step` to `end`, and say how it is."""
    ensemble, readings = state.ensemble, state.readings
    real = np.dtype(ensemble.dtype).type
    outputs, classes = ((real(0),) * size for size in (state.bias.shape[1], len(state.one_hot)))
    watch = state.watch[b] if state.watch else None
    code: int = advance_network(
        state.units[b],
        state.bias[b],
        (state.x[ensemble.training_set[b]], state.y, state.one_hot),
        state.validation,
        LOSSES[ensemble.loss].fused,
        real(ensemble.learning_rate[b]),
        ensemble.amplitude[b],
        ensemble.period[b],
        ensemble.tail_start[b],
        state.points,
        step,
        end - step,
        state.checkpoints[b],
        readings.correct[b],
        readings.validation_correct[b],
        readings.losses[b],
        readings.class_losses[b] if readings.class_losses.size else None,
        watch.gradient if watch else None,
        *((watch.alternation, watch.onsets) if watch else _nothing_yet()),
        state.values[b] if len(state.values) else None,
        state.climbs[b] if len(state.climbs) else NO_CLIMBS,
        len(readings.loss_sums.so_far) > 0,
        aligned(np.empty((len(outputs), len(state.y)), ensemble.dtype)),
        outputs,
        classes,
    )
    if watch:
        onsets = readings.onsets
        onsets.first[b], onsets.first_end[b], onsets.count[b], onsets.ended[b] = watch.onsets
    climbs = readings.climbs
    if len(climbs.steps):
        climbs.steps[b], climbs.uphill[b], climbs.episodes[b] = state.climbs[b, :3]
    if len(readings.loss_sums.so_far):
        readings.loss_sums.so_far[b] = state.values[b, 1]
    return code


def _look_at_onset(state: State, b: int, first: int) -> None:
    """Read curvature after the step of a network's first onset, and before: back a gradient."""
    ensemble, watch, onsets = state.ensemble, state.watch[b], state.readings.onsets
    gradient = watch.gradient.astype(float)
    if state.mean is not None:  # relative outputs are moved by the last class's gradient as well
        gradient[3:] += gradient[3:].sum(0)
    back = ensemble.learning_rate[b] * gradient
    before = state.units[b] + back[:, :-1], state.bias[b] + back[3:, -1:]
    here = state.units[b], state.bias[b]
    alone = ensemble.part(slice(b, b + 1))
    for column, step, parameters in ((0, first, before), (1, first + 1, here)):
        units, bias = (np.ascontiguousarray(each, ensemble.dtype) for each in parameters)
        gamma = alone.class_weights(step, len(state.one_hot))[0]
        read = curvature_at_onset((units, bias), *_problem(state, b), gamma)
        onsets.eigenvalues[b, column], onsets.differences[b, column] = read


def eigenpairs(state: State, step: int, curvature: Curvature) -> Eigenpairs:
    """Leading eigenpairs of the Hessians before step `step`, of all networks that run."""
    ensemble = state.ensemble
    C, width = len(state.one_hot), int(ensemble.width.max())
    shape = len(ensemble), curvature.count
    values, residuals = np.full((2, *shape), np.nan)
    rows, biases = np.zeros((*shape, 3 + C, width)), np.zeros((*shape, C))
    products = np.zeros(len(ensemble), int)
    gammas = ensemble.class_weights(step, C)

    def of_one(b: int) -> None:
        units = state.units[b]
        values[b], residuals[b], vectors, products[b] = eigenpairs_at(
            (units, state.bias[b]), *_problem(state, b), gammas[b], curvature
        )
        H = units.shape[1]
        rows[b, :, :, :H] = vectors[:, :-C].reshape(-1, 3 + C, H)
        biases[b] = vectors[:, -C:]

    _in_threads(of_one, state, TOGETHER)
    W2 = rows[:, :, 3:].swapaxes(2, 3)
    vectors = Parameters.of_layers(rows[:, :, :2], rows[:, :, 2], W2, biases)
    return Eigenpairs(values, residuals, vectors, products)


def _problem(state: State, b: int) -> tuple[tuple[Floats, Floats, int], int | None]:
    """What a network is trained on, and which equation its loss is."""
    x = state.x[state.ensemble.training_set[b]]
    return (x, state.one_hot, state.points), LOSSES[state.ensemble.loss].fused


def _in_threads(of_one: Callable[[int], None], state: State, together: int = 1) -> None:
    """Call it for all networks that run, widest first, for so many at most in a task."""
    running = state.readings.running
    waiting = [b for b in state.order if running[b]]
    tasks = max(threads(), -(-len(waiting) // together))

    def of_several(first: int) -> None:
        for b in waiting[first::tasks]:
            of_one(b)

    for _ in _pool(threads()).map(of_several, range(min(tasks, len(waiting)))):
        pass  # drawn, so that an error in a thread is raised here
