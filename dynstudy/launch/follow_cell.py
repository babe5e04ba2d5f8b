"""Follow all networks of a cell through their last oscillations, and through the tail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dynstudy.config import Configuration, Protocol, Replicate
from dynstudy.errors import DynstudyError
from dynstudy.launch.follow_network import forward, walk
from dynstudy.launch.replicates import to_arrays
from dynstudy.measure.measures import MEASURES, reads
from dynstudy.measure.per_class import loss_per_class
from dynstudy.measure.readings import CellReadings
from dynstudy.measure.window import tail_start
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train import Parameters
from dynstudy.train.backends import able, load
from dynstudy.train.ensemble import Demand, Readings

CYCLES = 2  # traced, if nothing else is asked for
POINTS = 40  # of an oscillation
SETS = ("train", "validation")


@dataclass(frozen=True)
class Trace:
    """The networks of one cell over their last oscillations."""

    frame: pd.DataFrame  # a row per seed, step, set and class
    period: int
    tail_start: int  # where A = 1 begins; the end of training where there is no tail
    kinds: dict[str, NDArray[np.float64]]  # by kind of forgetting (F,), F networks stayed finite
    diverged: int  # networks that did not


def trace_cell(
    configuration: Configuration,
    protocol: Protocol,
    seeds: Sequence[int],
    *,
    oscillations: int | None = None,
    points: int = POINTS,
    backend: str = "auto",
    progress: Callable[[int], None] | None = None,
) -> Trace:
    """Train the networks of a cell and read them closely over the last oscillations and the tail.

    Args:
        configuration: the cell, of a dynamical loss.
        protocol: on what and for how long.
        seeds: of the networks, at least one.
        oscillations: how many before the tail; two cycles (or all there are) if None.
        points: at how many steps each is read, and the tail.
        backend: see `dynstudy.train.train`.
        progress: called with the number of steps taken.

    Returns:
        The trace. The columns of its frame: ``seed``, ``step`` (steps taken), ``set`` (``train``,
        ``validation``), ``class``, ``gamma`` (its weight in the loss at that step), ``accuracy``
        and ``loss`` (the static loss on that class alone). A network that diverges has no more rows
        from there on. The kinds of forgetting are those that a map reads, before the static loss's
        are taken off.

    Raises:
        DynstudyError: the cell has no oscillations or not as many, or all its networks diverged.
        BackendError: the backend is not on this machine.
    """
    steps = _steps(configuration, protocol, oscillations, points)
    period, classes = configuration.period or 0, protocol.data.classes
    # where a map reads them, too, so that the kinds of forgetting are the map's
    stops = sorted({*steps, *reads(protocol, (period,))})
    ensemble, data = to_arrays([Replicate(configuration, seed) for seed in seeds], protocol)
    begin, advance = load(able(backend, Demand.of(ensemble, data)))
    readings = Readings.empty(ensemble, np.tile(stops, (len(seeds), 1)), classes, trace=False)
    state = begin(ensemble, data, Parameters.drawn(ensemble, classes, data.features), readings)

    static = LOSSES[configuration.loss].static
    losses = np.full((len(SETS), *readings.correct.shape), np.nan)  # (2, R, M, C)
    for reading, step in enumerate(walk(partial(advance, state), stops, progress)):
        if step < steps[0]:
            continue
        parameters = state.parameters()
        for b in np.flatnonzero(readings.diverged_at < 0).tolist():
            trained_on = data.x[ensemble.training_set[b]], data.y
            sets = (trained_on, (data.validation_x, data.validation_y))
            for losses_of_set, (x, y) in zip(losses, sets, strict=True):
                output = forward(parameters, x, b)
                losses_of_set[b, reading] = loss_per_class(output, y, classes, static)

    counts = np.stack([readings.correct, readings.validation_correct]).astype(float)
    counts[counts < 0] = np.nan
    sizes = protocol.data.points_per_class, protocol.data.validation_points_per_class
    accuracies = counts / np.reshape(sizes, (2, 1, 1, 1))
    finite = readings.diverged_at < 0
    first = stops.index(steps[0])
    frame = _frame(accuracies[:, :, first:], losses[:, :, first:], seeds, stops[first:])
    if frame.empty:
        raise DynstudyError(
            f"{configuration}: all {len(seeds)} networks diverged before step {steps[0]}, where "
            "the trace begins"
        )
    gamma = class_weights(
        np.minimum(stops, protocol.steps - 1),
        classes,
        configuration.amplitude or 1.0,
        period,
        tail_start(protocol, configuration),
    )
    index_of = {step: index for index, step in enumerate(stops)}
    frame.insert(4, "gamma", gamma[frame.step.map(index_of), frame["class"]])
    correct, validation_correct = counts[:, finite]
    none = np.zeros(len(correct), bool)
    read = CellReadings(protocol, period, tuple(stops), correct, validation_correct, none)
    kinds = {name: measure.of(read) for name, measure in MEASURES.items() if measure.net}
    begins = tail_start(protocol, configuration)
    return Trace(frame, period, begins, kinds, int((~finite).sum()))


def _steps(
    configuration: Configuration, protocol: Protocol, oscillations: int | None, points: int
) -> list[int]:
    """The steps that are traced."""
    if configuration.period is None:
        raise DynstudyError(
            f"{configuration} is static: it has no oscillations; dynstudy train follows a network"
        )
    ends = tail_start(protocol, configuration)
    there = ends // configuration.period
    count = min(there, CYCLES * protocol.data.classes) if oscillations is None else oscillations
    if not 1 <= count <= there:
        raise DynstudyError(
            f"{count} oscillations: {configuration} has 1 to {there} before its tail"
        )
    begins = ends - count * configuration.period
    dynamical = np.linspace(begins, ends, count * points + 1)
    tail = np.linspace(ends, protocol.steps, points + 1)
    return np.unique(np.concatenate([dynamical, tail]).round().astype(int)).tolist()


def _frame(
    accuracies: NDArray[np.float64],
    losses: NDArray[np.float64],
    seeds: Sequence[int],
    steps: Sequence[int],
) -> pd.DataFrame:
    """(2, R, M, C) as rows, seed after seed, without those that were not read."""
    axes = [SETS, seeds, steps, range(accuracies.shape[-1])]
    index = pd.MultiIndex.from_product(axes, names=["set", "seed", "step", "class"])
    values = {"accuracy": accuracies.ravel(), "loss": losses.ravel()}
    frame = pd.DataFrame(values, index=index).dropna(subset="accuracy").reset_index()
    order = ["seed", "step", "set", "class"]
    return frame.sort_values(order, ignore_index=True)[[*order, "accuracy", "loss"]]
