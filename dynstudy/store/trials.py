"""Cells as Optuna's trials."""

from collections.abc import Iterable, Sequence
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

from dynstudy.config import Configuration
from dynstudy.study.axes import BOUNDS
from dynstudy.task.losses import LOSSES

# Physical bounds, the same in every study: Optuna forgets parameters whose range changes.
RANGES: dict[str, BaseDistribution] = {
    name: IntDistribution(int(bounds.low), int(bounds.high), log=True)
    if bounds.integer
    else FloatDistribution(bounds.low, bounds.high, log=True)
    for name, bounds in BOUNDS.items()
}


@dataclass(frozen=True)
class FinishedCell:
    """A cell on its way to becoming a trial."""

    configuration: Configuration
    value: float  # mean validation accuracy
    attributes: dict[str, Any]  # a few numbers that a dashboard can sort by, and one of JSON


def distributions(losses: Sequence[str]) -> dict[str, BaseDistribution]:
    """What Optuna is told of the parameters of a map whose trials may have some losses."""
    return {"loss": CategoricalDistribution(losses), **RANGES}


def loss_choices(study: optuna.Study) -> tuple[str, ...]:
    """Return the losses that a study's trials may have, in Optuna's order.

    Those that the first trial could have, since Optuna never lets them change; else all there are.
    """
    for trial in study.get_trials(deepcopy=False):
        distribution = trial.distributions.get("loss")
        if isinstance(distribution, CategoricalDistribution):
            return tuple(map(str, distribution.choices))
    return tuple(LOSSES)


def add_cells(study: optuna.Study, ready: Iterable[FinishedCell]) -> None:
    """Record finished cells as trials, whose value is the mean over the replicates."""
    allowed = distributions(loss_choices(study))
    trials = []
    for cell in ready:
        params = {
            name: value for name, value in asdict(cell.configuration).items() if value is not None
        }
        trials.append(
            optuna.trial.create_trial(
                state=TrialState.COMPLETE,
                value=cell.value,
                params=params,
                distributions={name: allowed[name] for name in params},
                user_attrs=cell.attributes,
            )
        )
    study.add_trials(trials)
