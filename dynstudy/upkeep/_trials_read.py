"""The trials of a study within a snapshot: Optuna reads them in a session of its own."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from optuna.distributions import json_to_distribution
from optuna.trial import TrialState
from sqlalchemy import Connection, select

from dynstudy.errors import DamagedError
from dynstudy.store.optuna_private import OPTUNA_TABLES
from dynstudy.store.study_rows import StudyRow

TRIALS_OF: Any = OPTUNA_TABLES.tables["trials"]


@dataclass
class TrialRead:
    """A trial, as far as its study's networks have to agree with it."""

    row: int  # trial_id
    number: int
    state: TrialState
    completed: datetime | None  # UTC
    params: dict[str, Any] = field(default_factory=dict)
    values: dict[int, float] = field(default_factory=dict)  # by objective
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)


def read_trials(connection: Connection, study: int) -> list[TrialRead]:
    """Return all trials of a study, by number.

    Raises:
        DamagedError: one cannot be read.
    """
    row = TRIALS_OF.c
    columns = row.trial_id, row.number, row.state, row.datetime_complete
    query = select(*columns).where(row.study_id == study).order_by(row.number, row.trial_id)
    trials = {
        trial_id: TrialRead(trial_id, number, state, completed)
        for trial_id, number, state, completed in connection.execute(query)
    }
    try:
        for trial, name, value, distribution in _of(connection, study, "trial_params"):
            drawn_from = json_to_distribution(distribution)
            trials[trial].params[name] = drawn_from.to_external_repr(value)
        for trial, objective, value, _ in _of(connection, study, "trial_values"):
            trials[trial].values[objective] = value
        for trial, key, text in _of(connection, study, "trial_user_attributes"):
            trials[trial].user_attrs[key] = json.loads(text)
        for trial, key, text in _of(connection, study, "trial_system_attributes"):
            trials[trial].system_attrs[key] = json.loads(text)
    except (ValueError, LookupError, TypeError) as error:
        raise DamagedError(f"the trials of study_id {study} cannot be read: {error}") from error
    return list(trials.values())


COLUMNS_OF = {
    "trial_params": ("param_name", "param_value", "distribution_json"),
    "trial_values": ("objective", "value", "value_type"),
    "trial_user_attributes": ("key", "value_json"),
    "trial_system_attributes": ("key", "value_json"),
}


def _of(connection: Connection, study: int, name: str) -> Iterator[Any]:
    """The rows of a table that belong to the trials of a study."""
    table: Any = OPTUNA_TABLES.tables[name]
    trial = table.c.trial_id
    query = select(trial, *(table.c[column] for column in COLUMNS_OF[name]))
    query = query.join(TRIALS_OF, TRIALS_OF.c.trial_id == trial)
    yield from connection.execute(query.where(TRIALS_OF.c.study_id == study))


class StudyRead:
    """A study within a snapshot, as far as what asks for its cells looks at it."""

    def __init__(self, connection: Connection, study: StudyRow) -> None:
        self.study_name: str = study.study_name
        self.user_attrs: Mapping[str, Any] = study.user_attrs
        self.trials = read_trials(connection, study.number)

    def get_trials(
        self, deepcopy: bool = False, states: Collection[TrialState] | None = None
    ) -> list[TrialRead]:
        """As Optuna's."""
        return [trial for trial in self.trials if states is None or trial.state in states]
