"""Which configurations the trials of a study have."""

from collections.abc import Iterator

import optuna
from optuna.trial import TrialState

from dynstudy.config import Configuration
from dynstudy.task.losses import LOSSES


def finished(study: optuna.Study) -> dict[Configuration, int]:
    """The configurations of complete trials, with the number of the first such trial."""
    numbers: dict[Configuration, int] = {}
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        numbers.setdefault(Configuration(**trial.params), trial.number)
    return numbers


def asked(study: optuna.Study) -> Iterator[Configuration]:
    """The configurations of trials that are complete, or in training."""
    states = (TrialState.COMPLETE, TrialState.RUNNING)
    trials = study.get_trials(deepcopy=False, states=states)
    return filter(None, map(configuration_of, trials))


def replicates_told(study: optuna.Study) -> dict[Configuration, int]:
    """How many replicates each complete trial says that its cell has."""
    return {
        Configuration(**trial.params): int(trial.user_attrs["replicates"])
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    }


def configuration_of(trial: optuna.trial.FrozenTrial) -> Configuration | None:
    """The configuration of a trial, or None where a crash came before all was drawn."""
    params = trial.params
    needed = {"loss", "width", "learning_rate"}
    if "loss" in params and LOSSES[params["loss"]].dynamical:
        needed |= {"amplitude", "period"}
    return Configuration(**params) if needed <= params.keys() else None
