"""Replicates to arrays and back: what the ledger speaks of, put into the engine's form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dynstudy.config import Protocol, Replicate, SpiralData
from dynstudy.measure.accuracy import accuracy
from dynstudy.measure.forgetting import forgetting, lasting
from dynstudy.measure.readings import forgetting_window, tail_start
from dynstudy.store.ledger import Record
from dynstudy.task.spiral import replicate_data_seed, spiral
from dynstudy.train import Data, Ensemble, Outcome, train


@dataclass(frozen=True)
class Task:
    """A network to train, and the steps at which to read it."""

    replicate: Replicate
    reads: tuple[int, ...]  # ascending, the end of training among them


def train_replicates(
    tasks: Sequence[Task],
    protocol: Protocol,
    backend: str = "auto",
    progress: Callable[[int], None] | None = None,
) -> tuple[list[Record], Outcome]:
    """Train networks of one loss in one engine call.

    Args:
        tasks: at least one network, all of the same loss.
        protocol: theirs.
        backend: see `dynstudy.train.train`.
        progress: see there.

    Returns:
        What to record, in the order of the tasks, and the engine's own outcome.

    Raises:
        BackendError: no such backend, or not on this machine.
    """
    ensemble, data = to_arrays([task.replicate for task in tasks], protocol)
    longest = max(len(task.reads) for task in tasks)
    checkpoints = np.full((len(tasks), longest), -1)
    for row, task in zip(checkpoints, tasks, strict=True):
        row[: len(task.reads)] = task.reads
    outcome = train(ensemble, data, backend=backend, checkpoints=checkpoints, progress=progress)
    records = [_record(task, protocol, outcome, b) for b, task in enumerate(tasks)]
    return records, outcome


def to_arrays(replicates: Sequence[Replicate], protocol: Protocol) -> tuple[Ensemble, Data]:
    """The engine's view of some replicates of one loss, and the data they are trained on."""
    (loss,) = {replicate.configuration.loss for replicate in replicates}
    configurations = [replicate.configuration for replicate in replicates]
    seeds = [replicate.seed for replicate in replicates]
    own_data = protocol.data.train_seed == "replicate"
    ensemble = Ensemble.of(
        loss,
        protocol.steps,
        width=[c.width for c in configurations],
        learning_rate=[c.learning_rate for c in configurations],
        amplitude=[c.amplitude or 1.0 for c in configurations],
        period=[c.period or 2 for c in configurations],
        tail_start=[tail_start(protocol, c) for c in configurations],
        seed=seeds,
        training_set=np.unique(seeds, return_inverse=True)[1].tolist() if own_data else 0,
        dtype=protocol.dtype,
    )
    return ensemble, draw_data(protocol.data, seeds)


def draw_data(data: SpiralData, seeds: Sequence[int]) -> Data:
    """The spirals of a protocol: one training set for all, or one per distinct seed, ascending."""
    drawn = [
        spiral(data.points_per_class, data.classes, data.turns, data.noise, seed)
        for seed in (
            [replicate_data_seed(seed) for seed in np.unique(seeds).tolist()]
            if data.train_seed == "replicate"
            else [int(data.train_seed)]
        )
    ]
    validation_x, validation_y = spiral(
        data.validation_points_per_class,
        data.classes,
        data.turns,
        data.noise,
        data.validation_seed,
    )
    return Data(np.stack([x for x, _ in drawn]), drawn[0][1], validation_x, validation_y)


def _record(task: Task, protocol: Protocol, outcome: Outcome, b: int) -> Record:
    data, configuration = protocol.data, task.replicate.configuration
    count = len(task.reads)
    correct = outcome.correct[b, :count]
    validation_correct = outcome.validation_correct[b, :count]
    diverged = bool(outcome.diverged[b])
    before_tail = lost = missing = lasts = None
    if configuration.period is not None and not diverged:
        place = {step: index for index, step in enumerate(task.reads)}
        start = validation_correct[place[tail_start(protocol, configuration)]]
        before_tail = float(accuracy(start, data.validation_points_per_class))
        span = forgetting_window(protocol, configuration.period)
        per_class = validation_correct[None] / data.validation_points_per_class
        middle = per_class[:, [place[step] for step in span.middles.tolist()]]
        end = per_class[:, [place[step] for step in span.ends.tolist()]]
        lost, missing = map(_known, forgetting(middle, end, span.first))
        lasts = _known(lasting(end, per_class[:, -1], span.first))
    return Record(
        task.replicate,
        int(outcome.diverged_at[b]) if diverged else None,
        float(accuracy(correct[-1], data.points_per_class, diverged)),
        float(accuracy(validation_correct[-1], data.validation_points_per_class, diverged)),
        before_tail,
        lost,
        missing,
        task.reads,
        correct,
        validation_correct,
        lasts,
    )


def _known(measure: np.ndarray) -> float | None:
    """What is said of one network, None where it is undefined."""
    return None if np.isnan(measure[0]) else float(measure[0])
