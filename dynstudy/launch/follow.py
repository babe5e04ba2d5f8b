"""Follow networks through their training: accuracy and loss of each class over the steps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dynstudy.config import Configuration, Protocol, Replicate
from dynstudy.errors import DynstudyError
from dynstudy.launch.replicates import to_arrays
from dynstudy.measure.measure import CellReadings
from dynstudy.measure.measures import MEASURES, reads
from dynstudy.measure.window import tail_start
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train import Parameters
from dynstudy.train.backends import able, load
from dynstudy.train.ensemble import Demand, Readings

CURVE_POINTS = 300  # of one network, if nothing else is asked for
TRACE_POINTS = 40  # of an oscillation
CYCLES = 2  # traced
SETS = ("train", "validation")
SLICE_STEPS = 500

OnStep = Callable[[int], None] | None


@dataclass(frozen=True)
class Trace:
    """The networks of one cell over their last oscillations.

    The columns of `frame`: ``seed``, ``step`` (steps taken), ``set`` (``train``, ``validation``),
    ``class``, ``gamma`` (its weight in the loss at that step), ``accuracy`` and ``loss`` (the
    static loss on that class alone). A network that diverges has no more rows from there on.
    """

    frame: pd.DataFrame  # a row per seed, step, set and class
    period: int
    tail_start: int  # where A = 1 begins; the end of training where there is no tail
    kinds: dict[str, NDArray[np.float64]]
    """By kind of forgetting (F,), F networks stayed finite; the static loss's are not taken off."""
    diverged: int  # networks that did not


def train_curve(
    configuration: Configuration,
    protocol: Protocol,
    *,
    seed: int = 0,
    points: int = CURVE_POINTS,
    backend: str = "auto",
    progress: OnStep = None,
) -> pd.DataFrame:
    """Return what a network does at about `points` steps, from before the first to the end.

    A row per step, set and class, as in a `Trace` without its seed, and ``weight`` for ``gamma``.
    """
    stops = np.unique(np.linspace(0, protocol.steps, points + 1).round().astype(int)).tolist()
    frame, _ = _follow(configuration, protocol, [seed], stops, 0, backend, progress)
    return frame.drop(columns="seed").rename(columns={"gamma": "weight"})


def trace_cell(
    configuration: Configuration,
    protocol: Protocol,
    seeds: Sequence[int],
    *,
    oscillations: int | None = None,
    points: int = TRACE_POINTS,
    backend: str = "auto",
    progress: OnStep = None,
) -> Trace:
    """Return what the networks of a cell do over the last oscillations and in the tail.

    So many oscillations before the tail, two cycles (or all there are) if None; each at so many
    points, and the tail.

    Raises:
        DynstudyError: the cell has no oscillations or not as many, or all its networks diverged.
    """
    steps = _steps(configuration, protocol, oscillations, points)
    period = configuration.period or 0
    # where a map reads them, too, so that the kinds of forgetting are the map's
    stops = sorted({*steps, *reads(protocol, (period,))})
    frame, readings = _follow(configuration, protocol, seeds, stops, steps[0], backend, progress)
    if frame.empty:
        raise DynstudyError(
            f"{configuration}: all {len(seeds)} networks diverged before step {steps[0]}, where "
            "the trace begins"
        )
    finite = ~readings.diverged
    kinds = {
        name: measure.of(readings)[finite] for name, measure in MEASURES.items() if measure.net
    }
    begins = tail_start(protocol, configuration)
    return Trace(frame, period, begins, kinds, int((~finite).sum()))


def _follow(
    configuration: Configuration,
    protocol: Protocol,
    seeds: Sequence[int],
    stops: Sequence[int],
    begins: int,
    backend: str,
    progress: OnStep,
) -> tuple[pd.DataFrame, CellReadings]:
    """Train networks: a row per seed, stop (from `begins` on), set and class, and all readings."""
    ensemble, data = to_arrays([Replicate(configuration, seed) for seed in seeds], protocol)
    classes, static = data.classes, LOSSES[LOSSES[configuration.loss].static]
    start, advance = load(able(backend, Demand.of(ensemble, data)))
    readings = Readings.empty(ensemble, np.tile(stops, (len(seeds), 1)), classes, trace=False)
    state = start(ensemble, data, Parameters.drawn(ensemble, classes, data.features), readings)
    losses = np.full((len(SETS), *readings.correct.shape), np.nan)  # (2, R, M, C)
    for reading, step in enumerate(_walk(partial(advance, state), stops, progress)):
        running = np.flatnonzero(readings.diverged_at < 0).tolist()
        if not running:
            break
        if step < begins:
            continue
        parameters = state.parameters()
        for b in running:
            trained_on = data.x[ensemble.training_set[b]], data.y
            sets = (trained_on, (data.validation_x, data.validation_y))
            for losses_of_set, (x, y) in zip(losses, sets, strict=True):
                output = _forward(parameters, x, b)
                losses_of_set[b, reading] = static.per_class(output, y, classes)

    correct, validation = (
        np.where(counts < 0, np.nan, counts)
        for counts in (readings.correct, readings.validation_correct)
    )
    diverged = readings.diverged_at >= 0
    read = CellReadings(protocol, configuration.period, tuple(stops), correct, validation, diverged)
    schedule = (each[0] for each in (ensemble.amplitude, ensemble.period, ensemble.tail_start))
    gamma = class_weights(np.minimum(stops, protocol.steps - 1), classes, *schedule)
    values = {
        "gamma": np.broadcast_to(gamma, losses.shape),
        "accuracy": np.stack([read.train_accuracy, read.validation_accuracy]),
        "loss": losses,
    }
    axes = [SETS, seeds, stops, range(classes)]
    index = pd.MultiIndex.from_product(axes, names=["set", "seed", "step", "class"])
    frame = pd.DataFrame({name: each.ravel() for name, each in values.items()}, index).reset_index()
    frame = frame[(frame.step >= begins) & frame.accuracy.notna()]
    order = ["seed", "step", "set", "class"]
    return frame.sort_values(order, ignore_index=True)[[*order, *values]], read


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


def _walk(
    advance: Callable[[int, int], None], stops: Sequence[int], progress: OnStep
) -> Iterator[int]:
    """Take a training to each of some steps, in slices short enough to be interrupted."""
    step = 0
    for stop in stops:
        while step < stop:
            count = min(SLICE_STEPS, stop - step)
            advance(step, count)
            step += count
            if progress is not None:
                progress(step)
        yield stop


def _forward(parameters: Parameters, x: np.ndarray, network: int) -> np.ndarray:
    """f(x) = relu(x W1 + b1) W2 + b2 of one network, in float64: (P, F) -> (P, C)."""
    W1, b1, W2, b2 = (array[network].astype(float) for array in vars(parameters).values())
    return np.maximum(x @ W1 + b1, 0) @ W2 + b2
