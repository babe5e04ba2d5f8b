"""A search's trials: asked for in batches, told when they are trained, resumed after a crash.

A crash leaves trials RUNNING with their parameters. They are trained again, in the batch they were
asked for in, so that the search goes on as if nothing had happened. One that was not yet drawn to
the end is drawn again, with its own seed.
"""

import warnings

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial, TrialState

from dynstudy.config import Configuration
from dynstudy.errors import DamagedError
from dynstudy.store.optuna_private import (
    ask_again,
    open_running_trial,
    same_parameters_in_all,
    set_trial_system_attribute,
)
from dynstudy.store.trials import CELL, FinishedCell
from dynstudy.study.kinds.search import SearchSpec
from dynstudy.study.tried import configuration_of


def ask_batch(study: optuna.Study, spec: SearchSpec) -> dict[int, Configuration]:
    """The trials to train next: those of a batch that a crash left, its rest, or a new one."""
    trials = study.get_trials(deepcopy=False)
    for number, trial in enumerate(trials):
        if trial.number != number:  # what comes next is drawn by its number
            raise DamagedError(
                f"table trials, study {study.study_name!r}: the trial of number {number} is "
                "missing, which a search cannot go on without; take a copy of the database from "
                "before"
            )
    complete = sum(trial.state == TrialState.COMPLETE for trial in trials)
    waiting: dict[int, Configuration] = {}
    for trial in trials:
        if trial.state == TrialState.RUNNING:
            waiting[trial.number] = configuration_of(study, trial) or _draw(
                study, spec, trial.number, trial
            )

    size, number = spec.search.batch, len(trials)
    left_out = -number % size  # of the batch that the last trial belongs to
    wanted = left_out if waiting else left_out or size
    for _ in range(min(wanted, spec.search.trials - complete - len(waiting))):
        waiting[number] = _draw(study, spec, number)
        number += 1
    return waiting


def _draw(
    study: optuna.Study, spec: SearchSpec, number: int, left: FrozenTrial | None = None
) -> Configuration:
    """Ask for the trial of a number, the next one, or that one again which a crash left."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.sampler = spec.search.build(number)
    with same_parameters_in_all():
        return spec.suggest(study.ask() if left is None else ask_again(study, left))


def objective_values(finished: FinishedCell, spec: SearchSpec) -> list[float]:
    """What Optuna is told: the mean accuracy or gain, and the width where that is to be small."""
    first = finished.value
    if spec.maximize == "gain":
        first = finished.attributes.get("gain", 0.0)  # a static loss gains nothing over itself
    return [first, float(finished.configuration.width)] if spec.minimize else [first]


def tell(study: optuna.Study, number: int, finished: FinishedCell, spec: SearchSpec) -> None:
    """Complete a trial: its attributes first, since nothing can be added to a complete one.

    One that was told already stays as it is, as where a connection broke and the answer was lost.
    """
    frozen = study.get_trials(deepcopy=False)[number]
    if frozen.state.is_finished():
        return
    trial = open_running_trial(study, frozen)
    for name, value in finished.attributes.items():
        trial.set_user_attr(name, value)
    set_trial_system_attribute(study, frozen, CELL, finished.key)
    study.tell(number, objective_values(finished, spec), skip_if_finished=True)
