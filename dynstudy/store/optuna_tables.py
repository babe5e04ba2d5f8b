"""The few columns of Optuna's tables that are read or written by SQL, where Optuna has no API."""

from sqlalchemy import Column, Integer, MetaData, String, Table, Text

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
