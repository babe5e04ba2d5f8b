"""The study file of a search: what it resolves to, and what is refused."""

from pathlib import Path

import pytest
import tomli_w

from dynstudy.errors import SpecError
from dynstudy.study.axes import Range
from dynstudy.study.kinds.search import SearchSpec
from dynstudy.study.spec import StudySpec
from dynstudy.study.study_file import load_spec
from tests.planted import SEARCH


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "search.toml"
    path.write_text(tomli_w.dumps(SEARCH))
    return path


def test_every_option_of_the_sampler_is_resolved(file: Path) -> None:
    spec = load_spec(file)
    assert isinstance(spec, SearchSpec)
    assert spec.resolved()["search"] == {
        "sampler": "tpe",
        "trials": 8,
        "batch": 3,
        "seed": 0,
        "n_startup_trials": 4,
        "n_ei_candidates": 24,
        "multivariate": True,
        "group": True,
        "constant_liar": True,
    }
    assert spec.maximize == "val_accuracy"
    assert spec.space.period == Range(low=10, high=50)
    assert spec.space.width == (3, 5)
    assert StudySpec.of(spec.resolved()) == spec


BAD = [
    ('search.sampler="cmaes"', "search.sampler = 'cmaes': must be one of 'tpe', 'gp', 'qmc'"),
    ("search.n_startup_trial=3", "unknown key 'search.n_startup_trial'; did you mean"),
    ("search.trials=0", "search.trials = 0: must be at least 1"),
    ("search.batch=101", "search.batch = 101: must be at most 100"),
    ("search.seed=-1", "search.seed = -1: must be at least 0"),
    ("search.multivariate=1", "search.multivariate = 1: must be true or false"),
    ("search.multivariate=false", "search.group = true needs search.multivariate = true"),
    ('search="tpe"', "search = 'tpe': must be a table"),
    ('maximize="accuracy"', "maximize = 'accuracy': must be 'val_accuracy' or 'gain'"),
    ('minimize="period"', "minimize = 'period': must be 'width'"),
    ("space.period={low=10,high=50,num=3}", "num belongs to a map"),
    ("space.period={low=10}", "a range needs low and high; high is missing"),
    ("space.period={low=10,high=50.5}", "50.5 is not allowed; allowed are whole numbers"),
    ("space.period={low=10,high=170}", "no whole oscillation of 170 steps fits"),
    ("space.amplitude={low=0.5,high=3}", "low = 0.5 is not allowed"),
    ("space.amplitude={low=5,high=3}", "low = 5 is above high = 3"),
    ("space.width={low=1,high=5,lg=true}", "unknown key 'lg'; did you mean 'log'"),
    ("replicates=0", "replicates = 0: must be at least 1"),
    ("space.widht=3", "unknown key 'space.widht'; did you mean 'width'"),
]


@pytest.mark.parametrize(("override", "said"), BAD, ids=[override for override, _ in BAD])
def test_what_is_wrong_is_said_in_one_line(override: str, said: str, file: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(file, [override])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sampler", ["gp", "qmc"])
def test_samplers_that_need_one_space_refuse_static_beside_dynamical_losses(sampler: str) -> None:
    mixed = SEARCH | {"loss": ["ce", "dce"], "search": {"sampler": sampler, "trials": 3}}
    with pytest.raises(SpecError, match="needs the same parameters in every trial"):
        StudySpec.of(mixed)


def test_a_missing_sampler_and_a_missing_table_are_named() -> None:
    with pytest.raises(SpecError, match=r"key 'search.sampler' is missing"):
        StudySpec.of(SEARCH | {"search": {"trials": 3}})
    with pytest.raises(SpecError, match="key 'search' is missing"):
        StudySpec.of({key: value for key, value in SEARCH.items() if key != "search"})
