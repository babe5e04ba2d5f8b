"""Run an atlas: static losses first, then a network for each pixel, coarse to fine.

A tile becomes a trial once all its pixels and its static loss are recorded.
"""

from collections.abc import Iterator

import numpy as np
import optuna
from numpy.typing import NDArray

from dynstudy.config import Configuration, Replicate
from dynstudy.launch.replicates import NetworkTask
from dynstudy.launch.run_map import Seldom, add_trials
from dynstudy.launch.training import Training
from dynstudy.measure.measures import reads
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.study.kinds.atlas import STRIDES, AtlasSpec
from dynstudy.study.tried import finished
from dynstudy.train.loop import step_work

STAGES = {4: "every fourth pixel", 2: "every second pixel", 1: "all pixels"}
"""What completing the picture of each stride is called."""


def run_atlas(spec: AtlasSpec, study: optuna.Study, training: Training) -> tuple[int, int]:
    """Train and record until no pixel is missing: the atlas's cells, and those not trials yet."""
    ledger = training.ledger
    assert isinstance(ledger, AtlasLedger)
    x, y = spec.axes
    recorded = training.patiently(lambda: ledger.recorded)
    todo = [(row, column) for _, column, row in spec.missing(recorded)]
    work = _work(spec, todo)
    if todo:
        training.say_first()
        training.log(f"{spec.described()}: {_ahead(len(todo), bool(recorded.any()))}")
    static, tiles = spec.static_cells(), list(spec.tile_cells())
    of_static = sum(cell.replicates * step_work(cell.configuration.width) for cell in static)
    of_static *= spec.protocol.training_steps
    comparable = training.complete(static, share=of_static / (of_static + work))
    training.progress.expect(len(todo), work)
    training.reused += int(recorded.sum())

    left = np.zeros((len(y.tiles), len(x.tiles)), np.int64)
    for row, column in todo:
        left[y.tile_of[row], x.tile_of[column]] += 1
    trials = training.patiently(finished, study)
    summaries = Summaries(ledger, spec.baseline_seeds)
    waiting = {
        number: cell for number, cell in enumerate(tiles) if cell.configuration not in trials
    }

    def make_trials() -> None:
        if not comparable:
            return
        done = [number for number in waiting if not left.flat[number]]
        # a tile may be of networks that all come with a neighbour's pixels
        lacking = ledger.lacking([waiting[number] for number in done])
        whole = [number for number in done if not lacking[waiting[number].configuration]]
        ready = [waiting.pop(number) for number in whole]
        training.patiently(add_trials, study, spec, summaries, ready)

    if training.stopped and not comparable:
        return len(static) + len(tiles), len(static) + len(waiting)
    if comparable:
        training.patiently(add_trials, study, spec, summaries, static)
    seldom = Seldom(make_trials)
    seldom()
    for replicates in training.train_unreserved(_tasks(spec, recorded, training)):
        rows, columns = ledger.places(replicates)
        np.subtract.at(left, (y.tile_of[rows], x.tile_of[columns]), 1)
        seldom()
    make_trials()
    return len(static) + len(tiles), len(waiting) + (0 if comparable else len(static))


def _ahead(pixels: int, resumed: bool) -> str:
    coarse = f"every {STRIDES[0]}th row and column first"
    return f"{pixels} networks are left, {coarse}" if resumed else coarse


def _work(spec: AtlasSpec, pixels: list[tuple[int, int]]) -> float:
    """Units x steps of some pixels, by row and column."""
    x, y = spec.axes
    widths = np.full(len(pixels), float(spec.widest))
    for axis, numbers in ((y, [row for row, _ in pixels]), (x, [column for _, column in pixels])):
        if axis.name == "width" and pixels:
            widths = axis.values[numbers]
    return step_work(widths) * spec.protocol.training_steps


def _tasks(
    spec: AtlasSpec, recorded: NDArray[np.bool_], training: Training
) -> Iterator[NetworkTask]:
    x, y = spec.axes
    across, upwards = x.values.tolist(), y.values.tolist()
    for stride, column, row in spec.missing(recorded):
        training.progress.stage = STAGES[stride]
        configuration: Configuration = spec.at(across[column], upwards[row])
        replicate = Replicate(configuration, spec.seed_of(column, row))
        yield NetworkTask(replicate, reads(spec.protocol, (configuration.period or 0,)))
