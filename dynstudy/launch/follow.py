"""Follow networks through their training: accuracy and loss of each class over the steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dynstudy.config import Configuration, Replicate
from dynstudy.errors import DynstudyError
from dynstudy.launch.replicates import trained
from dynstudy.measure.measure import POINTS, CellReadings
from dynstudy.measure.measures import MEASURES, reads
from dynstudy.measure.window import tail_start
from dynstudy.protocol import Protocol

CURVE_POINTS = 300  # of one network, if nothing else is asked for
TRACE_POINTS = 40  # of an oscillation
CYCLES = 2  # traced
GOLDEN = (5**0.5 - 1) / 2
SETS = ("train", "validation")

OnStep = Callable[[int], None] | None


@dataclass(frozen=True)
class Trace:
    """The networks of one cell over their last oscillations.

    The columns of `frame`: ``seed``, ``step`` (steps taken), ``set`` (``train``, ``validation``),
    ``class``, ``gamma`` (its weight in the loss at that step), ``accuracy`` and ``loss`` (the
    static loss on that class alone); where classes differ in size, ``points`` of it. A network that
    diverges has no more rows from there on.
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

    They are spread evenly, and over all phases of an oscillation, however long that is.
    A row per step, set and class, as in a `Trace` without its seed, and ``weight`` for ``gamma``.
    """
    protocol = protocol.at(configuration.learning_rate)
    stops = _spread(protocol.training_steps, points)
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
    protocol = protocol.at(configuration.learning_rate)
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
    ensemble, data, outcome = trained(
        [Replicate(configuration, seed) for seed in seeds],
        protocol,
        backend=backend,
        checkpoints=stops,
        class_losses=True,
        progress=progress,
    )
    correct, validation = (
        np.where(counts < 0, np.nan, counts)
        for counts in (outcome.correct, outcome.validation_correct)
    )
    steps, classes = np.array(stops), data.classes
    period = configuration.period
    read = CellReadings(protocol, period, tuple(stops), correct, validation, outcome.diverged)
    last = protocol.training_steps - 1
    gamma = ensemble.class_weights(np.minimum(steps, last)[:, None], classes)[:, 0]
    # from here on (R, M, 2, C), as far as the networks were finite
    accuracy = np.stack([read.train_accuracy, read.validation_accuracy], axis=2)
    loss = outcome.class_losses
    rows = (steps >= begins)[None, :, None, None] & np.isfinite(accuracy) & np.isfinite(loss)
    axes = np.ix_(np.array(seeds), steps, np.array(SETS), np.arange(classes))
    columns = dict(zip(("seed", "step", "set", "class"), axes, strict=True))
    columns |= {"gamma": gamma[:, None], "accuracy": accuracy, "loss": loss}
    points = np.stack([protocol.data.training_points, protocol.data.validation_points])
    if (points != points[:, :1]).any():
        columns[POINTS] = points
    frame = pd.DataFrame({
        name: np.broadcast_to(values, rows.shape)[rows] for name, values in columns.items()
    })
    return frame, read


def _spread(steps: int, points: int) -> list[int]:
    """Return one step of each of so many equal parts, at another place in each, and the end.

    Parts as long as an oscillation, or several, would be read at the same phase of all of them; by
    multiples of the golden ratio, places fill any interval evenly.
    """
    part = np.arange(points)
    places = part * GOLDEN % 1
    chosen = ((part + places) * steps / points).astype(int)
    return np.unique([0, *chosen, steps]).tolist()


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
    tail = np.linspace(ends, protocol.training_steps, points + 1)
    return np.unique(np.concatenate([dynamical, tail]).round().astype(int)).tolist()
