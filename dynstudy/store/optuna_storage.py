"""Optuna's storage, which names the row where Optuna fails at reading one.

Its tables are Optuna's to read, without any checks. Only where that fails are they looked through.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

import optuna
from optuna.distributions import json_to_distribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, inspect, text

from dynstudy.errors import DamagedError
from dynstudy.store.checked import Check, damaged
from dynstudy.store.optuna_private import create_trial_once
from dynstudy.study.axes import short

Result = TypeVar("Result")


def _named(read: Callable[..., Result]) -> Callable[..., Result]:
    """As a reading method, but a `DamagedError` where a row cannot be read."""

    @wraps(read)
    def reading(self: "CheckedStorage", *arguments: Any, **options: Any) -> Result:
        try:
            return read(self, *arguments, **options)
        except (LookupError, TypeError, ValueError, AssertionError) as error:
            self.name_damage(error)
            raise

    return reading


class CheckedStorage(optuna.storages.RDBStorage):
    """Optuna's, over a database that somebody may have edited."""

    get_all_studies = _named(optuna.storages.RDBStorage.get_all_studies)
    get_study_user_attrs = _named(optuna.storages.RDBStorage.get_study_user_attrs)
    get_study_system_attrs = _named(optuna.storages.RDBStorage.get_study_system_attrs)
    get_trial = _named(optuna.storages.RDBStorage.get_trial)
    delete_study = _named(optuna.storages.RDBStorage.delete_study)

    @_named
    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """What each value is aimed at; there is at least one."""
        directions = super().get_study_directions(study_id)
        if not directions:
            where = f"study_id {study_id}"
            raise DamagedError(damaged("study_directions", where, "direction", None, "is missing"))
        return directions

    @_named
    def _get_trials(self, *arguments: Any, **options: Any) -> list[FrozenTrial]:
        trials = super()._get_trials(*arguments, **options)
        for trial in trials:
            values = trial.values if trial.state == TrialState.COMPLETE else [0.0]
            words = itertools.chain(trial.params, trial.user_attrs, trial.system_attrs)
            whole = type(trial.number) is int and all(type(word) is str for word in words)
            if not whole or not values or not all(type(each) in {float, int} for each in values):
                self.name_damage(None)
                where = f"number {short(trial.number)}"
                raise DamagedError(damaged("trials", where, "state", "COMPLETE", "no value"))
        return trials

    def _create_new_trial(self, study_id: int, template_trial: Any = None) -> FrozenTrial:
        if template_trial is None:
            return create_trial_once(self, study_id)
        return super()._create_new_trial(study_id, template_trial)

    def name_damage(self, error: Exception | None) -> None:
        """Raise a `DamagedError` for the first damaged row, if there is one."""
        with self.engine.connect() as connection:
            for damage in damages(connection):
                raise DamagedError(damaged(*damage)) from error


def damages(connection: Connection) -> Iterator[tuple[str, str, str, Any, str]]:
    """Yield what is wrong with the rows of Optuna's tables, as `damaged` takes it."""
    for table, checks in CHECKS.items():
        (key,) = inspect(connection).get_pk_constraint(table)["constrained_columns"]
        rows = connection.execute(text(f"SELECT * FROM {table} ORDER BY {key}")).mappings()
        for row in rows:
            for column, check in checks.items():
                try:
                    check(row[column])
                    if column == "param_value":
                        _in_its_distribution(row["distribution_json"], row[column])
                except (LookupError, TypeError, ValueError) as problem:
                    yield table, f"{key} {row[key]}", column, row[column], str(problem)


def _one_of(words: Sequence[Any]) -> Check:
    def check(value: Any) -> None:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(map(str, words))}")

    return check


def _number(value: Any) -> None:
    if type(value) not in {int, float}:
        raise TypeError("must be a number")


def _whole(value: Any) -> None:
    if type(value) is not int or value < 0:
        raise TypeError("must be a whole number, at least 0")


def _text(value: Any) -> None:
    if type(value) is not str:
        raise TypeError("must be text")


def _time(value: Any) -> None:
    if isinstance(value, str):
        datetime.fromisoformat(value)
    elif value is not None and not isinstance(value, datetime):
        raise TypeError("must be a time")


def _json(value: Any) -> None:
    try:
        json.loads(value)
    except (ValueError, TypeError):
        raise ValueError("must be JSON") from None


def _distribution(value: Any) -> None:
    try:
        json_to_distribution(value)
    except (LookupError, ValueError, TypeError):
        raise ValueError("must be JSON of a distribution") from None


def _in_its_distribution(distribution: str, value: float) -> None:
    drawn_from = json_to_distribution(distribution)
    try:
        drawn_from.to_external_repr(value)
    except (LookupError, ValueError, TypeError):
        raise ValueError(f"must be of {drawn_from}") from None


ATTRIBUTES: dict[str, Check] = {"key": _text, "value_json": _json}

CHECKS: dict[str, dict[str, Check]] = {
    "study_directions": {
        "direction": _one_of(["MINIMIZE", "MAXIMIZE", "NOT_SET"]),
        "objective": _one_of([0, 1]),  # of which our studies have one or two
    },
    "study_user_attributes": ATTRIBUTES,
    "study_system_attributes": ATTRIBUTES,
    "trials": {
        "number": _whole,
        "state": _one_of([state.name for state in TrialState]),
        "datetime_start": _time,
        "datetime_complete": _time,
    },
    "trial_params": {
        "param_name": _text,
        "distribution_json": _distribution,
        "param_value": _number,
    },
    "trial_values": {
        "objective": _one_of([0, 1]),  # of which our studies have one or two
        "value_type": _one_of(["FINITE", "INF_POS", "INF_NEG"]),
        "value": _number,
    },
    "trial_user_attributes": ATTRIBUTES,
    "trial_system_attributes": ATTRIBUTES,
}
"""What is read of each table, in an order in which what is checked later may need the former."""
