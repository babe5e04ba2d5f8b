"""Small studies, and ledgers whose networks' outcomes were chosen instead of trained."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dynstudy.config import Cell, Replicate
from dynstudy.search.ask_and_tell import ask_batch, tell
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage
from dynstudy.store.trials import add_cells
from dynstudy.study.kinds.map import MapSpec
from dynstudy.study.kinds.search import SearchSpec
from dynstudy.study.spec import StudySpec

SMALL: dict[str, Any] = {
    "name": "small",
    "kind": "map",
    "loss": "dce",
    "replicates": 2,
    "protocol": {
        "steps": 200,
        "tail": 50,
        "data": {"points_per_class": 20, "validation_points_per_class": 30},
    },
    "space": {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": 5},
}
"""A study file: a map of 2 x 2 cells and a baseline that trains in a moment."""

SEARCH: dict[str, Any] = {
    "name": "search",
    "kind": "search",
    "loss": "dce",
    "replicates": 2,
    "protocol": SMALL["protocol"],
    "search": {"sampler": "tpe", "trials": 8, "batch": 3, "n_startup_trials": 4},
    "space": {
        "learning_rate": 1.0,
        "amplitude": {"low": 2, "high": 100, "log": True},
        "period": {"low": 10, "high": 50},
        "width": [3, 5],
    },
}
"""A search of 8 trials in batches of 3 that trains in a moment."""

SpecMaker = Callable[..., MapSpec]
SearchMaker = Callable[..., SearchSpec]


def small_map(**changes: Any) -> MapSpec:
    """The small study; keywords replace its keys."""
    spec = StudySpec.of(SMALL | changes)
    assert isinstance(spec, MapSpec)
    return spec


def small_search(**changes: Any) -> SearchSpec:
    """The small search; keywords replace its keys."""
    spec = StudySpec.of(SEARCH | changes)
    assert isinstance(spec, SearchSpec)
    return spec


class Planted:
    """A ledger filled with chosen outcomes.

    Args:
        storage: the database.
        spec: a study of cells that are known before; it is opened.
    """

    def __init__(self, storage: Storage, spec: StudySpec) -> None:
        self.spec, self.ledger = spec, Ledger(storage.engine, spec.protocol)
        self.study = storage.open_study(spec)

    def cell(self, **wanted: Any) -> Cell:
        """The first cell with these values."""
        return next(
            cell
            for cell in self.spec.grid_cells()
            if all(getattr(cell.configuration, key) == value for key, value in wanted.items())
        )

    def put(
        self,
        cell: Cell,
        accuracies: Sequence[float],
        forgetting: float = 0.1,
        diverged: int = 0,
        measured: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        """Record a cell's networks.

        Args:
            cell: the cell.
            accuracies: of the seeds from 0 on, at the end.
            forgetting: of the first network; 0.01 more of the second, 0.02 more of the third.
            diverged: so many of the networks diverged.
            measured: more measures by name, of each network.
        """
        data = self.spec.protocol.data
        configuration = cell.configuration
        points = {TRAIN: data.points_per_class, VALIDATION: data.validation_points_per_class}
        half = {
            name: Series(cell.reads, np.full((len(cell.reads), data.classes), number // 2))
            for name, number in points.items()
        }
        records = []
        for seed, accuracy in enumerate(accuracies):
            lost = seed < diverged
            measures: dict[str, float | None] = {
                "train_accuracy": accuracy,
                "val_accuracy": 1 / 3 if lost else accuracy,
            }
            if not lost and not configuration.static:
                measures |= {
                    "val_accuracy_before_tail": accuracy,
                    "forgetting": forgetting + 0.01 * (seed % 3),
                    "unrecovered": 0.0,
                    "lasting": 0.3,
                }
            if not lost:
                measures |= {name: values[seed] for name, values in (measured or {}).items()}
            replicate = Replicate(configuration, seed)
            records.append(Record(replicate, 5 if lost else None, measures, {} if lost else half))
        self.ledger.add(records, Trainer("cpu", "planted", "a processor", {}))


def plant(storage: Storage, spec: StudySpec) -> int:
    """Plant a whole study, with its trials: gains in a band of amplitudes, forgetting beyond it.

    Args:
        storage: the database.
        spec: a study of cells that are known before.

    Returns:
        How many cells it has, baselines included.
    """
    planted, rng = Planted(storage, spec), np.random.default_rng(0)
    all_cells = list(spec.grid_cells())
    for cell in all_cells:
        amplitude = cell.configuration.amplitude or 1.0
        mean = 0.5 + 0.2 * (5 < amplitude < 100) - 0.2 * (amplitude > 400)
        accuracies = np.clip(rng.normal(mean, 0.05, cell.replicates), 0, 1)
        planted.put(cell, accuracies.tolist(), forgetting=0.85 * min(amplitude / 1000, 1))
    summaries = Summaries(planted.ledger, range(spec.baseline_replicates))
    add_cells(planted.study, spec, summaries.of(all_cells))
    return len(all_cells)


def plant_instability(storage: Storage, **changes: Any) -> MapSpec:
    """Plant a map with curvature: instability falls with A, the gain rises and falls with it.

    Of the networks of a cell the more accurate ones have more onsets, and that is all.

    Args:
        storage: the database.
        changes: keys of the study.

    Returns:
        The study.
    """
    space = {"learning_rate": 1.0, "amplitude": [2, 4, 8, 16], "period": [10, 15, 30], "width": 5}
    protocol = SMALL["protocol"] | {"curvature": {"records": [10, 50]}}
    spec = small_map(**({"replicates": 6, "protocol": protocol, "space": space} | changes))
    planted, rng = Planted(storage, spec), np.random.default_rng(0)
    for cell in spec.grid_cells():
        amplitude, period = cell.configuration.amplitude or 1.0, cell.configuration.period or 10
        share = 0.5 / amplitude * period**0.1
        accuracies = 0.5 + 0.6 * share * (0.3 - share) + rng.normal(0, 0.01, cell.replicates)
        measured = {
            "share_uphill": np.abs(share + rng.normal(0, 0.01, cell.replicates)),
            "share_past_edge": np.full(cell.replicates, 0.25 if amplitude < 5 else 0.0),
            "onsets_per_oscillation": 10 * accuracies,
            "largest_curvature": 1 + rng.normal(0, 0.1, cell.replicates),
        }
        if cell.configuration.static:
            del measured["onsets_per_oscillation"]
        listed = {name: values.tolist() for name, values in measured.items()}
        planted.put(cell, accuracies.tolist(), measured=listed)
    return spec


def plant_search(storage: Storage, spec: SearchSpec) -> None:
    """Plant a whole search: the narrower, the less accurate, but the larger the gain."""
    planted = Planted(storage, spec)
    summaries = Summaries(planted.ledger, range(spec.baseline_replicates))
    while batch := ask_batch(planted.study, spec):
        for cell in spec.chosen_cells(batch.values()):
            width, amplitude = cell.configuration.width, cell.configuration.amplitude or 1.0
            gain = min(0.3, amplitude / 1000 + 1 / width**2)
            accuracy = 0.2 + 0.1 * width + gain * (not cell.configuration.static)
            planted.put(cell, [accuracy - 0.01, accuracy + 0.01] * (cell.replicates // 2))
        cells = {cell.configuration: cell for cell in spec.chosen_cells(batch.values())}
        for number, configuration in batch.items():
            tell(planted.study, number, *summaries.of([cells[configuration]]), spec)


def spread(rng: np.random.Generator, mean: float, count: int, sd: float = 0.01) -> list[float]:
    """Accuracies around a mean."""
    return rng.normal(mean, sd, count).tolist()
