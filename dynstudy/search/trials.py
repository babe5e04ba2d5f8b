"""Cells as Optuna's trials."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from dynstudy.config import (
    BASELINES,
    MAX_AMPLITUDE,
    MAX_LEARNING_RATE,
    MAX_PERIOD,
    MAX_WIDTH,
    MIN_LEARNING_RATE,
    Configuration,
)

# Physical bounds, the same in every study: Optuna forgets parameters whose range changes.
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "loss": CategoricalDistribution(tuple(BASELINES)),
    "width": IntDistribution(1, MAX_WIDTH, log=True),
    "learning_rate": FloatDistribution(MIN_LEARNING_RATE, MAX_LEARNING_RATE, log=True),
    "amplitude": FloatDistribution(1, MAX_AMPLITUDE, log=True),
    "period": IntDistribution(2, MAX_PERIOD, log=True),
}


@dataclass(frozen=True)
class FinishedCell:
    """A cell on its way to becoming a trial."""

    configuration: Configuration
    value: float  # mean validation accuracy
    attributes: dict[str, Any]  # a few numbers that a dashboard can sort by, and one of JSON


def finished(study: optuna.Study) -> set[Configuration]:
    """The cells that are trials already."""
    return {
        Configuration(**trial.params)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    }


def add_cells(study: optuna.Study, cells: Iterable[FinishedCell]) -> None:
    """Record finished cells as trials, whose value is the mean over the replicates."""
    trials = []
    for cell in cells:
        params = {
            name: value for name, value in asdict(cell.configuration).items() if value is not None
        }
        trials.append(
            optuna.trial.create_trial(
                state=TrialState.COMPLETE,
                value=cell.value,
                params=params,
                distributions={name: DISTRIBUTIONS[name] for name in params},
                user_attrs=cell.attributes,
            )
        )
    study.add_trials(trials)
