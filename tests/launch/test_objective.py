"""A search as an objective for anyone's Optuna study."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

import dynstudy
from dynstudy.errors import SpecError
from dynstudy.store.studies import Storage
from tests.forked import in_child
from tests.launch.recorded import trials
from tests.planted import SearchMaker


@pytest.mark.parametrize("minimize", [None, "width"])
def test_an_objective_serves_a_plain_optuna_study(
    minimize: str | None, storage: Storage, make_search: SearchMaker
) -> None:
    spec = make_search(**({"minimize": minimize} if minimize else {}))
    dynstudy.run(spec, storage=storage)
    kept = {
        tuple(sorted(trial.params.items())): trial.values for trial in trials(storage, "search")
    }

    objective = dynstudy.Objective(spec)
    study = optuna.create_study(directions=objective.directions)
    for params in map(dict, kept):
        study.enqueue_trial(params)
    study.optimize(objective, n_trials=8)
    assert len(study.trials) == len(kept) > 0
    for trial in study.trials:
        assert trial.values == pytest.approx(kept[tuple(sorted(trial.params.items()))])
        assert trial.user_attrs["replicates"] == 2


def test_an_objective_of_gain_agrees_with_the_runner(
    storage: Storage, make_search: SearchMaker
) -> None:
    spec = make_search(maximize="gain", search={"sampler": "random", "trials": 2})
    dynstudy.run(spec, storage=storage)
    objective = dynstudy.Objective(spec)
    assert len(trials(storage, "search")) == 2
    for trial in trials(storage, "search"):
        assert objective(optuna.trial.FixedTrial(trial.params)) == pytest.approx(trial.value)


@pytest.mark.parametrize(
    ("changes", "directions", "aims"),
    [
        ({}, ["minimize"], "maximize accuracy"),
        ({}, ["maximize", "minimize"], "maximize accuracy"),
        ({"maximize": "gain"}, ["minimize"], "maximize gain"),
        ({"minimize": "width"}, ["maximize"], "maximize accuracy, minimize width"),
        ({"minimize": "width"}, ["maximize"] * 2, "maximize accuracy, minimize width"),
    ],
)
def test_a_study_that_looks_the_other_way_is_refused(
    changes: dict[str, Any], directions: list[str], aims: str, make_search: SearchMaker
) -> None:
    """`optuna.create_study()` minimizes unless told: it went for the worst networks, silently."""
    objective = dynstudy.Objective(make_search(**changes))
    study = optuna.create_study(directions=directions)
    says = f"'search' is to {aims}, .*study to {', '.join(directions)}: .*=objective.directions"
    with pytest.raises(SpecError, match=says):
        study.optimize(objective, n_trials=1)


@pytest.mark.parametrize("takes", [dynstudy.Objective, dynstudy.run])
@pytest.mark.parametrize("given", ["a.toml", Path("a.toml"), None, {"name": "a"}])
def test_what_is_no_study_yet_is_to_be_read(takes: Callable[[Any], object], given: Any) -> None:
    with pytest.raises(TypeError, match=r"is no study: dynstudy.load_spec reads one from its file"):
        takes(given)


def test_an_objective_needs_a_search(make_spec: Callable[..., Any]) -> None:
    with pytest.raises(SpecError, match="'small' is a map; an Objective needs"):
        dynstudy.Objective(make_spec())


def test_an_objective_serves_children_that_are_forked(make_search: SearchMaker) -> None:
    """As they are where `multiprocessing` runs one Optuna study in several processes."""
    objective = dynstudy.Objective(make_search())

    def best() -> float:
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(0))
        study.optimize(objective, n_trials=2)
        return study.best_value

    assert best() == in_child(best)
