"""What dynstudy needs of Optuna and is private there: the one file to mend when Optuna moves it."""

import optuna
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial

__all__ = ["FrozenStudy", "open_running_trial", "study_id"]


def study_id(study: FrozenStudy) -> int:
    """Optuna's number of a study that was read in a list of them."""
    return study._study_id


def open_running_trial(study: optuna.Study, frozen: FrozenTrial) -> optuna.Trial:
    """A running trial as one that attributes can be set on; Optuna opens it in no other way."""
    return optuna.Trial(study, frozen._trial_id)
