"""The sampler alone: what it finds on functions whose level sets are known, and what it refuses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from dynstudy.search.boundary_sampler import BoundarySampler, Level
from dynstudy.statistics.gaussian_process import GaussianProcess

optuna.logging.set_verbosity(optuna.logging.WARNING)
GRID: dict[str, list[float]] = {
    "x": np.linspace(0, 1, 15).tolist(),
    "y": np.geomspace(1, 100, 15).tolist(),
}


def ring(x: float, y: float) -> float:
    """Positive inside a circle around the middle."""
    return 0.3 - float(np.hypot(x - 0.5, np.log10(y) / 2 - 0.5))


def objective(trial: optuna.Trial) -> float:
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 1, 100, log=True)
    trial.set_user_attr("other", x - 0.2)
    return ring(x, y)


def study_of(sampler: optuna.samplers.BaseSampler, count: int) -> optuna.Study:
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=count)
    return study


def wrong(study: optuna.Study) -> int:
    """Of a fine grid, how many places a surface through the trials puts on the wrong side."""
    x, y = (values.ravel() for values in np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 2, 41)))
    seen = np.array([[t.params["x"], np.log10(t.params["y"]) / 2] for t in study.trials])
    values = np.array([t.value for t in study.trials], float)
    surface = GaussianProcess(5 * seen, values, np.full(len(seen), 1e-8))
    predicted = surface.at(5 * np.stack([x, y / 2], axis=1))[0]
    truth = np.array([ring(*point) for point in zip(x, 10**y, strict=True)])
    return int(((predicted > 0) != (truth > 0)).sum())


@pytest.mark.parametrize("candidates", [GRID, None], ids=["grid", "anywhere"])
def test_it_finds_a_level_set_better_than_random_draws(candidates: Any) -> None:
    chosen = [
        wrong(study_of(BoundarySampler(candidates=candidates, seed=seed), 24)) for seed in range(3)
    ]
    drawn = [wrong(study_of(optuna.samplers.RandomSampler(seed=seed), 24)) for seed in range(3)]
    assert max(chosen) < min(drawn)
    assert sum(chosen) < sum(drawn) / 2


def test_it_goes_to_the_level_that_is_asked_for() -> None:
    """The straddle rule's aim: trials after the first ones lie near the level."""
    for at in (0.15, -0.1):
        trials = study_of(BoundarySampler(Level(at), seed=1), 30).trials
        near = np.abs(np.array([t.value for t in trials], float) - at)
        assert np.median(near[12:]) < 0.5 * np.median(near[:12])


def test_levels_of_several_quantities_are_all_looked_for() -> None:
    both = BoundarySampler([Level(), Level(0.0, value="other")], seed=0)
    trials = study_of(both, 40).trials[12:]
    ring_near = sum(abs(t.value or 0.0) < 0.08 for t in trials)
    line_near = sum(abs(t.user_attrs["other"]) < 0.08 for t in trials)
    assert min(ring_near, line_near) >= 4


def test_the_same_seed_and_trials_give_the_same_proposals() -> None:
    first, second, other = (
        [t.params for t in study_of(BoundarySampler(candidates=GRID, seed=seed), 16).trials]
        for seed in (0, 0, 1)
    )
    assert first == second != other
    assert all(row["x"] in GRID["x"] and row["y"] in GRID["y"] for row in first)
    assert len({tuple(row.items()) for row in first}) == 16  # nothing twice


def test_a_batch_is_spread_though_none_of_it_is_told() -> None:
    study = study_of(BoundarySampler(seed=0), 14)
    batch = [study.ask() for _ in range(4)]
    places = []
    for trial in batch:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 1, 100, log=True)
        places.append((x, np.log10(y) / 2))
    assert {t.state for t in study.trials[14:]} == {TrialState.RUNNING}
    gaps = [np.hypot(*np.subtract(a, b)) for i, a in enumerate(places) for b in places[:i]]
    assert min(gaps) > 0.08


def test_errors_tell_it_what_to_believe() -> None:
    """A measurement with a large error does not settle what one with a small error does."""

    def noisy(error: float) -> Callable[[optuna.Trial], float]:
        def measured(trial: optuna.Trial) -> float:
            trial.set_user_attr("sem", error)
            return trial.suggest_int("n", 1, 9) - 5.5

        return measured

    for error, settled in ((0.01, True), (3.0, False)):
        sampler = BoundarySampler(Level(0.0, error="sem"), candidates={"n": range(1, 10)}, first=4)
        study = optuna.create_study(sampler=sampler)
        study.optimize(noisy(error), n_trials=6)
        (field,) = sampler._fields(study, study.trials, _unit(study), 9)
        mean, spread = field.surface.at(np.linspace(0, 5, 9)[:, None])
        assert bool((field.score(mean, spread**2)[[0, -1]] == 0).all()) is settled


def _unit(study: optuna.Study) -> Any:
    return np.array([[5 * (t.params["n"] - 1) / 8] for t in study.trials])


def test_it_ends_a_grid_by_measuring_again_and_draws_what_it_does_not_model() -> None:
    sampler = BoundarySampler(candidates={"n": [1, 2, 3]}, first=2)
    study = optuna.create_study(sampler=sampler)

    def small(trial: optuna.Trial) -> float:
        trial.suggest_categorical("kind", ["a", "b"])
        trial.suggest_float("fixed", 2.0, 2.0)
        return trial.suggest_int("n", 1, 3) - 1.5

    study.optimize(small, n_trials=8)
    assert {t.params["n"] for t in study.trials[:3]} == {1, 2, 3}
    assert {t.params["kind"] for t in study.trials} == {"a", "b"}


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(ValueError, match="levels is empty"):
        BoundarySampler([])
    with pytest.raises(ValueError, match="first = 1"):
        BoundarySampler(first=1)
    with pytest.raises(ValueError, match=r"candidates\['x'\] is empty"):
        BoundarySampler(candidates={"x": []})
    with pytest.raises(ValueError, match="candidates lacks 'y'"):
        study_of(BoundarySampler(candidates={"x": [0.1, 0.2]}), 3)
    with pytest.raises(ValueError, match=r"candidates\['x'\] has 7, but .* from 0.0 to 1.0"):
        study_of(BoundarySampler(candidates={**GRID, "x": [0.5, 7]}), 3)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=BoundarySampler())
    with pytest.raises(ValueError, match="several values"):
        study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 0.0), n_trials=3)
