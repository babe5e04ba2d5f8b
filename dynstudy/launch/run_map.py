"""Run a study whose cells are known before: train what is missing, make cells trials.

A cell becomes a trial once it can be compared with its static loss.
"""

import optuna

from dynstudy.config import Cell
from dynstudy.launch.run_rounds import run_rounds
from dynstudy.launch.training import Training
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.trials import add_cells
from dynstudy.study.spec import StudySpec
from dynstudy.study.tried import finished


def run_map(spec: StudySpec, study: optuna.Study, training: Training) -> tuple[int, int]:
    """Train and record until nothing is missing: the study's cells, and those not trials yet."""
    if spec.rounds is not None:
        return run_rounds(spec, spec.rounds, study, training)
    all_cells = spec.cells_ahead()
    planned = training.plan(all_cells)
    lacking = {configuration: len(seeds) for configuration, seeds in planned.items()}
    summaries = Summaries(training.ledger, range(spec.baseline_replicates))
    trials = finished(study)
    waiting = [cell for cell in all_cells if cell.configuration not in trials]
    training.ledger.remember(waiting, planned)

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
