"""Studies whose networks' first onsets of instabilities are chosen instead of trained."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dynstudy.config import Replicate
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import Series
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from tests.planted import SMALL, small_map

STABLE = 0.5  # λ̄ at the start, in units of 2/η


def instabilities_map(**changes: Any) -> MapSpec:
    """A study that watches for onsets, and reads whether networks are born unstable."""
    curvature = {"records": [0], "eigenvalues": 1, "uphill": False}
    protocol = SMALL["protocol"] | {"curvature": curvature}
    return small_map(protocol=protocol, **changes)


def onset(first: int, before: float, after: float, finite: float = np.nan) -> dict[str, Any]:
    """A network with an onset, λ1 there and a step later, and a finite difference at both."""
    return {"onsets": [first, np.nan, 1, 0, before, after, finite, finite]}


NEVER: dict[str, Any] = {"onsets": [np.nan, np.nan, 0, 0, *[np.nan] * 4]}
"""A network without one."""


def plant_onsets(
    storage: Storage, spec: MapSpec, networks: Mapping[tuple[float, float], Sequence[Any]]
) -> None:
    """Record networks of the cells of a learning rate and an amplitude, from seed 0 on.

    Each is what `onset` returns or `NEVER`, and may say ``start``, λ̄η/2 at the start (None where
    that was not read), and ``diverged_at``.
    """
    storage.open_study(spec)
    records = []
    for cell in spec.grid_cells():
        configuration = cell.configuration
        key = configuration.learning_rate, configuration.amplitude or 1.0
        for seed, network in enumerate(networks.get(key, ())):
            series = {"onsets": Series((200,), np.array([network["onsets"]]))}
            start = network.get("start", STABLE)
            if start is not None:
                edge = 2 / configuration.learning_rate
                values = np.array([[0.75 * start * edge, 0.0], [1.25 * start * edge, 0.0]])
                series["eigenvalues"] = Series((0, 1), values)
            measures = {"val_accuracy": 0.4, "train_accuracy": 0.4}
            diverged_at = network.get("diverged_at")
            records.append(Record(Replicate(configuration, seed), diverged_at, measures, series))
    ledger = Ledger(storage.engine, spec.protocol)
    ledger.add(records, Trainer("cpu", "planted", "a processor", {}))
