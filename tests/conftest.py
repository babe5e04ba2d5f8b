"""What many tests share: small studies, small data, a database of their own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from dynstudy.study.kinds.search import SearchSpec
from dynstudy.study.spec import StudySpec
from dynstudy.task.spiral import spiral
from dynstudy.train import Data

# Machines are noisy: no test depends on time. In CI the examples are the same every time.
settings.register_profile(
    "dynstudy",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("dynstudy")


def pytest_configure(config: pytest.Config) -> None:
    """Import Triton while it is told to interpret: its own functions are what they are then."""
    if "not gpu" not in config.option.markexpr:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", "1")
        try:
            import triton.language  # noqa: F401
        except ImportError as error:
            command = "pip install --constraint constraints.txt --editable '.[dev,gpu-test]'"
            raise pytest.UsageError(f"the tests need Triton: {command}") from error


DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parents[1]

SMALL: dict[str, Any] = {
    "name": "small",
    "kind": "map",
    "loss": "dce",
    "replicates": 2,
    "protocol": {
        "steps": 200,
        "tail": 50,
        "data": {"points_per_class": 20, "validation_points_per_class": 30},
    },
    "space": {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": 5},
}
"""A study file: a map of 2 x 2 cells and a baseline that trains in a moment."""

SEARCH: dict[str, Any] = {
    "name": "search",
    "kind": "search",
    "loss": "dce",
    "replicates": 2,
    "protocol": SMALL["protocol"],
    "search": {"sampler": "tpe", "trials": 8, "batch": 3, "n_startup_trials": 4},
    "space": {
        "learning_rate": 1.0,
        "amplitude": {"low": 2, "high": 100, "log": True},
        "period": {"low": 10, "high": 50},
        "width": [3, 5],
    },
}
"""A search of 8 trials in batches of 3 that trains in a moment."""


@pytest.fixture(autouse=True)
def _no_storage_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DYNSTUDY_STORAGE", "OPTUNA_STORAGE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def data() -> Data:
    """The authors' training spiral, and a small validation set."""
    return make_data()


def make_data(classes: int = 3, points: int = 100, validation_points: int = 120) -> Data:
    x, y = spiral(points, classes, 2.0, 0.2, seed=0)
    validation_x, validation_y = spiral(validation_points, classes, 2.0, 0.2, seed=1)
    return Data(x[None], y, validation_x, validation_y)


@pytest.fixture
def make_spec() -> Callable[..., MapSpec]:
    """The small study; keywords replace its keys."""

    def make(**changes: Any) -> MapSpec:
        spec = StudySpec.of(SMALL | changes)
        assert isinstance(spec, MapSpec)
        return spec

    return make


@pytest.fixture
def make_search() -> Callable[..., SearchSpec]:
    """The small search; keywords replace its keys."""

    def make(**changes: Any) -> SearchSpec:
        spec = StudySpec.of(SEARCH | changes)
        assert isinstance(spec, SearchSpec)
        return spec

    return make


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/studies.db"


@pytest.fixture
def storage(url: str) -> Iterator[Storage]:
    opened = Storage(url, create=True)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
