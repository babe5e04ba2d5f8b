"""Train an ensemble on a backend, in slices short enough to be interrupted between them.

A slice of very many networks would be a few steps of each, and the calls would take longer than the
steps. So a backend is given as many networks as it wants at a time, and trains them to their end.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from dynstudy.arrays import whole_numbers
from dynstudy.errors import nearest
from dynstudy.task.losses import LOSSES
from dynstudy.task.network import Network
from dynstudy.task.schedule import SCHEDULES
from dynstudy.train._looks import Looks
from dynstudy.train._read_here import read_as_ended
from dynstudy.train.backends import able, block_size, load, reads_class_losses
from dynstudy.train.curvature import Curvature
from dynstudy.train.demand import Demand
from dynstudy.train.ensemble import Data, Ensemble, Parameters
from dynstudy.train.readings import Outcome, Readings, Spectra

SLICE_SECONDS = 0.4
UNITS_BESIDE = 8
"""A step costs about as much as (width + this) units: softmax, loops and calls."""


def step_work(width: ArrayLike) -> float:
    """What one step of networks of these widths takes: their units, and what else, as units."""
    return float((np.asarray(width) + UNITS_BESIDE).sum())


def train(
    ensemble: Ensemble,
    data: Data,
    *,
    backend: str = "auto",
    checkpoints: ArrayLike,
    initial: Parameters | None = None,
    trace: bool = False,
    class_losses: bool = False,
    curvature: Curvature | None = None,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Train all networks of an ensemble by full-batch gradient descent.

    Args:
        ensemble: the networks.
        data: what they are trained and read on.
        backend: ``"cpu"``, ``"gpu"``, ``"gpu:NUMBER"`` for another card than the first,
            ``"autograd"``, ``"autograd:DEVICE"``, or ``"auto"``: gpu where there is a card that it
            can use, else cpu, else (for what neither can train) autograd.
        checkpoints: (B, M) or (M,), the numbers of steps after which each network's accuracies are
            read, in ascending order, rows padded at their end with -1. 0 is before the first step.
        initial: parameters to start from instead of the draw of each network's seed.
        trace: keep the loss before every step, B·S float64 numbers.
        class_losses: read the static loss's mean over each class of both sets at the checkpoints.
        curvature: read eigenvalues of the Hessian, multipliers, and sums of the loss, before these
            steps, S at most.
        progress: called with the number of steps taken, the mean over the networks, at least about
            twice a second; what it raises stops the training and is passed on.

    Returns:
        The parameters at the end, the readings, and which networks diverged.

    Raises:
        ValueError: an argument has the wrong shape or a value that would train something else.
        BackendError: no such backend, or not on this machine, or it cannot train such networks.

    >>> from dynstudy.task.spiral import spiral
    >>> x, y = spiral(100, 3, turns=2.0, noise=0.2, seed=0)
    >>> networks = Ensemble.of("dce", 50, width=[5, 20], learning_rate=1.0, amplitude=9, period=10)
    >>> outcome = train(networks, Data(x[None], y, x, y), backend="autograd", checkpoints=[0, 50])
    >>> outcome.correct.shape, outcome.diverged.tolist()
    ((2, 2, 3), [False, False])
    """
    steps_to_read = _checked_checkpoints(ensemble, checkpoints)
    _check(ensemble, data)
    if initial is not None:
        _check_initial(initial, ensemble, data)
    asked = curvature or Curvature()  # which reads nothing
    records, floquet = asked.steps, asked.multipliers
    looks_at = records + floquet + asked.loss_steps
    if (last := max(looks_at, default=0)) > ensemble.steps:
        raise ValueError(f"curvature at step {last} is beyond the last, {ensemble.steps}")
    if floquet:
        load("autograd")  # which finds them, before anything is trained
    watched = asked.onsets, asked.climbs, bool(asked.loss_steps)
    backend = able(backend, Demand.of(ensemble, data, *watched))
    start, advance = load(backend)
    readings = Readings.empty(
        ensemble,
        steps_to_read,
        data.classes,
        trace,
        class_losses,
        asked.onsets,
        asked.climbs,
        asked.until_onset,
        len(asked.loss_steps),
    )
    # what a backend does not read by itself is read here, at each checkpoint
    read_here = class_losses and not reads_class_losses(backend)
    reads = np.unique(steps_to_read[steps_to_read >= 0]) if read_here else np.empty(0, int)
    stops = np.union1d(reads, np.array(looks_at, int))
    count = asked.count if curvature else 0
    spectra = Spectra.empty(len(ensemble), len(records), count, len(floquet))
    parameters: list[Parameters] = []
    pace = 0.0  # units x steps per second, as far as is known
    for members in _blocks(len(ensemble), block_size(backend)):
        part = ensemble.part(members)
        if initial is None:
            first = Parameters.drawn(part, data.classes, data.features)
        else:
            first = initial.part(members)
        training_sets, part_sets = np.unique(part.training_set, return_inverse=True)
        task = replace(part, training_set=part_sets), data.of_sets(training_sets)
        part_readings = readings.part(members)
        state = start(*task, first, part_readings)
        looks = Looks(backend, *task, part_readings, spectra.part(members), reads, asked)
        looks.read(state, 0)
        work, step = step_work(part.width), 0
        while step < ensemble.steps:
            stop = min(stops[stops > step].min(initial=ensemble.steps), ensemble.steps)
            wanted = max(1, int(SLICE_SECONDS * pace / work))
            count = min(wanted, int(stop) - step)
            began = time.perf_counter()
            advance(state, step, count)
            step += count
            if progress is not None:
                progress((members.start * ensemble.steps + len(part) * step) // len(ensemble))
            # Grow towards the target with care: the first calls also compile and fill caches.
            seconds = max(time.perf_counter() - began, 1e-6)
            if count == wanted:  # what ends at a stop may be too short to tell
                pace = work * count * min(4.0 / SLICE_SECONDS, 1 / seconds)
            looks.read(state, step)
        parameters.append(state.parameters())
        if asked.until_onset:
            read_as_ended(parameters[-1], *task, part_readings)
    return Outcome(
        Parameters.joined(parameters),
        readings.correct,
        readings.validation_correct,
        readings.losses,
        readings.diverged_at,
        readings.class_losses,
        spectra,
        readings.onsets,
        readings.climbs,
        readings.loss_sums.at,
        state.name,
        state.device,
    )


def _blocks(networks: int, size: int | None) -> Iterator[slice]:
    """Cut networks into blocks; one block if size is None."""
    size = size or networks
    for first in range(0, networks, size):
        yield slice(first, min(first + size, networks))


def _checked_checkpoints(ensemble: Ensemble, checkpoints: ArrayLike) -> np.ndarray:
    steps = whole_numbers("checkpoints", checkpoints)
    if steps.size == 0 or not steps.ndim or steps.shape[:-1] not in {(), (len(ensemble),)}:
        raise ValueError(
            f"checkpoints must be (M,) or ({len(ensemble)}, M), at least one, not {steps.shape}"
        )
    steps = np.array(np.broadcast_to(steps, (len(ensemble), steps.shape[-1])))
    following, preceding = steps[:, 1:], steps[:, :-1]
    ascending = (following > preceding) & (preceding >= 0) | (following == -1)
    if not ascending.all() or steps.max(initial=-1) > ensemble.steps or steps.min(initial=-1) < -1:
        raise ValueError(
            f"checkpoints must ascend from 0 to {ensemble.steps} steps, padded with -1 at the end"
        )
    return steps


def _check(ensemble: Ensemble, data: Data) -> None:
    if ensemble.loss not in LOSSES:
        hint = nearest(ensemble.loss, LOSSES)
        raise ValueError(f"loss {ensemble.loss!r} is not one of {', '.join(LOSSES)}{hint}")
    if ensemble.dtype not in {"float32", "float64"}:
        raise ValueError(f"dtype {ensemble.dtype!r} is not one of float32, float64")
    if ensemble.schedule not in SCHEDULES:
        hint = nearest(ensemble.schedule, SCHEDULES)
        raise ValueError(
            f"schedule {ensemble.schedule!r} is not one of {', '.join(SCHEDULES)}{hint}"
        )
    if ensemble.steps < 1:
        raise ValueError(f"networks are trained for at least one step, not {ensemble.steps}")
    settings = ("loss", "steps", "dtype", "network", "optimiser", "schedule")
    shapes = {name: np.shape(each) for name, each in vars(ensemble).items() if name not in settings}
    for name, shape in shapes.items():
        if shape != (len(ensemble),):
            raise ValueError(f"{name} must be ({len(ensemble)},), one a network, not {shape}")
    if not len(ensemble) or ensemble.width.min() < 1:
        raise ValueError("an ensemble needs at least one network, and a network at least one unit")
    if (
        not ((ensemble.amplitude >= 1) & (ensemble.amplitude < np.inf)).all()
        or ensemble.period.min() < 2
    ):
        raise ValueError("amplitudes must be finite and at least 1, periods at least 2 steps")
    if not ((ensemble.learning_rate > 0) & (ensemble.learning_rate < np.inf)).all():
        raise ValueError("learning rates must be finite and above 0")
    if ensemble.seed.min() < 0 or ensemble.tail_start.min() < 0:
        raise ValueError("seeds and starts of tails must be at least 0")
    if not 0 <= ensemble.training_set.min() <= ensemble.training_set.max() < len(data.x):
        raise ValueError(f"training_set must name one of the {len(data.x)} training sets")
    if max(np.abs(data.x).max(), np.abs(data.validation_x).max()) > np.finfo(ensemble.dtype).max:
        raise ValueError(f"a point is beyond what {ensemble.dtype} can hold")
    if not LOSSES[ensemble.loss].dynamical and (ensemble.amplitude != 1).any():
        raise ValueError(f"{ensemble.loss} is static: its amplitudes must be 1")


def _check_initial(initial: Parameters, ensemble: Ensemble, data: Data) -> None:
    if not isinstance(ensemble.network, Network):
        _check_state(initial, ensemble, data)
        return
    first, last = (initial.arrays[name] for name in ensemble.network.first_and_last)
    (batch, features, width), classes = first.shape, last.shape[-1]
    if (batch, features, classes) != (len(ensemble), data.features, data.classes):
        raise ValueError(
            f"initial has {batch} networks of {features} inputs and {classes} outputs; needed are "
            f"{len(ensemble)} of {data.features} and {data.classes}"
        )
    for name, shape in ensemble.network.shapes(width, features, classes).items():
        if (given := initial.arrays[name].shape) != (batch, *shape):
            needed = f"beside its W1 it must be {(batch, *shape)}"
            raise ValueError(f"initial has {name} {given}; {needed}")
    if width < ensemble.width.max():
        raise ValueError(f"initial has {width} units, the widest network {ensemble.width.max()}")


def _check_state(initial: Parameters, ensemble: Ensemble, data: Data) -> None:
    """Of modules: all that their state is, as large as the widest needs it."""
    needed = ensemble.network.shapes(int(ensemble.width.max()), data.features, data.classes)
    if (given := initial.arrays.keys()) != needed.keys():
        raise ValueError(f"initial has {', '.join(given)}; needed are {', '.join(needed)}")
    for name, shape in needed.items():
        batch, *others = initial.arrays[name].shape
        if (batch, len(others)) != (len(ensemble), len(shape)) or np.any(np.less(others, shape)):
            raise ValueError(
                f"initial has {name} {(batch, *others)}; needed is {(len(ensemble), *shape)}"
            )
