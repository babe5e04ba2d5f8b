"""Cells as Optuna's trials."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Engine, func, select

from dynstudy.config import Configuration
from dynstudy.store.database import rows_among
from dynstudy.store.launches import lock
from dynstudy.store.optuna_private import TRIAL_SYSTEM_ATTRIBUTES, TRIALS, insert_trials
from dynstudy.study.axes import BOUNDS
from dynstudy.study.spec import StudySpec
from dynstudy.study.tried import finished
from dynstudy.task.losses import LOSSES

CELL = "dynstudy:cell"
"""A trial's system attribute: the `configuration` of its networks in the ledger.

Not one of the user's attributes, which the dashboard shows in columns: 64 digits push numbers off.
"""


@dataclass(frozen=True)
class FinishedCell:
    """A cell on its way to becoming a trial."""

    configuration: Configuration
    value: float  # mean validation accuracy
    attributes: dict[str, Any]  # a few numbers that a dashboard can sort by
    key: str = ""  # of its networks in the ledger
    trained: tuple[datetime, datetime] | None = None  # from when to when, in UTC


def trial_numbers(engine: Engine, study_id: int, keys: Iterable[str]) -> list[int | None]:
    """The first trial of each of a study's cells, by its networks' key in the ledger, unread.

    Returns:
        Its number; None where no trial has such, or an older dynstudy made it.
    """
    wanted = {json.dumps(key): key for key in keys}
    attribute = TRIAL_SYSTEM_ATTRIBUTES.c
    query = (
        select(attribute.value_json, func.min(TRIALS.c.number))
        .join(TRIALS, TRIALS.c.trial_id == attribute.trial_id)
        .where(TRIALS.c.study_id == study_id, attribute.key == CELL)
        .group_by(attribute.value_json)
    )
    with engine.connect() as connection:
        rows = rows_among(connection, query, attribute.value_json, wanted)
        numbers = {text: int(number) for text, number in rows}
    return [numbers.get(text) for text in wanted]


def distributions(
    spec: StudySpec, losses: Sequence[str], given: Sequence[FrozenTrial] = ()
) -> dict[str, BaseDistribution]:
    """What Optuna is told of the parameters of a map whose trials may have some losses.

    Ranges are the study's, lest dashboards name constants and draw to a billion. What `given`
    trials have stays as long as it holds the study: Optuna leaves out of its pictures a parameter
    whose range changes from trial to trial.

    Returns:
        A distribution by the name of each axis that the study has.
    """
    allowed: dict[str, BaseDistribution] = {"loss": CategoricalDistribution(losses)}
    for name, (low, high) in spec.ranges().items():
        kind: Any = IntDistribution if BOUNDS[name].integer else FloatDistribution
        allowed[name] = kind(low, high, log=True)
        trials = (trial.distributions[name] for trial in given if name in trial.distributions)
        before: Any = next(trials, None)
        if before is not None and before.low <= low and high <= before.high:
            allowed[name] = before
    return allowed


def loss_choices(study: optuna.Study) -> tuple[str, ...]:
    """Return the losses that a study's trials may have, in Optuna's order.

    Those that the first trial could have, since Optuna never lets them change; else all there are.
    """
    return _loss_choices(study.get_trials(deepcopy=False))


def _loss_choices(trials: Iterable[FrozenTrial]) -> tuple[str, ...]:
    for trial in trials:
        distribution = trial.distributions.get("loss")
        if isinstance(distribution, CategoricalDistribution):
            return tuple(map(str, distribution.choices))
    return tuple(LOSSES)


def parameters(
    configuration: Configuration, allowed: dict[str, BaseDistribution]
) -> dict[str, Any]:
    """Return a cell's place on all axes, without which it is missing in pictures of them.

    A static loss is A = 1, with any period: the shortest is written down.
    """
    values = asdict(configuration)
    if configuration.static and "amplitude" in allowed:
        shortest: Any = allowed["period"]
        values |= {"amplitude": 1.0, "period": shortest.low}
    return {name: values[name] for name in allowed}


def add_cells(study: optuna.Study, spec: StudySpec, ready: Iterable[FinishedCell]) -> None:
    """Record finished cells as trials, whose value is the mean over the replicates.

    All are recorded or none, and a cell that is a trial already is left out, whoever made it one.
    """
    cells = {cell.configuration: cell for cell in ready}
    recorded = False
    while cells and not recorded:
        given = study.get_trials(deepcopy=False)
        for configuration in finished(study):
            cells.pop(configuration, None)
        allowed = distributions(spec, _loss_choices(given), given)
        trials = [_trial(cell, allowed) for cell in cells.values()]
        recorded = not trials or insert_trials(study, trials, len(given), lock)


def _trial(cell: FinishedCell, allowed: dict[str, BaseDistribution]) -> FrozenTrial:
    trial = optuna.trial.create_trial(
        state=TrialState.COMPLETE,
        value=cell.value,
        params=parameters(cell.configuration, allowed),
        distributions=allowed,
        user_attrs=cell.attributes,
        system_attrs={CELL: cell.key},
    )
    if cell.trained is not None:
        trial.datetime_start, trial.datetime_complete = map(_local, cell.trained)
    return trial


def _local(time: datetime) -> datetime:
    """A time in UTC as Optuna keeps it: this machine's, and without a zone."""
    return time.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
