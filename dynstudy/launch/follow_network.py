"""Follow one network through its training: accuracy and loss of each class over the steps."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd

from dynstudy.config import Configuration, Protocol, Replicate
from dynstudy.launch.replicates import to_arrays
from dynstudy.measure.per_class import accuracy_per_class, loss_per_class
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train import Parameters
from dynstudy.train.backends import able, load
from dynstudy.train.ensemble import Demand, Readings

POINTS = 300
SLICE_STEPS = 500


def train_curve(
    configuration: Configuration,
    protocol: Protocol,
    *,
    seed: int = 0,
    points: int = POINTS,
    backend: str = "auto",
    progress: Callable[[int], None] | None = None,
) -> pd.DataFrame:
    """Train one network and read it on its way.

    Args:
        configuration: what is trained.
        protocol: on what and for how long.
        seed: of the replicate.
        points: about how many steps to read it at, evenly spaced from before the first step to the
            end.
        backend: see `dynstudy.train.train`.
        progress: called with the number of steps taken.

    Returns:
        A row per step, set (``train``, ``validation``) and class: ``step`` (steps taken), ``set``,
        ``class``, ``weight`` (the class's weight in the loss at that step), ``accuracy`` and
        ``loss`` (the static loss on that class alone). It ends early where the network diverges.

    Raises:
        BackendError: the backend is not on this machine.
    """
    ensemble, data = to_arrays([Replicate(configuration, seed)], protocol)
    classes = protocol.data.classes
    begin, advance = load(able(backend, Demand.of(ensemble, data)))
    none = np.full((1, 1), -1)
    readings = Readings.empty(ensemble, none, classes, trace=False)
    state = begin(ensemble, data, Parameters.drawn(ensemble, classes, data.features), readings)
    static = LOSSES[configuration.loss].static
    sets = (("train", data.x[0], data.y), ("validation", data.validation_x, data.validation_y))

    parts = []
    stops = np.unique(np.linspace(0, protocol.steps, points + 1).round().astype(int))
    for step in walk(partial(advance, state), stops.tolist(), progress):
        if readings.diverged_at[0] >= 0:
            break
        weights = class_weights(
            np.array([[min(step, protocol.steps - 1)]]),
            classes,
            ensemble.amplitude,
            ensemble.period,
            ensemble.tail_start,
        ).reshape(classes)
        for name, x, y in sets:
            output = forward(state.parameters(), x)
            parts.append(
                pd.DataFrame({
                    "step": step,
                    "set": name,
                    "class": np.arange(classes),
                    "weight": weights,
                    "accuracy": accuracy_per_class(output, y, classes),
                    "loss": loss_per_class(output, y, classes, static),
                })
            )
    return pd.concat(parts, ignore_index=True)


def walk(
    advance: Callable[[int, int], None],
    stops: Sequence[int],
    progress: Callable[[int], None] | None = None,
) -> Iterator[int]:
    """Take a training to each of some steps, in slices short enough to be interrupted.

    Args:
        advance: takes as many steps as its second argument says, from its first on.
        stops: ascending numbers of steps.
        progress: called with the number of steps taken.

    Yields:
        Each of the stops, when it is reached.
    """
    step = 0
    for stop in stops:
        while step < stop:
            count = min(SLICE_STEPS, stop - step)
            advance(step, count)
            step += count
            if progress is not None:
                progress(step)
        yield stop


def forward(parameters: Parameters, x: np.ndarray, network: int = 0) -> np.ndarray:
    """f(x) = relu(x W1 + b1) W2 + b2 of one network, in float64: (P, F) -> (P, C)."""
    W1, b1, W2, b2 = (
        array[network].astype(np.float64)
        for array in (parameters.W1, parameters.b1, parameters.W2, parameters.b2)
    )
    return np.maximum(x @ W1 + b1, 0) @ W2 + b2
