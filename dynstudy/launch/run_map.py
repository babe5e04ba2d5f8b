"""Run a map: train what is missing, and make each cell a trial once it can be compared."""

import optuna

from dynstudy.config import Cell
from dynstudy.launch.training import Training
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.trials import add_cells, finished
from dynstudy.study.cells import cells
from dynstudy.study.spec import MapSpec


def run_map(spec: MapSpec, study: optuna.Study, training: Training) -> tuple[int, int]:
    """Train and record until nothing is missing, or until told to stop.

    Args:
        spec: the study file.
        study: its study, which gets a trial for each cell.
        training: what trains.

    Returns:
        The study's cells, and how many of them are not trials yet.
    """
    all_cells = list(cells(spec))
    planned = training.plan(all_cells)
    lacking = {own: len(seeds) for own, seeds in planned.items()}
    summaries = Summaries(training.ledger, range(spec.baseline_replicates))
    present = finished(study)
    waiting = [cell for cell in all_cells if cell.configuration not in present]

    def make_trials() -> None:
        """Networks are recorded first: a crash between the two costs nothing."""
        nonlocal waiting
        ready: list[Cell] = []
        still: list[Cell] = []
        for cell in waiting:
            whole = not lacking[cell.configuration]
            comparable = not lacking.get(cell.configuration.baseline(), 0)
            (ready if whole and comparable else still).append(cell)
        waiting = still
        add_cells(study, map(summaries.of, ready))

    make_trials()
    for records in training.train(all_cells, planned):
        for record in records:
            lacking[record.replicate.configuration] -= 1
        make_trials()
    return len(all_cells), sum(map(bool, lacking.values()))
