"""Run a search: ask for a batch of trials, train them together, tell how they did."""

from collections.abc import Sequence

import optuna
from optuna.trial import TrialState

from dynstudy.config import Cell
from dynstudy.launch.training import Training
from dynstudy.search.ask_and_tell import ask_batch, tell
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store.trials import FinishedCell
from dynstudy.study.kinds.search import SearchSpec


def run_search(spec: SearchSpec, study: optuna.Study, training: Training) -> tuple[int, int]:
    """Search until all trials are told: how many there are to be, and how many are missing."""
    summaries = Summaries(training.ledger, spec.baseline_seeds)
    patiently = training.patiently
    left = spec.search.trials - patiently(_complete, study)
    while not training.stopped and (batch := patiently(ask_batch, study, spec)):
        all_cells = list(spec.chosen_cells(batch.values()))
        if not training.complete(all_cells, share=len(batch) / max(left, len(batch))):
            break  # interrupted: the next launch trains what is missing and tells them all
        by_configuration = {cell.configuration: cell for cell in all_cells}
        chosen = [by_configuration[each] for each in batch.values()]
        finished = patiently(_read, summaries, chosen)
        for number, cell in zip(batch, finished, strict=True):
            patiently(tell, study, number, cell, spec)
        left -= len(batch)
    return spec.search.trials, max(0, spec.search.trials - patiently(_complete, study))


def _complete(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))


def _read(summaries: Summaries, cells: Sequence[Cell]) -> list[FinishedCell]:
    return list(summaries.of(cells))
