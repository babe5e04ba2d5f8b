"""Commands on copies of one storage with three small studies."""

import io
import shutil
from functools import partial
from pathlib import Path

import pytest

from dynstudy.launch.runner import run
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.cli.three_studies import OTHER, Command, Refusal
from tests.command import called, fails
from tests.planted import SEARCH, SMALL


@pytest.fixture(autouse=True)
def _pages_are_not_drawn(undrawn_pages: None) -> None:
    """Every launch by a command leaves one."""


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    storage = Storage(f"sqlite:///{folder}/studies.db", create=True)
    for study in (SMALL, OTHER, SEARCH):
        run(StudySpec.of(study), storage=storage)
    storage.engine.dispose()
    return folder / "studies.db"


@pytest.fixture
def three(trained: Path, tmp_path: Path) -> Path:
    """A folder whose storage has three studies."""
    (tmp_path / "storage").mkdir()
    shutil.copy(trained, tmp_path / "storage" / "dynstudy.db")
    return tmp_path


@pytest.fixture
def command(three: Path) -> Command:
    """Runs a command in that folder; returns its exit status, stdout and stderr."""
    return partial(called, three, io.StringIO())


@pytest.fixture
def refusal(three: Path) -> Refusal:
    """Runs a command that must end with one line, and change nothing; returns the line."""

    def refuse(*arguments: str) -> str:
        before = (three / "storage" / "dynstudy.db").read_bytes()
        said = fails(three, *arguments)
        assert (three / "storage" / "dynstudy.db").read_bytes() == before
        return said

    return refuse
