"""Any CPU, near its limit: a fused kernel per network, networks spread over threads.

Each network is a task of its own in a thread pool (the kernel releases the GIL), widest first.
Numba's ``prange`` was the first design; its OpenMP layer divides the networks statically whatever
``set_parallel_chunksize`` says, and on mixed widths the pool measured 1.3 to 1.6 times faster.
"""

import numpy as np

from dynstudy.task.optimiser import SGD
from dynstudy.train.backends import _fused
from dynstudy.train.backends._cpu_arrays import aligned, zeros
from dynstudy.train.backends._cpu_kernel import PAUSED, RUNNING, advance_network
from dynstudy.train.backends._cpu_lanczos import eigenpairs_at
from dynstudy.train.backends._cpu_momentum import sgd_numbers
from dynstudy.train.backends._cpu_onset import curvature_at_onset
from dynstudy.train.backends._cpu_state import NO_CLIMBS, State, nothing_yet, start
from dynstudy.train.backends._cpu_threads import in_threads, threads
from dynstudy.train.curvature import Curvature, Eigenpairs
from dynstudy.train.demand import Demand
from dynstudy.train.ensemble import Parameters

__all__ = ["advance", "refusal", "start", "threads"]

MOST_FEATURES = 8
"""Sums over inputs are unrolled: of more, a unit does not fit a processor's registers."""
READS_CLASS_LOSSES = True
"""For `dynstudy.train.backends`."""
TOGETHER = 8
"""Networks that a thread looks at in a row: a task takes about as long as a look."""
BLOCK = 64
"""Networks of a thread in a block: the last of them to end leaves no other thread idle for long."""


def block_size() -> int:
    """How many networks are worth a slice: a call takes long beside what it computes."""
    return BLOCK * threads()


def refusal(demand: Demand) -> str | None:
    """Why the kernel cannot train what is asked of it; None if it can."""
    optimiser = demand.optimiser
    if demand.features > MOST_FEATURES:
        return f"trains networks of at most {MOST_FEATURES} inputs, not of {demand.features}"
    if not isinstance(optimiser, SGD) or optimiser.batch != "full":
        return f"trains by sgd on all points, not by {optimiser}"
    if demand.onsets and not optimiser.plain:
        return f"watches for onsets of plain gradient descent, not of {optimiser}"
    return _fused.refusal(demand)


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

    in_threads(advance_one, state.running())
    state.steps = step + count


def _advance(state: State, b: int, step: int, end: int) -> int:
    """Take a network's steps from `step` to `end`, and say how it is."""
    ensemble, readings = state.ensemble, state.readings
    momentum = None
    if state.velocity:
        assert isinstance(ensemble.optimiser, SGD)
        if step == 0 < ensemble.optimiser.dampening and end > 1:  # which the first step is without
            if (code := _advance(state, b, 0, 1)) != RUNNING:
                return code
            step = 1
        momentum = sgd_numbers(ensemble.optimiser, first=step == 0)
    real = np.dtype(ensemble.dtype).type
    watch = state.watch[b] if state.watch else None
    code = advance_network(
        state.units[b],
        state.bias[b],
        state.training.of(ensemble.training_set[b]),
        state.validation.of(ensemble.training_set[b]),
        state.kind,
        real(ensemble.learning_rate[b]),
        state.velocity[b] if state.velocity else None,
        momentum and tuple(map(real, momentum)),
        ensemble.amplitude[b],
        ensemble.period[b],
        ensemble.tail_start[b],
        state.looked_up(b, step, end),
        state.points,
        step,
        end - step,
        state.checkpoints[b],
        readings.correct[b],
        readings.validation_correct[b],
        readings.losses[b],
        readings.class_losses[b] if readings.class_losses.size else None,
        watch.gradient if watch else None,
        *((watch.alternation, watch.onsets) if watch else nothing_yet()),
        state.values[b] if len(state.values) else None,
        state.climbs[b] if len(state.climbs) else NO_CLIMBS,
        len(readings.loss_sums.so_far) > 0,
        aligned(np.empty((state.bias.shape[1], len(state.training.y)), ensemble.dtype)),
        *(zeros(size, ensemble.dtype) for size in state.sizes),
    )
    if watch:
        onsets = readings.onsets
        onsets.first[b], onsets.first_end[b], onsets.count[b], onsets.ended[b] = watch.onsets
    climbs = readings.climbs
    if len(climbs.steps):
        climbs.steps[b], climbs.uphill[b], climbs.episodes[b] = state.climbs[b, :3]
    if len(readings.loss_sums.so_far):
        readings.loss_sums.so_far[b] = state.values[b, 1]
    return int(code)


def _look_at_onset(state: State, b: int, first: int) -> None:
    """Read curvature after the step of a network's first onset, and before: back a gradient."""
    ensemble, onsets = state.ensemble, state.readings.onsets
    above = state.sizes[0] + 1  # rows above those of the outputs
    gradient = state.watch[b].gradient.astype(float)
    if state.mean is not None:  # relative outputs are moved by the last class's gradient as well
        gradient[above:] += gradient[above:].sum(0)
    back = ensemble.learning_rate[b] * gradient
    before = state.units[b] + back[:, :-1], state.bias[b] + back[above:, -1:]
    here = state.units[b], state.bias[b]
    gammas = state.class_weights(b, np.array([first, first + 1]))
    for column, parameters, gamma in zip((0, 1), (before, here), gammas, strict=True):
        units, bias = (np.ascontiguousarray(each, ensemble.dtype) for each in parameters)
        read = curvature_at_onset((units, bias), state.training_set(b), state.kind, gamma)
        onsets.eigenvalues[b, column], onsets.differences[b, column] = read


def eigenpairs(state: State, step: int, curvature: Curvature) -> Eigenpairs:
    """Leading eigenpairs of the Hessians before step `step`, of all networks that run."""
    ensemble = state.ensemble
    (F, _, C), width = state.sizes, int(ensemble.width.max())
    shape = len(ensemble), curvature.count
    values, residuals = np.full((2, *shape), np.nan)
    rows, biases = np.zeros((*shape, F + 1 + C, width)), np.zeros((*shape, C))
    products = np.zeros(len(ensemble), int)
    gammas = ensemble.class_weights(step, C)

    def of_one(b: int) -> None:
        units = state.units[b]
        values[b], residuals[b], vectors, products[b] = eigenpairs_at(
            (units, state.bias[b]), state.training_set(b), state.kind, gammas[b], curvature
        )
        H = units.shape[1]
        rows[b, :, :, :H] = vectors[:, :-C].reshape(-1, F + 1 + C, H)
        biases[b] = vectors[:, -C:]

    in_threads(of_one, state.running(), TOGETHER)
    W2 = rows[:, :, F + 1 :].swapaxes(2, 3)
    vectors = Parameters.of_layers(rows[:, :, :F], rows[:, :, F], W2, biases)
    return Eigenpairs(values, residuals, vectors, products)
