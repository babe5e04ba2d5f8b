"""Atlases whose networks' outcomes were chosen instead of trained."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dynstudy.config import Replicate
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.launches import claim
from dynstudy.store.ledger import Landing, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage
from dynstudy.store.trials import add_cells
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.spec import StudySpec
from tests.planted import SMALL

ATLAS: dict[str, Any] = {
    "name": "atlas",
    "kind": "atlas",
    "loss": "dce",
    "pixels": [6, 4],
    "tile": 3,
    "protocol": SMALL["protocol"],
    "space": {
        "learning_rate": 1.0,
        "amplitude": {"low": 2, "high": 200, "log": True},
        "period": {"low": 10, "high": 40, "log": True},
        "width": 5,
    },
}
"""A study file: an atlas of 6 x 4 pixels in tiles of 3 x 3, those on top of 3 x 1."""

NOISY: dict[str, Any] = ATLAS["space"] | {"period": 20, "noise": {"low": 0.1, "high": 0.7}}
"""A space of it whose axes are amplitude and noise."""

AtlasMaker = Callable[..., AtlasSpec]


def small_atlas(**changes: Any) -> AtlasSpec:
    """The small atlas; keywords replace its keys."""
    spec = StudySpec.of(ATLAS | changes)
    assert isinstance(spec, AtlasSpec)
    return spec


def accuracy_of(column: int, row: int) -> float:
    """What is planted: a share of 90 validation points."""
    return (30 + 5 * column + row) / 90


def plant_atlas(storage: Storage, spec: AtlasSpec, pixels: int | None = None) -> None:
    """Plant an atlas by a launch of its own, or the first so many pixels of it, with its trials.

    Args:
        storage: the database.
        spec: the atlas; it is opened.
        pixels: if it was interrupted after so many, coarse to fine.
    """
    study = storage.open_study(spec)
    trainer = Trainer("cpu", "planted", "a processor", {"dynstudy": "1"})
    with claim(storage.engine, storage.study_id(study), spec, "cpu") as launch:
        ledger = AtlasLedger(storage.engine, spec)
        static = [
            _record(Replicate(cell.configuration, seed), 39 / 90, cell.reads, spec)
            for cell in spec.static_cells()
            for seed in cell.seeds
        ]
        ledger.add_all([Landing(static, trainer)], run_id=launch.id)
        x, y = spec.axes
        todo = [(column, row) for _, column, row in spec.missing(ledger.recorded)][:pixels]
        records = [
            _record(
                Replicate(spec.at(x.values[column], y.values[row]), spec.seed_of(column, row)),
                accuracy_of(column, row),
                (),
                spec,
            )
            for column, row in todo
        ]
        if records:
            ledger.add_all([Landing(records, trainer)], run_id=launch.id)
    lacking = ledger.lacking(spec.cells_ahead())
    whole = [cell for cell in spec.cells_ahead() if not lacking[cell.configuration]]
    add_cells(study, spec, Summaries(ledger, spec.baseline_seeds).of(whole))


def _record(
    replicate: Replicate, accuracy: float, reads: tuple[int, ...], spec: AtlasSpec
) -> Record:
    measures: dict[str, float | None] = {"val_accuracy": accuracy, "train_accuracy": 0.5}
    series = {}
    if replicate.configuration.static:
        right = round(accuracy * spec.protocol.data.validation_points_per_class)
        for name, number in ((TRAIN, 10), (VALIDATION, right)):
            series[name] = Series(reads, np.full((len(reads), 3), number))
    else:
        lost = min((replicate.configuration.amplitude or 0) / 200, 1)
        measures |= {"val_accuracy_before_tail": accuracy, "forgetting": lost}
        measures |= {"unrecovered": 0.0, "lasting": 0.1}
    return Record(replicate, None, measures, series)
