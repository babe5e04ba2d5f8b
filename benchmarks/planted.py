"""A large study that was never trained: rows put into the ledger, for what only reads them."""

import math
from collections.abc import Iterator

import numpy as np

from dynstudy.config import Cell, Replicate
from dynstudy.measure.accuracy import standard_error
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage
from dynstudy.store.trials import FinishedCell, add_cells
from dynstudy.study.kinds.map import MapSpec

NAME = "planted"
REPLICATES = 10
WIDTHS = (20, 50, 100, 200)
PERIODS = 25
STATIC = 0.5  # accuracy of the static loss
BATCH = 2000  # networks that are recorded at once


def planted_spec(wanted: int) -> MapSpec:
    """A map of about so many dynamical cells: all widths, up to 25 periods, the rest amplitudes."""
    widths = WIDTHS[: max(1, min(len(WIDTHS), wanted // 4))]
    periods = max(1, min(PERIODS, math.isqrt(wanted // len(widths))))
    amplitudes = max(1, wanted // (len(widths) * periods))
    return MapSpec.model_validate({
        "name": NAME,
        "kind": "map",
        "loss": "dce",
        "replicates": REPLICATES,
        "space": {
            "learning_rate": 1.0,
            "amplitude": np.geomspace(3, 1000, amplitudes).tolist(),
            "period": np.geomspace(30, 3000, periods).round().astype(int).tolist(),
            "width": list(WIDTHS[: len(widths)]),
        },
    })


def plant(storage: Storage, spec: MapSpec) -> int:
    """Create a study and record outcomes for all its networks, and its trials.

    Static networks are recorded with the readings that a map takes from them; dynamical ones
    without, since a map reads only their measures.

    Args:
        storage: best one that holds nothing else.
        spec: the study.

    Returns:
        How many cells it has, baselines included.
    """
    study, ledger = storage.open_study(spec), Ledger(storage.engine, spec.protocol)
    rng = np.random.default_rng(0)
    batch: list[Record] = []
    finished: list[FinishedCell] = []

    def record() -> None:
        if batch:
            ledger.add(batch, Trainer("none", "planted", "none", {}))
            batch.clear()

    for cell in spec.grid_cells():
        records = list(_networks(cell, spec, rng))
        batch += records
        finished.append(_finished(ledger, records))
        if len(batch) >= BATCH:
            record()
    record()
    add_cells(study, spec, finished)
    return len(finished)


def _finished(ledger: Ledger, records: list[Record]) -> FinishedCell:
    configuration = records[0].replicate.configuration
    values = np.array([record.val_accuracy for record in records])
    mean, error = float(values.mean()), standard_error(values)
    attributes = {
        "sem": None if math.isnan(error) else error,
        "replicates": len(values),
        "diverged": 0,
    }
    if not configuration.static:
        lost = records[0].measures["forgetting"]
        attributes |= {"gain": mean - STATIC, "forgetting": lost}
    return FinishedCell(configuration, mean, attributes, ledger.key(configuration))


def _networks(cell: Cell, spec: MapSpec, rng: np.random.Generator) -> Iterator[Record]:
    """Gains in a band of amplitudes, forgetting beyond it, noise on both."""
    data = spec.protocol.data
    configuration = cell.configuration
    counts = np.tile(data.validation_points // 2, (len(cell.reads), 1))
    series = {TRAIN: Series(cell.reads, counts // 10), VALIDATION: Series(cell.reads, counts)}
    amplitude = configuration.amplitude or 1.0
    typical = min(amplitude / 1000, 1)
    mean = STATIC + 0.2 * (5 < amplitude < 100) - 0.2 * (amplitude > 400)
    for seed in cell.seeds:
        accuracy = float(np.clip(mean + rng.normal(0, 0.05), 0, 1))
        lost = None if configuration.static else typical * rng.uniform(0.7, 1)
        yield Record(
            Replicate(configuration, seed),
            diverged_at=None,
            measures={
                "train_accuracy": accuracy,
                "val_accuracy": accuracy,
                "val_accuracy_before_tail": None if configuration.static else accuracy,
                "forgetting": lost,
                "unrecovered": None if lost is None else lost / 2,
                "lasting": None if lost is None else lost / 4,
            },
            series=series if configuration.static else {},
        )
