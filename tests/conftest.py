"""What many tests share: small studies, small data, a database of their own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

import dynstudy
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from dynstudy.task.spiral import spiral
from dynstudy.train import Data
from tests import postgres
from tests.planted import SMALL, SearchMaker, SpecMaker, small_map, small_search

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


def pytest_report_header(config: pytest.Config) -> str:
    """Say which tests are left out, and where it is told what runs them."""
    return f"tests that are {config.option.markexpr} (Makefile: make test-...)"


DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _no_storage_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DYNSTUDY_STORAGE", "OPTUNA_STORAGE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """By PyTorch, but for tests of that: it takes seconds, and needs a compiler."""
    monkeypatch.setenv("DYNSTUDY_COMPILE", "0")


@pytest.fixture(autouse=True)
def _an_estimate_looks_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the speed of each loss and width; what it comes to is of no interest to any test."""
    monkeypatch.setattr("dynstudy.launch.estimate.PROBE_SECONDS", 0.001)


@pytest.fixture(scope="session", autouse=True)
def _optuna_compiles_its_migrations_once() -> Iterator[None]:
    """And not whenever a database is opened, which takes two thirds of the time of that."""
    manager, newest = optuna.storages._rdb.storage._VersionManager, list[str]()
    read = manager.get_head_version

    def get_head_version(self: Any) -> str:
        if not newest:
            newest.append(read(self))
        return newest[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manager, "get_head_version", get_head_version)
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    """And not for each of thousands of engines, which took a tenth of the time of the tests."""
    compiled, made = LRUCache[Any, Any](10_000), Engine.__init__

    def init(self: Engine, *args: Any, **more: Any) -> None:
        made(self, *args, **more)
        self._compiled_cache = compiled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", init)
        # by which what is compiled is found: any two of one driver are given the same SQL
        patch.setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(DefaultDialect, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture
def data() -> Data:
    """The authors' training spiral, and a small validation set."""
    return make_data()


def make_data(classes: int = 3, points: int = 100, validation_points: int = 120) -> Data:
    x, y = spiral(points, classes, 2.0, 0.2, seed=0)
    validation_x, validation_y = spiral(validation_points, classes, 2.0, 0.2, seed=1)
    return Data(x[None], y, validation_x, validation_y)


@pytest.fixture
def make_spec() -> SpecMaker:
    """Makes the small study; keywords replace its keys."""
    return small_map


@pytest.fixture
def make_search() -> SearchMaker:
    """Makes the small search; keywords replace its keys."""
    return small_search


@pytest.fixture
def database() -> str:
    """Which one a test's storage is in; folders of tests that mind replace it by both."""
    return "sqlite"


@pytest.fixture
def url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Of a storage that is not there yet; of PostgreSQL, the database is, without any tables."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path}/studies.db"
        return
    server: postgres.Databases = request.getfixturevalue("databases")
    opened = "storage" in request.fixturenames
    template = request.getfixturevalue("empty_postgresql") if opened else None
    with server.database(template) as made:
        yield made


@pytest.fixture(scope="session")
def empty_postgresql(databases: postgres.Databases) -> Iterator[str]:
    """As `empty_database`."""
    with databases.database() as made:
        opened = Storage(made, create=True)
        opened.engine.dispose()
        yield made


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: making all tables takes three times as long as opening them."""
    path = tmp_path_factory.mktemp("empty") / "studies.db"
    Storage(f"sqlite:///{path}", create=True).engine.dispose()
    return path


@pytest.fixture
def storage(url: str, empty_database: Path) -> Iterator[Storage]:
    if url.startswith("sqlite:///"):
        shutil.copy(empty_database, url.removeprefix("sqlite:///"))
    opened = Storage(url)  # as is: to look for what may be missing takes longer than the rest
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="session")
def databases() -> Iterator[postgres.Databases]:
    """On a PostgreSQL that is started for the tests, or the one that a person gave for them."""
    with postgres.databases() as made:
        yield made


@pytest.fixture
def undrawn_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without the picture of a map, which takes longer than the rest: theirs draw it."""
    drawn = "dynstudy.dashboard.page.save_map"
    monkeypatch.setattr(drawn, lambda _, path: path.write_bytes(b"drawn"))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """A finished map of two widths, which nobody changes."""
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 8]}
    spec = StudySpec.of(SMALL | {"replicates": 3, "loss": ["ce", "dce"], "space": space})
    storage = Storage(f"sqlite:///{tmp_path_factory.mktemp('studied')}/studies.db", create=True)
    dynstudy.run(spec, storage=storage)
    return storage
