"""Replicates to arrays and back: what the ledger speaks of, put into the engine's form."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Ints
from dynstudy.config import Configuration, Replicate
from dynstudy.errors import DynstudyError
from dynstudy.measure.measures import MEASURES, reads
from dynstudy.measure.records import EIGENVALUES, LOSS, ONSETS, SMALLEST, UPHILL, loss_steps
from dynstudy.measure.window import tail_start
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Record
from dynstudy.store.series import TRAIN, VALIDATION, ReadNetwork, Series, to_readings
from dynstudy.task.data.task_data import Points
from dynstudy.train import Curvature, Data, Ensemble, Outcome, Parameters, train

DIGITS = 9
"""Of an eigenvalue that is recorded, and of its residual; more would be noise."""


@dataclass(frozen=True)
class NetworkTask:
    """A network to train, and the steps at which to read it."""

    replicate: Replicate
    reads: tuple[int, ...]  # ascending, the end of training among them
    records: tuple[int, ...] = ()  # ascending: those before which eigenvalues are read
    eigenvalues: int = 1  # how many of the largest

    @property
    def steps(self) -> int:
        """Of its training."""
        return self.reads[-1]


def train_replicates(
    tasks: Sequence[NetworkTask],
    protocol: Protocol,
    backend: str = "auto",
    progress: Callable[[int], None] | None = None,
) -> tuple[list[Record], Outcome]:
    """Train networks of one loss and as many steps in one engine call.

    Returns:
        What to record of each, in their order, and what the engine returned.
    """
    longest = max(len(task.reads) for task in tasks)
    checkpoints = np.full((len(tasks), longest), -1)
    for row, task in zip(checkpoints, tasks, strict=True):
        row[: len(task.reads)] = task.reads
    records = tuple(sorted({step for task in tasks for step in task.records}))
    of_rate = protocol.at(tasks[0].replicate.configuration.learning_rate)
    curvature = watched(of_rate, records, max(task.eigenvalues for task in tasks))
    _, _, outcome = trained(
        [task.replicate for task in tasks],
        protocol,
        backend=backend,
        checkpoints=checkpoints,
        curvature=curvature,
        progress=progress,
    )
    return _records(tasks, protocol, outcome, curvature), outcome


def watched(
    protocol: Protocol, records: tuple[int, ...] = (), eigenvalues: int = 0
) -> Curvature | None:
    """Return what the engine is to read of the landscape, at these steps; None where nothing is.

    Of eigenvalues, at least as many as the protocol asks for.
    """
    asked = protocol.curvature
    if asked is None:
        return None
    largest = max(asked.eigenvalues, eigenvalues)
    return Curvature(
        records,
        largest,
        int(asked.smallest),
        onsets=asked.onsets,
        climbs=asked.uphill,
        until_onset=protocol.until is not None,
        loss_steps=loss_steps(protocol),
    )


def train_cell(
    configuration: Configuration, protocol: Protocol, seeds: Iterable[int], backend: str
) -> tuple[list[Record], Outcome]:
    """As `train_replicates`, of one configuration by itself, read as its own measures need."""
    periods = () if configuration.period is None else (configuration.period,)
    steps = reads(protocol, periods)
    tasks = [NetworkTask(Replicate(configuration, seed), steps) for seed in seeds]
    return train_replicates(tasks, protocol, backend)


def trained(
    replicates: Sequence[Replicate], protocol: Protocol, steps: int | None = None, **how: Any
) -> tuple[Ensemble, Data, Outcome]:
    """Train some replicates of one loss in one engine call, from where their protocol says.

    Args:
        replicates: the networks.
        protocol: how they are trained; `SpecError` where what they start from is not there.
        steps: the first so many; all, if None.
        how: of `dynstudy.train.train`, what else it takes.

    Returns:
        The engine's view of them, and what came out.
    """
    ensemble, data = to_arrays(replicates, protocol)
    if steps is not None:
        ensemble = replace(ensemble, steps=steps)
    if protocol.initial is not None:
        how["initial"] = started(ensemble, data, protocol)
    return ensemble, data, train(ensemble, data, **how)


def started(ensemble: Ensemble, data: Data, protocol: Protocol) -> Parameters:
    """Where networks start: at the draw of their seeds, or where their protocol says."""
    if protocol.initial is None:
        return Parameters.drawn(ensemble, data.classes, data.features)
    arrays = protocol.initial.arrays(data.classes, ensemble.dtype, data.features)
    return Parameters.of_layers(*(np.repeat(array[None], len(ensemble), 0) for array in arrays))


def to_arrays(replicates: Sequence[Replicate], protocol: Protocol) -> tuple[Ensemble, Data]:
    """Return the engine's view of replicates of one loss and one number of steps, and their data.

    Raises:
        DynstudyError: a seed that would be the network of seed 0 again.
    """
    configurations = [replicate.configuration for replicate in replicates]
    (loss,) = {configuration.loss for configuration in configurations}
    (steps,) = {protocol.at(each.learning_rate).training_steps for each in configurations}
    seeds = [replicate.seed for replicate in replicates]
    if protocol.one_network and any(seeds):
        raise DynstudyError(
            f"seed {max(seeds)}: networks that start from one file on one training set are one "
            "network, of seed 0; leave the seed out"
        )
    sets, data = _points(replicates, protocol)
    ensemble = Ensemble.of(
        loss,
        steps,
        width=[c.width for c in configurations],
        learning_rate=[c.learning_rate for c in configurations],
        amplitude=[c.amplitude or 1.0 for c in configurations],
        period=[c.period or 2 for c in configurations],
        tail_start=[tail_start(protocol, c) for c in configurations],
        seed=seeds,
        training_set=sets.tolist(),
        dtype=protocol.dtype,
        network=protocol.network,
        optimiser=protocol.optimiser,
        schedule=protocol.schedule,
    )
    return ensemble, data


def _points(replicates: Sequence[Replicate], protocol: Protocol) -> tuple[Ints, Data]:
    """Which training set each network has, and all of them: those of each noise are others."""
    noises: dict[float | None, list[int]] = {}
    for b, replicate in enumerate(replicates):
        noises.setdefault(replicate.configuration.noise, []).append(b)
    sets, parts, count = np.zeros(len(replicates), int), list[Points](), 0
    for noise, members in noises.items():
        seeds = [replicates[b].seed for b in members]
        parts.append(protocol.with_noise(noise).data.points(seeds))
        each = np.unique(seeds, return_inverse=True)[1] if protocol.data.each_drawn else 0
        sets[members] = count + each
        count += len(parts[-1].x)
    if len(parts) == 1:
        return sets, Data(*parts[0])
    apart = [
        np.broadcast_to(part.validation_x, (len(part.x), *part.validation_x.shape[-2:]))
        for part in parts
    ]
    x, validation_x = np.concatenate([part.x for part in parts]), np.concatenate(apart)
    return sets, Data(x, parts[0].y, validation_x, parts[0].validation_y)


def _records(
    tasks: Sequence[NetworkTask], protocol: Protocol, outcome: Outcome, curvature: Curvature | None
) -> list[Record]:
    """What to record of each network, its measures from those of its cell together."""
    networks: list[ReadNetwork] = []
    alike: dict[tuple[float, int | None], list[int]] = {}  # what measures differ by
    for b, task in enumerate(tasks):
        diverged_at = int(outcome.diverged_at[b]) if outcome.diverged[b] else None
        counts = {TRAIN: outcome.correct[b], VALIDATION: outcome.validation_correct[b]}
        series = {name: _series(task.reads, correct) for name, correct in counts.items()}
        if curvature is not None:
            series |= _of_curvature(outcome, b, curvature, task)
        networks.append((diverged_at, series))
        configuration = task.replicate.configuration
        alike.setdefault((configuration.learning_rate, configuration.period), []).append(b)
    measures: dict[int, dict[str, float | None]] = {}
    for (rate, period), members in alike.items():
        read = to_readings(protocol.at(rate), period, [networks[b] for b in members], rate)
        values = np.array([measure.of(read) for measure in MEASURES.values()])
        for b, of_network in zip(members, values.T.tolist(), strict=True):
            defined = [None if math.isnan(value) else value for value in of_network]
            measures[b] = dict(zip(MEASURES, defined, strict=True))
    return [
        Record(task.replicate, diverged_at, measures[b], series)
        for b, (task, (diverged_at, series)) in enumerate(zip(tasks, networks, strict=True))
    ]


def _series(steps: tuple[int, ...], correct: NDArray[np.int32]) -> Series:
    """As far as the network was read: one that diverged was not, from there on."""
    count = int((correct[: len(steps), 0] >= 0).sum())
    return Series(steps[:count], correct[:count])


def _of_curvature(
    outcome: Outcome, b: int, curvature: Curvature, task: NetworkTask
) -> dict[str, Series]:
    """Return the series of curvature of network `b`.

    Of eigenvalues, the records that its task asks for; none from where it diverged or ended, and
    nan where its numbers overflowed before. Onsets and uphill steps are one reading, of its end:
    SQL finds them as it finds all else that was read, and they are joined with what is there in the
    same way.
    """
    steps_taken, stopped = task.steps, bool(outcome.diverged[b])
    if stopped:
        steps_taken = int(outcome.diverged_at[b])
    elif curvature.until_onset and outcome.onsets.first[b] >= 0:
        steps_taken, stopped = int(outcome.onsets.first[b]) + 1, True
    last = steps_taken - stopped
    steps = tuple(k for k in task.records if k <= last)
    rows = np.searchsorted(curvature.steps, steps)
    spectra = outcome.spectra
    values, residuals = (
        np.array([float(f"{value:.{DIGITS}g}") for value in each.ravel()]).reshape(each.shape)
        for each in (spectra.values[b, rows], spectra.residuals[b, rows])
    )
    read = {}
    if steps:
        largest = [values[:, : task.eigenvalues], residuals[:, : task.eigenvalues]]
        read[EIGENVALUES] = Series(steps, np.concatenate(largest, axis=1))
    if steps and curvature.smallest:
        smallest = np.stack([values[:, -1], residuals[:, -1]], axis=1)
        read[SMALLEST] = Series(steps, smallest)
    if curvature.onsets:
        onsets = outcome.onsets
        when = np.array([onsets.first[b], onsets.first_end[b]], float)
        never = np.where(when < 0, np.nan, when)
        many = onsets.count[b], onsets.ended[b]
        at_first = *onsets.eigenvalues[b], *onsets.differences[b]
        read[ONSETS] = Series((steps_taken,), np.array([[*never, *many, *at_first]]))
    if curvature.climbs:
        climbs = outcome.climbs
        counts = climbs.steps[b], climbs.uphill[b], climbs.episodes[b]
        read[UPHILL] = Series((steps_taken,), np.array([counts]))
    if curvature.loss_steps:
        steps = tuple(k for k in curvature.loss_steps if k <= last)
        sums = outcome.loss_sums[b, : len(steps), None]
        read[LOSS] = Series(steps, sums)
    return read
