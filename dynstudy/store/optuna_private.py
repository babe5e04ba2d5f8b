"""What dynstudy needs of Optuna and is private there: the one file to mend when Optuna moves it."""

import optuna
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial
from sqlalchemy import Column, Integer, MetaData, String, Table, Text

__all__ = ["STUDIES", "STUDY_ATTRIBUTES", "TRIALS", "FrozenStudy", "open_running_trial", "study_id"]

# The few columns that are read or written by SQL, where Optuna has no API.
_OPTUNA = MetaData()  # not ours: nothing here is ever created

STUDIES = Table(
    "studies",
    _OPTUNA,
    Column("study_id", Integer, primary_key=True),
    Column("study_name", String(512)),
)
STUDY_ATTRIBUTES = Table(
    "study_user_attributes",
    _OPTUNA,
    Column("study_id", Integer),
    Column("key", String(512)),
    Column("value_json", Text),
)
TRIALS = Table(
    "trials",
    _OPTUNA,
    Column("trial_id", Integer, primary_key=True),
    Column("study_id", Integer),
    Column("state", String),  # an enumeration of PostgreSQL's: cast it to compare it
)


def study_id(study: FrozenStudy) -> int:
    """Optuna's number of a study that was read in a list of them."""
    return study._study_id


def open_running_trial(study: optuna.Study, frozen: FrozenTrial) -> optuna.Trial:
    """A running trial as one that attributes can be set on; Optuna opens it in no other way."""
    return optuna.Trial(study, frozen._trial_id)
