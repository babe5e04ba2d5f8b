"""A search's trials: asked for in batches, told when they are trained, resumed after a crash.

A crash leaves trials RUNNING with their parameters. They are trained again, in the batch they were
asked for in, so that the search goes on as if nothing had happened.
"""

import warnings
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState

from dynstudy.config import Configuration
from dynstudy.store.trials import FinishedCell, configuration_of
from dynstudy.study.axes import Range
from dynstudy.study.spec import SearchSpec
from dynstudy.task.losses import LOSSES


def suggest(trial: optuna.Trial, spec: SearchSpec) -> Configuration:
    """Draw a configuration.

    Args:
        trial: an Optuna trial, of any sampler.
        spec: the search, whose space is drawn from.

    Returns:
        The configuration; one of a static loss has neither amplitude nor period.
    """
    loss = trial.suggest_categorical("loss", spec.loss)
    space = spec.space
    drawn: dict[str, Any] = {
        "width": _draw(trial, "width", space.width),
        "learning_rate": _draw(trial, "learning_rate", space.learning_rate),
    }
    if LOSSES[loss].dynamical and space.period is not None:
        drawn["amplitude"] = _draw(trial, "amplitude", space.amplitude)
        drawn["period"] = _draw(trial, "period", space.period)
    return Configuration(loss, **drawn)


def _draw(trial: optuna.Trial, name: str, axis: Range | tuple[float, ...]) -> Any:
    if isinstance(axis, Range) and isinstance(axis.low, int) and isinstance(axis.high, int):
        return trial.suggest_int(name, axis.low, axis.high, log=axis.log)
    if isinstance(axis, Range):
        return trial.suggest_float(name, axis.low, axis.high, log=axis.log)
    if len(axis) > 1:
        return trial.suggest_categorical(name, axis)
    (value,) = axis  # a number, so that pictures show one
    if isinstance(value, int):
        return trial.suggest_int(name, value, value)
    return trial.suggest_float(name, value, value)


def ask_batch(study: optuna.Study, spec: SearchSpec) -> dict[int, Configuration]:
    """The next trials to train: those that a crash left, or new ones.

    Trials belong to the batch that their number falls into, whatever was interrupted.

    Args:
        study: the search's study.
        spec: the search.

    Returns:
        Configurations by trial number; none when the search is complete.
    """
    trials = study.get_trials(deepcopy=False)
    complete = sum(trial.state == TrialState.COMPLETE for trial in trials)
    waiting: dict[int, Configuration] = {}
    for trial in trials:
        if trial.state == TrialState.RUNNING:
            configuration = configuration_of(trial)
            if configuration is None:
                study.tell(trial.number, state=TrialState.FAIL)
            else:
                waiting[trial.number] = configuration

    size, number = spec.search.batch, len(trials)
    left_out = -number % size  # of the batch that the last trial belongs to
    wanted = left_out if waiting else left_out or size
    for _ in range(min(wanted, spec.search.trials - complete - len(waiting))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            study.sampler = spec.search.build(number)
        asked = study.ask()
        waiting[asked.number] = suggest(asked, spec)
        number = asked.number + 1
    return waiting


def objective_values(finished: FinishedCell, spec: SearchSpec) -> list[float]:
    """What Optuna is told: the mean accuracy or gain, and the width where that is to be small."""
    first = finished.value
    if spec.maximize == "gain":
        first = finished.attributes.get("gain", 0.0)  # a static loss gains nothing over itself
    return [first, float(finished.configuration.width)] if spec.minimize else [first]


def tell(study: optuna.Study, number: int, finished: FinishedCell, spec: SearchSpec) -> None:
    """Complete a trial: its attributes first, since nothing can be added to a complete one."""
    frozen = study.get_trials(deepcopy=False)[number]
    trial = optuna.Trial(study, frozen._trial_id)  # Optuna opens a running trial in no other way
    for name, value in finished.attributes.items():
        trial.set_user_attr(name, value)
    study.tell(number, objective_values(finished, spec), skip_if_finished=True)
