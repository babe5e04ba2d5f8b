"""Which configurations the trials of a study have."""

from collections.abc import Iterator
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from dynstudy.config import MAX_REPLICATES, Configuration
from dynstudy.errors import DamagedError, either
from dynstudy.study.axes import BOUNDS, short
from dynstudy.task.losses import LOSSES


def finished(study: optuna.Study) -> dict[Configuration, int]:
    """The configurations of complete trials, with the number of the first such trial."""
    numbers: dict[Configuration, int] = {}
    for trial in complete(study):
        numbers.setdefault(_checked(study, trial), trial.number)
    return numbers


def complete(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that are complete, in their order."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def asked(study: optuna.Study) -> Iterator[Configuration]:
    """The configurations of trials that are complete, or in training."""
    states = (TrialState.COMPLETE, TrialState.RUNNING)
    trials = study.get_trials(deepcopy=False, states=states)
    return filter(None, (configuration_of(study, trial) for trial in trials))


def replicates_told(study: optuna.Study) -> dict[Configuration, int]:
    """How many replicates each complete trial says that its cell has."""
    return {
        _checked(study, trial): int(number_of(study, trial, "replicates", MAX_REPLICATES) or 0)
        for trial in complete(study)
    }


def configuration_of(study: optuna.Study, trial: FrozenTrial) -> Configuration | None:
    """The configuration of a trial, or None where a crash came before all was drawn."""
    needed = {"loss", "width", "learning_rate"}
    for name, value in trial.params.items():
        if name == "loss":
            problem = None if value in LOSSES else f"must be {either(map(repr, LOSSES))}"
        elif name in BOUNDS:
            problem = BOUNDS[name].problem(value)
        else:
            problem = "is no parameter of dynstudy's"
        if problem:
            raise _damaged(study, trial, "params", name, value, problem)
    if "loss" in trial.params and LOSSES[trial.params["loss"]].dynamical:
        needed |= {"amplitude", "period"}
    return Configuration(**trial.params) if needed <= trial.params.keys() else None


def _checked(study: optuna.Study, trial: FrozenTrial) -> Configuration:
    """That of a trial that is complete, and has one."""
    configuration = configuration_of(study, trial)
    if configuration is None:
        drawn = ", ".join(trial.params) or "none"
        raise _damaged(study, trial, "params", "param_name", drawn, "parameters are missing")
    return configuration


def number_of(
    study: optuna.Study, trial: FrozenTrial, name: str, most: float = 1.0
) -> float | None:
    """A number of at most `most` that a trial says of its cell, or its ``value``; or None."""
    table, value = "user_attributes", trial.user_attrs.get(name)
    if name == "value":
        table, value = "values", trial.values[0]
    if value is not None and not (type(value) in {int, float} and -most <= value <= most):
        problem = f"must be a number from {-most:g} to {most:g}"
        raise _damaged(study, trial, table, name, value, problem)
    return value


def _damaged(
    study: optuna.Study, trial: FrozenTrial, table: str, key: str, value: Any, problem: str
) -> DamagedError:
    return DamagedError(
        f"table trial_{table}, study {study.study_name!r}, trial number {trial.number}: "
        f"{key} = {short(value)}: is damaged: {problem}; mend it, or take "
        "a copy of the database from before"
    )
