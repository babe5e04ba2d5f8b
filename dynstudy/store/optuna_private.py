"""What dynstudy needs of Optuna and is private there: the one file to mend when Optuna moves it."""

import optuna
from optuna.storages._cached_storage import _CachedStorage
from optuna.storages._rdb import models
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial
from sqlalchemy import MetaData, String, Text, column, delete, table

__all__ = [
    "OPTUNA_TABLES",
    "STUDIES",
    "STUDY_ATTRIBUTES",
    "TRIALS",
    "FrozenStudy",
    "ask_again",
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


def ask_again(study: optuna.Study, frozen: FrozenTrial) -> optuna.Trial:
    """Return a running trial as if it had just been asked for: what was drawn of it is forgotten.

    Quasi-random samplers count in the study how far they are in their sequence, from trial 1 on,
    whose space is that of trial 0: if they counted this one, they forget that, too.
    """
    storage, number = study._storage, study._study_id
    assert isinstance(storage, _CachedStorage)
    with storage._backend.scoped_session() as session:
        for model in (models.TrialParamModel, models.TrialSystemAttributeModel):
            session.execute(delete(model).where(model.trial_id == frozen._trial_id))
        session.commit()
    before = max(frozen.number - 1, 0) - 1
    for key, last in storage.get_study_system_attrs(number).items():
        if key.startswith("qmc:") and last > before:
            storage.set_study_system_attr(number, key, before)
    study._thread_local.cached_all_trials = None  # as `ask` does
    return optuna.Trial(study, frozen._trial_id)
