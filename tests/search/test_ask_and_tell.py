"""A search's trials: asked for in batches, whatever was interrupted."""

import optuna
import pytest

from dynstudy.config import Configuration
from dynstudy.search.ask_and_tell import ask_batch, objective_values, tell
from dynstudy.store.studies import Storage
from dynstudy.store.trials import FinishedCell
from tests.planted import SearchMaker


def test_trials_are_asked_for_in_batches_until_there_are_enough(
    storage: Storage, make_search: SearchMaker
) -> None:
    spec = make_search()
    study = storage.open_study(spec)
    sizes = []
    while batch := ask_batch(study, spec):
        assert ask_batch(study, spec) == batch  # a crash left them: they are trained again
        sizes.append(len(batch))
        for number, configuration in batch.items():
            tell(study, number, FinishedCell(configuration, 0.5, {"sem": 0.01}), spec)
    assert sizes == [3, 3, 2]
    trials = study.get_trials(deepcopy=False)
    assert {trial.state for trial in trials} == {optuna.trial.TrialState.COMPLETE}
    assert [trial.user_attrs["sem"] for trial in trials] == [0.01] * 8


def test_what_a_crash_left_stays_in_its_batch(storage: Storage, make_search: SearchMaker) -> None:
    spec = make_search()
    study = storage.open_study(spec)
    first, second, third = ask_batch(study, spec).items()
    tell(study, second[0], FinishedCell(second[1], 0.5, {}), spec)
    assert ask_batch(study, spec) == dict([first, third])
    assert list(ask_batch(study, spec)) == [0, 2]


@pytest.mark.parametrize(
    ("changes", "attributes", "values"),
    [
        ({}, {"gain": 0.2}, [0.7]),
        ({"maximize": "gain"}, {"gain": 0.2}, [0.2]),
        ({"maximize": "gain"}, {}, [0.0]),
        ({"minimize": "width"}, {}, [0.7, 5.0]),
    ],
)
def test_optuna_is_told_what_the_study_maximizes(
    make_search: SearchMaker,
    changes: dict[str, str],
    attributes: dict[str, float],
    values: list[float],
) -> None:
    finished = FinishedCell(Configuration("dce", 5, 1.0, 30.0, 10), 0.7, attributes)
    assert objective_values(finished, make_search(**changes)) == values
