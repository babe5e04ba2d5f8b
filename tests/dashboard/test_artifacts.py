"""The files of a study's page: refreshed in place, kept beside the database."""

import json
from pathlib import Path
from typing import Any

import optuna
import pytest

from dynstudy.dashboard.artifacts import OURS, artifacts_folder, own_artifacts, refresh_artifacts
from dynstudy.dashboard.page import publish, published
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


def test_a_file_that_was_deleted_from_the_folder_is_missed(planted: Storage, folder: Path) -> None:
    publish(planted, "small")
    assert published(planted, "small")
    (folder / files(planted)["cells.csv"]).unlink()
    assert not published(planted, "small")  # so the next run writes the page again
    publish(planted, "small")
    assert published(planted, "small")


@pytest.mark.parametrize("first", ["small", "copy"])
def test_a_copy_that_optuna_made_has_files_of_its_own(
    first: str, planted: Storage, folder: Path
) -> None:
    """Neither writes over the files of the other, whichever is refreshed first."""
    publish(planted, "small")
    db = planted.optuna
    optuna.copy_study(from_study_name="small", from_storage=db, to_storage=db, to_study_name="copy")
    second = "copy" if first == "small" else "small"
    publish(planted, first)
    before = {path.name: path.read_bytes() for path in own_artifacts(planted, planted.study(first))}
    publish(planted, second)
    ours = [own_artifacts(planted, planted.study(name)) for name in (first, second)]
    assert not set(ours[0]) & set(ours[1])
    for path in ours[0]:
        assert path.read_bytes() == before[path.name]
    assert {path.name for path in folder.iterdir()} == {p.name for paths in ours for p in paths}
    for name in ("small", "copy"):
        listed = planted.system_attributes(planted.study(name))
        metas = [json.loads(v) for k, v in listed.items() if k.startswith("artifacts:")]
        names = [meta["filename"] for meta in metas if meta]
        assert sorted(names) == ["boundaries.csv", "cells.csv", "map.png", "study.toml"]
        (toml,) = (meta["artifact_id"] for meta in metas if meta and "toml" in meta["filename"])
        assert f'name = "{name}"' in (folder / toml).read_text()


def test_what_is_killed_half_way_leaves_nothing_in_the_temporary_folder_and_goes_on(
    planted: Storage, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `kill -9` does it: no handler is run any more."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    seen: list[list[Path]] = []

    def write(path: Path) -> None:
        seen.append(list(scratch.iterdir()))
        raise SystemError("killed")

    study = planted.study("small")
    with pytest.raises(SystemError):
        refresh_artifacts(planted, study, {"a.txt": lambda path: path.touch(), "b": write}, folder)
    assert seen == [[]]
    before = files(planted)
    texts = dict.fromkeys(("a.txt", "b"), lambda path: path.write_text("text"))
    refresh_artifacts(planted, study, texts, folder)
    assert files(planted).items() >= before.items()
    assert {path.name for path in folder.iterdir()} == set(files(planted).values())


def test_the_folder_is_beside_the_database_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert artifacts_folder("sqlite:////data/x.db") == Path("/data/x.artifacts")
    assert artifacts_folder("sqlite:///file:/data/x.db?mode=ro&uri=true") == Path(
        "/data/x.artifacts"
    )
    monkeypatch.setenv("DYNSTUDY_ARTIFACTS", "/elsewhere")
    assert artifacts_folder("sqlite:////data/x.db") == Path("/elsewhere")
    assert artifacts_folder("sqlite:////data/x.db", "named") == Path("named")


def test_what_a_study_names_as_its_files_is_in_their_folder(planted: Storage, folder: Path) -> None:
    names = json.dumps({"cells.csv": "../../notes.txt"})
    planted.optuna.set_study_system_attr(1, OURS, names)
    assert own_artifacts(planted, planted.study("small")) == [folder / "notes.txt"]
