"""What dynstudy needs of Optuna and is private there: the one file to mend when Optuna moves it."""

import optuna
from optuna.storages._rdb import models
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial
from sqlalchemy import MetaData, String, Text, column, table

__all__ = [
    "OPTUNA_TABLES",
    "STUDIES",
    "STUDY_ATTRIBUTES",
    "TRIALS",
    "FrozenStudy",
    "open_running_trial",
    "set_trial_system_attribute",
    "study_id",
]

OPTUNA_TABLES: MetaData = models.BaseModel.metadata
"""All of them, but for Alembic's, which holds their version and which Optuna makes last."""

# The few columns that are read or written by SQL, where Optuna has no API.
STUDIES = table("studies", column("study_id"), column("study_name", String))
STUDY_ATTRIBUTES = table(
    "study_user_attributes", column("study_id"), column("key"), column("value_json", Text)
)
TRIALS = table("trials", column("study_id"), column("state"))
"""PostgreSQL's state is an enumeration: cast it to compare it."""


def study_id(study: FrozenStudy) -> int:
    """Optuna's number of a study that was read in a list of them."""
    return study._study_id


def open_running_trial(study: optuna.Study, frozen: FrozenTrial) -> optuna.Trial:
    """A running trial as one that attributes can be set on; Optuna opens it in no other way."""
    return optuna.Trial(study, frozen._trial_id)


def set_trial_system_attribute(
    study: optuna.Study, frozen: FrozenTrial, key: str, value: str
) -> None:
    """Keep something with a trial that no user looks at; Optuna has no other way for a search."""
    study._storage.set_trial_system_attr(frozen._trial_id, key, value)
