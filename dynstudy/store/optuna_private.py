"""What dynstudy needs of Optuna and is private there: the one file to mend when Optuna moves it."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import optuna
from optuna.distributions import (
    BaseDistribution,
    check_distribution_compatibility,
    distribution_to_json,
)
from optuna.samplers import _qmc
from optuna.storages._cached_storage import _CachedStorage
from optuna.storages._rdb import models
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial
from sqlalchemy import (
    Connection,
    MetaData,
    String,
    Text,
    column,
    delete,
    func,
    insert,
    select,
    table,
)

__all__ = [
    "OPTUNA_TABLES",
    "STUDIES",
    "STUDY_ATTRIBUTES",
    "STUDY_SYSTEM_ATTRIBUTES",
    "TRIALS",
    "TRIAL_SYSTEM_ATTRIBUTES",
    "FrozenStudy",
    "ask_again",
    "create_trial_once",
    "insert_trials",
    "open_running_trial",
    "same_parameters_in_all",
    "set_trial_system_attribute",
]

OPTUNA_TABLES: MetaData = models.BaseModel.metadata
"""All of them, but for Alembic's, which holds their version and which Optuna makes last."""

# The few columns that are read or written by SQL, where Optuna has no API.
STUDIES = table("studies", column("study_id"), column("study_name", String))
STUDY_ATTRIBUTES = table(
    "study_user_attributes", column("study_id"), column("key"), column("value_json", Text)
)
STUDY_SYSTEM_ATTRIBUTES = table(
    "study_system_attributes", column("study_id"), column("key"), column("value_json", Text)
)
TRIAL_SYSTEM_ATTRIBUTES = table(
    "trial_system_attributes", column("trial_id"), column("key"), column("value_json", Text)
)
TRIALS = table(
    "trials",
    *map(column, ("study_id", "state", "trial_id", "number")),
    column("datetime_complete"),
)
"""PostgreSQL's state is an enumeration: cast it to compare it."""


def create_trial_once(storage: optuna.storages.RDBStorage, study_id: int) -> FrozenTrial:
    """Return a new trial as `RDBStorage` does, but try it once.

    It would try again after any error; where only the answer was lost, there were two trials.
    """
    with storage.scoped_session() as session:
        models.StudyModel.find_or_raise_by_id(study_id, session, for_update=True)
        number: Any = storage._get_prepared_new_trial(study_id, None, session).trial_id
        session.commit()
    return storage.get_trial(number)


def open_running_trial(study: optuna.Study, frozen: FrozenTrial) -> optuna.Trial:
    """A running trial as one that attributes can be set on; Optuna opens it in no other way."""
    return optuna.Trial(study, frozen._trial_id)


def set_trial_system_attribute(
    study: optuna.Study, frozen: FrozenTrial, key: str, value: str
) -> None:
    """Keep something with a trial that no user looks at; Optuna has no other way for a search."""
    study._storage.set_trial_system_attr(frozen._trial_id, key, value)


def ask_again(study: optuna.Study, frozen: FrozenTrial) -> optuna.Trial:
    """Return a running trial as if it had just been asked for: what was drawn of it is forgotten.

    A quasi-random sampler counts in the study how far it is in the sequence of a space, which from
    trial 1 on is that of trial 0: if it counted this one, that is forgotten, too.
    """
    storage, number = study._storage, study._study_id
    assert isinstance(storage, _CachedStorage)
    with storage._backend.scoped_session() as session:
        for model in (models.TrialParamModel, models.TrialSystemAttributeModel):
            session.execute(delete(model).where(model.trial_id == frozen._trial_id))
        session.commit()
    before = max(frozen.number - 1, 0) - 1
    counted = storage.get_study_system_attrs(number)
    keys = [key for key in counted if key.startswith("qmc:")]
    if frozen.number and isinstance(study.sampler, optuna.samplers.QMCSampler):
        first = study.get_trials(deepcopy=False)[0]
        keys = [_counter(study.sampler, first.distributions)]  # trial 0 has others, of its own
    for key in keys:
        if counted.get(key, before) > before:
            storage.set_study_system_attr(number, key, before)
    study._thread_local.cached_all_trials = None  # as `ask` does
    return optuna.Trial(study, frozen._trial_id)


def _counter(sampler: optuna.samplers.QMCSampler, space: dict[str, BaseDistribution]) -> str:
    """Under which key a sampler counts in a study how far it is in the sequence of a space."""
    kept: dict[str, int] = {}
    storage = SimpleNamespace(
        get_study_system_attrs=lambda _: {},
        set_study_system_attr=lambda _, key, value: kept.update({key: value}),
    )
    sampler._find_sample_id(cast(Any, SimpleNamespace(_storage=storage, _study_id=0)), space)
    (key,) = kept
    return key


@contextmanager
def same_parameters_in_all() -> Iterator[None]:
    """Ask, where a study file has settled that all trials have the same parameters.

    `QMCSampler` takes trials that are drawn in part, as in a batch, for conditions, and warns.
    """
    logger = logging.getLogger(_qmc.__name__)
    logger.addFilter(_of_no_conditions)
    try:
        yield
    finally:
        logger.removeFilter(_of_no_conditions)


def _of_no_conditions(record: logging.LogRecord) -> bool:
    return "does not include any conditions" not in record.getMessage()


def insert_trials(
    study: optuna.Study,
    trials: Sequence[FrozenTrial],
    before: int,
    lock: Callable[[Connection], None],
) -> bool:
    """Add finished trials, all or none: what `study.add_trials` does one by one, at once.

    Args:
        study: of any storage; only a database is faster for it.
        trials: at least one, all with the same distributions.
        before: how many trials the study has; if it has others by now, nothing is added.
        lock: keeps others off the database until the transaction ends.

    Returns:
        Whether they were added.
    """
    storage, number = study._storage, study._study_id
    if not isinstance(storage, _CachedStorage):
        study.add_trials(trials)
        return True
    _check_compatible(study, trials)
    trial = models.TrialModel
    with storage._backend.engine.begin() as connection:
        lock(connection)
        of_study = select(trial.trial_id).where(trial.study_id == number)
        if connection.scalar(select(func.count()).select_from(of_study.subquery())) != before:
            return False
        connection.execute(
            insert(trial.__table__),
            [
                {
                    "number": before + index,
                    "study_id": number,
                    "state": each.state,
                    "datetime_start": _utc(each.datetime_start),
                    "datetime_complete": _utc(each.datetime_complete),
                }
                for index, each in enumerate(trials)
            ],
        )
        added = connection.scalars(
            of_study.where(trial.number >= before).order_by(trial.number)
        ).all()
        for table_of, rows in _rows_of(dict(zip(added, trials, strict=True))).items():
            if rows:
                connection.execute(insert(table_of), rows)
    return True


def _rows_of(trials: Mapping[int, FrozenTrial]) -> dict[Any, list[dict[str, Any]]]:
    """What belongs to trials, by its table."""
    values: list[dict[str, Any]] = []
    params: list[dict[str, Any]] = []
    attributes: dict[Any, list[dict[str, Any]]] = {
        models.TrialUserAttributeModel: [],
        models.TrialSystemAttributeModel: [],
    }
    written = cache(distribution_to_json)
    for trial_id, trial in trials.items():
        shared = {"trial_id": trial_id}
        for objective, value in enumerate(trial.values):
            stored, kind = models.TrialValueModel.value_to_stored_repr(value)
            values.append(shared | {"objective": objective, "value": stored, "value_type": kind})
        for name, value in trial.params.items():
            distribution = trial.distributions[name]
            params.append(
                shared
                | {
                    "param_name": name,
                    "param_value": distribution.to_internal_repr(value),
                    "distribution_json": written(distribution),
                }
            )
        for model, of_trial in zip(attributes, (trial.user_attrs, trial.system_attrs), strict=True):
            attributes[model] += [
                shared | {"key": key, "value_json": json.dumps(value)}
                for key, value in of_trial.items()
            ]
    rows = {models.TrialValueModel: values, models.TrialParamModel: params} | attributes
    return {model.__table__: of_table for model, of_table in rows.items()}


def _check_compatible(study: optuna.Study, trials: Sequence[FrozenTrial]) -> None:
    """Raise a ValueError where Optuna would: logarithms and choices of a study never change."""
    given = study.get_trials(deepcopy=False)
    for name, distribution in trials[0].distributions.items():
        before = (trial.distributions[name] for trial in given if name in trial.distributions)
        if (first := next(before, None)) is not None:
            check_distribution_compatibility(first, distribution)


def _utc(time: datetime | None) -> datetime | None:
    """A time of this machine as Optuna stores it."""
    return None if time is None else time.astimezone(UTC).replace(tzinfo=None)
