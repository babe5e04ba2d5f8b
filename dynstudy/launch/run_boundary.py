"""Run a boundary study: choose a batch of cells, train it, make it trials, until all is settled."""

import optuna

from dynstudy.launch.run_map import add_trials
from dynstudy.launch.training import Training
from dynstudy.search.boundary import end, next_cells, trial_panels
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.study.kinds.boundary import BoundarySpec
from dynstudy.study.tried import finished


def run_boundary(spec: BoundarySpec, study: optuna.Study, training: Training) -> tuple[int, int]:
    """Choose and train until all is settled or spent: trials planned, and how many are missing."""
    all_cells = {cell.configuration: cell for cell in spec.grid_cells()}
    static = spec.static_cells()
    summaries = Summaries(training.ledger, spec.baseline_seeds)
    patiently = training.patiently
    while not training.stopped:
        present = patiently(finished, study)
        batch = [cell for cell in static if cell.configuration not in present]
        for number, panel in enumerate(patiently(trial_panels, spec, study)):
            batch += [all_cells[chosen] for chosen in next_cells(spec, panel, number)]
        if not batch:
            patiently(end, study, spec, len(present))
            training.log(patiently(_why_over, spec, study))
            break
        later = patiently(_planned, spec, study) - len(present) - len(batch)
        now = sum(cell.replicates for cell in batch)
        if not training.complete(batch, share=now / (now + later * spec.replicates)):
            break  # interrupted: the next launch chooses the same batch and trains what is missing
        # networks are recorded first: a crash between the two costs nothing
        patiently(add_trials, study, spec, summaries, batch)
    planned = patiently(_planned, spec, study)
    return planned, max(0, planned - len(patiently(finished, study)))


def _planned(spec: BoundarySpec, study: optuna.Study) -> int:
    return spec.planned_trials(study.user_attrs)


def _why_over(spec: BoundarySpec, study: optuna.Study) -> str:
    studied = trial_panels(spec, study)
    count = sum(len(panel.candidates) for panel in studied)
    trained = sum(len(panel.trials) for panel in studied)
    unsettled = sum(panel.unsettled() for panel in studied)
    if not unsettled:
        return f"all {count} cells are settled; {trained} of them are trained"
    return (
        f"the budget is spent: {trained} of {count} cells are trained, {unsettled} of the others "
        "not settled; a larger boundary.cells goes on, with --extend"
    )
