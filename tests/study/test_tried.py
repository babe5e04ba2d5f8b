"""Which configurations the trials of a study have."""

import math
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from dynstudy.config import MAX_REPLICATES, Configuration
from dynstudy.errors import DamagedError
from dynstudy.store.studies import Storage
from dynstudy.store.trials import distributions
from dynstudy.study.tried import asked, configuration_of, finished, number_of, replicates_told
from dynstudy.task.losses import LOSSES
from tests.planted import SMALL, SearchMaker, SpecMaker, plant, small_map

DCE = {"loss": "dce", "width": 5, "learning_rate": 1.0, "amplitude": 3.0, "period": 10}


def trial(params: dict[str, object], state: TrialState = TrialState.RUNNING) -> optuna.Trial:
    all_distributions = distributions(
        small_map(space=SMALL["space"] | {"width": [5, 6]}), list(LOSSES)
    )
    chosen = {name: all_distributions[name] for name in params}
    value = 0.5 if state == TrialState.COMPLETE else None
    return create_trial(state=state, value=value, params=params, distributions=chosen)


def test_trials_are_the_cells_of_a_map_with_their_numbers(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    plant(storage, spec)
    study = storage.study("small")
    cells = [cell.configuration for cell in spec.grid_cells()]
    assert finished(study) == {cell: number for number, cell in enumerate(cells)}
    assert replicates_told(study) == {c.configuration: c.replicates for c in spec.grid_cells()}


def test_of_two_trials_of_a_cell_the_first_counts_and_one_in_training_is_asked_alone(
    storage: Storage, make_search: SearchMaker
) -> None:
    study = storage.open_study(make_search())
    study.add_trials([
        trial(DCE, TrialState.COMPLETE),
        trial(DCE, TrialState.COMPLETE),
        trial(DCE | {"width": 6}),
        trial({"loss": "dce"}),
        trial(DCE | {"period": 30}, TrialState.FAIL),
    ])
    assert finished(study) == {Configuration(**DCE): 0}
    assert set(asked(study)) == {Configuration(**DCE), Configuration(**DCE | {"width": 6})}


def test_a_trial_of_which_not_all_was_drawn_is_no_configuration() -> None:
    study = optuna.create_study()
    static = {"loss": "ce", "width": 5, "learning_rate": 1.0}
    assert configuration_of(study, trial(static)) == Configuration("ce", 5, 1.0)
    assert configuration_of(study, trial(DCE)) == Configuration(**DCE)
    for missing in DCE:
        part = {name: value for name, value in DCE.items() if name != missing}
        assert configuration_of(study, trial(part)) is None


@pytest.mark.parametrize("said", ["7", [7], True, math.inf, -math.inf, MAX_REPLICATES + 1])
def test_what_is_no_number_that_a_trial_says_is_damaged(said: Any) -> None:
    study = optuna.create_study()
    of_cell = trial(DCE, TrialState.COMPLETE)
    assert number_of(study, of_cell, "replicates", MAX_REPLICATES) is None
    of_cell.set_user_attr("replicates", MAX_REPLICATES)
    assert number_of(study, of_cell, "replicates", MAX_REPLICATES) == MAX_REPLICATES
    of_cell.set_user_attr("replicates", said)
    with pytest.raises(DamagedError, match=r"trial_user_attributes.*replicates = "):
        number_of(study, of_cell, "replicates", MAX_REPLICATES)
