"""The two databases of a copy: each that cannot be one is refused before anything is written."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dynstudy.errors import NoDatabaseError, StorageError
from dynstudy.store.studies import Storage
from dynstudy.upkeep.opening import open_source, open_target
from tests.conftest import DATA


def test_the_same_file_under_another_name_is_refused(
    storage: Storage, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "studies.db")
    (tmp_path / "hard.db").hardlink_to(tmp_path / "studies.db")
    for name in ("studies.db", "./studies.db", "link.db", "hard.db", f"{tmp_path}/studies.db"):
        with pytest.raises(StorageError, match="is the same database under both names"):
            open_target(storage, url, f"sqlite:///{name}")


def test_a_database_of_another_program_is_refused(
    storage: Storage, url: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection:
        connection.execute("CREATE TABLE moz_places (id INTEGER)")
    before = (tmp_path / "theirs.db").read_bytes()
    with pytest.raises(StorageError, match="holds moz_places, which another program made"):
        open_target(storage, url, f"sqlite:///{tmp_path}/theirs.db")
    assert (tmp_path / "theirs.db").read_bytes() == before


def test_a_new_one_is_made_and_an_older_one_upgraded(
    storage: Storage, url: str, tmp_path: Path
) -> None:
    shutil.copy(DATA / "schema2.db", tmp_path / "older.db")
    (tmp_path / "empty.db").touch()
    for name in ("new.db", "older.db", "empty.db", "new.db"):
        opened = open_target(storage, url, f"sqlite:///{tmp_path}/{name}")
        source = open_source(f"sqlite:///{tmp_path}/{name}")
        assert source.names() == opened.names()
        for each in (opened, source):
            each.engine.dispose()


def test_an_older_source_is_to_be_upgraded_first(tmp_path: Path) -> None:
    shutil.copy(DATA / "schema2.db", tmp_path / "older.db")
    with pytest.raises(StorageError, match=r"its schema is 2, .* dynstudy storage upgrade"):
        open_source(f"sqlite:///{tmp_path}/older.db")
    with pytest.raises(NoDatabaseError, match="there is no such database"):
        open_source(f"sqlite:///{tmp_path}/absent.db")
