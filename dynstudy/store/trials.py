"""Cells as Optuna's trials."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
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
    MAX_AMPLITUDE,
    MAX_LEARNING_RATE,
    MAX_PERIOD,
    MAX_WIDTH,
    MIN_LEARNING_RATE,
    Cell,
    Configuration,
)
from dynstudy.study.cells import cells, searched_cells
from dynstudy.study.spec import AnySpec, BoundarySpec, MapSpec
from dynstudy.task.losses import LOSSES

# Physical bounds, the same in every study: Optuna forgets parameters whose range changes.
RANGES: dict[str, BaseDistribution] = {
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


def distributions(losses: Sequence[str]) -> dict[str, BaseDistribution]:
    """What Optuna is told of the parameters of a map whose trials may have some losses."""
    return {"loss": CategoricalDistribution(losses), **RANGES}


def loss_choices(study: optuna.Study) -> tuple[str, ...]:
    """The losses that a study's trials may have, in Optuna's order.

    Args:
        study: the study.

    Returns:
        Those that its trials could choose from when the first was made, since Optuna never lets
        them change; all there are, where it has no trial yet.
    """
    for trial in study.get_trials(deepcopy=False):
        distribution = trial.distributions.get("loss")
        if isinstance(distribution, CategoricalDistribution):
            return tuple(map(str, distribution.choices))
    return tuple(LOSSES)


def finished(study: optuna.Study) -> dict[Configuration, int]:
    """The configurations of complete trials, with the number of the first such trial."""
    found: dict[Configuration, int] = {}
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        found.setdefault(Configuration(**trial.params), trial.number)
    return found


def study_cells(study: optuna.Study, spec: AnySpec) -> list[Cell]:
    """The cells of a study: all of a map's, and those trained so far of one that chooses its own.

    Args:
        study: the study.
        spec: its study file.

    Returns:
        The cells, baselines first.
    """
    if isinstance(spec, BoundarySpec):
        present = finished(study)
        return [cell for cell in cells(spec) if cell.configuration in present]
    return list(cells(spec) if isinstance(spec, MapSpec) else searched_cells(spec, finished(study)))


def cells_so_far(study: optuna.Study, spec: AnySpec) -> list[Cell]:
    """As `study_cells`, with the replicates that each has as far as its trial tells.

    Where replicates come in rounds, a cell that is not settled yet needs at least the fewest.

    Args:
        study: the study.
        spec: its study file.

    Returns:
        The cells, baselines first.
    """
    all_cells = study_cells(study, spec)
    if spec.rounds is None:
        return all_cells
    counts = {
        Configuration(**trial.params): int(trial.user_attrs["replicates"])
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    }
    fewest = spec.fewest_replicates
    return [
        cell
        if cell.configuration.static
        else replace(cell, seeds=range(counts.get(cell.configuration, fewest)))
        for cell in all_cells
    ]


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


def configuration_of(trial: optuna.trial.FrozenTrial) -> Configuration | None:
    """The configuration of a trial, or None where a crash came before all was drawn."""
    params = trial.params
    needed = {"loss", "width", "learning_rate"}
    if "loss" in params and LOSSES[params["loss"]].dynamical:
        needed |= {"amplitude", "period"}
    return Configuration(**params) if needed <= params.keys() else None
