"""A large study that was never trained: rows put into the ledger, for what only reads them."""

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np

from dynstudy.config import Replicate
from dynstudy.search.ledger import Ledger, Record
from dynstudy.search.space import Cell, cells
from dynstudy.search.spec import StudySpec
from dynstudy.search.storage import Storage

NAME = "planted"
REPLICATES = 10
WIDTHS = (20, 50, 100, 200)
PERIODS = 25
BATCH = 2000  # networks that are recorded at once


def planted_spec(wanted: int) -> StudySpec:
    """A map of about so many dynamical cells: all widths, up to 25 periods, the rest amplitudes."""
    widths = WIDTHS[: max(1, min(len(WIDTHS), wanted // 4))]
    periods = max(1, min(PERIODS, math.isqrt(wanted // len(widths))))
    amplitudes = max(1, wanted // (len(widths) * periods))
    return StudySpec.of({
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


def plant(storage: Storage, spec: StudySpec) -> int:
    """Create a study and record outcomes for all its networks.

    Static networks are recorded with the readings that a map takes from them; dynamical ones
    without, since a map reads only their measures.

    Args:
        storage: an empty one.
        spec: the study.

    Returns:
        How many cells it has, baselines included.
    """
    storage.open_study(spec)
    ledger = Ledger(storage.engine, spec.protocol)
    all_cells = list(cells(spec))
    networks = _networks(all_cells, spec, np.random.default_rng(0))
    while records := list(islice(networks, BATCH)):
        ledger.add(records, backend="cpu", device="planted", versions={})
    return len(all_cells)


def _networks(all_cells: list[Cell], spec: StudySpec, rng: np.random.Generator) -> Iterator[Record]:
    """Gains in a band of amplitudes, forgetting beyond it, noise on both."""
    data = spec.protocol.data
    for cell in all_cells:
        own = cell.configuration
        steps = cell.reads if own.static else ()
        counts = np.full((len(steps), data.classes), data.validation_points_per_class // 2)
        amplitude = own.amplitude or 1.0
        typical = min(amplitude / 1000, 1)
        mean = 0.5 + 0.2 * (5 < amplitude < 100) - 0.2 * (amplitude > 400)
        for seed in range(cell.replicates):
            accuracy = float(np.clip(mean + rng.normal(0, 0.05), 0, 1))
            lost = None if own.static else typical * rng.uniform(0.7, 1)
            yield Record(
                Replicate(own, seed),
                diverged_at=None,
                train_accuracy=accuracy,
                val_accuracy=accuracy,
                val_accuracy_before_tail=None if own.static else accuracy,
                forgetting=lost,
                unrecovered=None if lost is None else lost / 2,
                steps=steps,
                correct=counts // 10,
                validation_correct=counts,
            )
