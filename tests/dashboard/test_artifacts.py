"""The files of a study's page: refreshed in place, kept beside the database."""

import json
from pathlib import Path
from typing import Any

import pytest

from dynstudy.dashboard.artifacts import artifacts_folder
from dynstudy.dashboard.page import publish
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker, plant


@pytest.fixture
def planted(storage: Storage, make_spec: SpecMaker) -> Storage:
    plant(storage, make_spec())
    return storage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "studies.artifacts"


def attributes(storage: Storage) -> dict[str, Any]:
    return storage.optuna.get_study_system_attrs(1)


def files(storage: Storage) -> dict[str, str]:
    """Identifiers of the artifacts by their names, as the dashboard lists them."""
    metas = [json.loads(v) for k, v in attributes(storage).items() if k.startswith("artifacts:")]
    identifiers = {meta["filename"]: meta["artifact_id"] for meta in metas if meta}
    assert len(identifiers) == sum(meta is not None for meta in metas)
    return identifiers


def test_a_file_is_refreshed_in_place(planted: Storage, folder: Path) -> None:
    publish(planted, "small")
    before = files(planted)
    (folder / before["cells.csv"]).write_text("old")
    (folder / before["study.toml"]).unlink()  # the folder was not copied with the database
    publish(planted, "small")
    assert files(planted) == before
    assert (folder / before["cells.csv"]).read_text().startswith("loss,")
    assert (folder / before["study.toml"]).exists()


def test_a_file_that_was_deleted_on_the_page_comes_back(planted: Storage, folder: Path) -> None:
    publish(planted, "small")
    identifier = files(planted)["cells.csv"]
    # as the dashboard does it
    planted.optuna.set_study_system_attr(1, f"artifacts:{identifier}", json.dumps(None))
    (folder / identifier).unlink()
    publish(planted, "small")
    assert (folder / files(planted)["cells.csv"]).exists()
    assert len(list(folder.iterdir())) == 4


def test_the_folder_is_beside_the_database_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert artifacts_folder("sqlite:////data/x.db") == Path("/data/x.artifacts")
    assert artifacts_folder("sqlite:///file:/data/x.db?mode=ro&uri=true") == Path(
        "/data/x.artifacts"
    )
    monkeypatch.setenv("DYNSTUDY_ARTIFACTS", "/elsewhere")
    assert artifacts_folder("sqlite:////data/x.db") == Path("/elsewhere")
    assert artifacts_folder("sqlite:////data/x.db", "named") == Path("named")
