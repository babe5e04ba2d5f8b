"""Studies whose networks' curvature and loss along training are chosen instead of trained."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dynstudy.config import Configuration, Replicate
from dynstudy.measure.records import loss_steps, record_steps
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import Series
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from tests.planted import small_map

RATES, WIDTHS, EDGES = (0.1, 1.0), (5, 9), (1.0, 1.2, 1.7)


def training_map(curvature: Mapping[str, Any] | None = None, **changes: Any) -> MapSpec:
    """A study of the static cross-entropy that reads its curvature and its loss."""
    asked = {"records": {"per_decade": 4}, "onsets": False, "uphill": False, "loss": True}
    protocol = {"steps": 30_000, "tail": "none", "curvature": asked | dict(curvature or {})}
    space = {"learning_rate": list(RATES), "width": list(WIDTHS)}
    few = {"loss": "ce", "replicates": 3, "baseline_replicates": 3}
    return small_map(**(few | {"protocol": protocol, "space": space} | changes))


def plant_training(
    storage: Storage,
    spec: MapSpec,
    edges: Sequence[float | None] | Mapping[float, Sequence[float | None]] = EDGES,
) -> None:
    """Record networks whose λ̄η/2 is always this, None for one that diverged, in all static cells.

    Or each learning rate's; `EDGES` at those that are not named. λ1 is half of λ̄ before an even
    step and one and a half of it before an odd one. The loss F_k before step k is
    (seed + 1) / (k + 1).
    """
    storage.open_study(spec)
    records = []
    for cell in spec.grid_cells():
        configuration = cell.configuration
        if not configuration.static:
            continue
        if isinstance(edges, Mapping):
            of_cell = edges.get(configuration.learning_rate, EDGES)
        else:
            of_cell = edges
        protocol = spec.protocol.at(configuration.learning_rate)
        steps, ends = record_steps(protocol), np.array(loss_steps(protocol))
        harmonic = np.concatenate([[0], (1 / np.arange(1, ends[-1] + 1)).cumsum()])
        for seed, edge in enumerate(of_cell):
            series: dict[str, Series] = {}
            if edge is not None:
                middle = edge * 2 / configuration.learning_rate
                values = np.tile([middle, middle / 9, 1e-4, 1e-4], (len(steps), 1))
                values[:, 0] *= np.where(np.array(steps) % 2, 1.5, 0.5)
                series["eigenvalues"] = Series(steps, values)
                sums = (seed + 1) * harmonic[ends, None]
                series["loss"] = Series(tuple(ends.tolist()), sums)
            measures = {"val_accuracy": 0.4, "train_accuracy": 0.4}
            diverged_at = None if edge is not None else 7
            records.append(Record(Replicate(configuration, seed), diverged_at, measures, series))
    ledger = Ledger(storage.engine, spec.protocol)
    ledger.add(records, Trainer("cpu", "planted", "a processor", {}))


def static(width: int, rate: float) -> Configuration:
    """The cell of a width and a learning rate."""
    return Configuration("ce", width, rate)
