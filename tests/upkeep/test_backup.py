"""A backup is what was in the database at one moment, or is not there."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dynstudy.errors import StorageError
from dynstudy.store.studies import Storage
from dynstudy.upkeep import backup
from dynstudy.upkeep.backup import back_up, refuse_backup
from tests.planted import SpecMaker, plant


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return list(connection.iterdump())


def test_it_is_what_was_there_when_it_began(
    storage: Storage, url: str, make_spec: SpecMaker, tmp_path: Path, monkeypatch: Any
) -> None:
    """Whatever is written between its pages, which begin anew for no writer."""
    plant(storage, make_spec())
    before = dump(tmp_path / "studies.db")
    monkeypatch.setattr(backup, "PAGES", 5)
    reports = []

    def report(what: str, done: int, total: int) -> None:
        if len(reports) in {1, 3}:
            plant(storage, make_spec(name=f"later-{len(reports)}"))
        reports.append((done, total))

    size = back_up(storage, url, tmp_path / "copy.db", report)
    assert dump(tmp_path / "copy.db") == before != dump(tmp_path / "studies.db")
    assert size == (tmp_path / "copy.db").stat().st_size
    assert [done for done, _ in reports] == sorted({done for done, _ in reports})
    assert reports[-1][0] == reports[-1][1]
    copy = Storage(f"sqlite:///{tmp_path}/copy.db", create=True)
    assert copy.names() == ["small"]
    copy.engine.dispose()


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_nobody_reads_it_who_may_not_read_the_database(
    mode: int, storage: Storage, url: str, tmp_path: Path
) -> None:
    seen = set[int]()

    def report(*_: object) -> None:
        seen.update(stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob(".*.db"))

    (tmp_path / "studies.db").chmod(mode)
    back_up(storage, url, tmp_path / "copy.db", report)
    assert seen == {mode}
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == mode


def test_it_is_one_file_and_nothing_stays_beside_it(
    storage: Storage, url: str, tmp_path: Path
) -> None:
    (tmp_path / "copies").mkdir()
    back_up(storage, url, tmp_path / "copies" / "copy.db")
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["copy.db"]


def test_nothing_is_written_over(storage: Storage, url: str, tmp_path: Path) -> None:
    (tmp_path / "there.db").write_text("mine")
    with pytest.raises(StorageError, match="is there already; name another file"):
        back_up(storage, url, tmp_path / "there.db")

    def made_meanwhile(*_: object) -> None:
        (tmp_path / "late.db").write_text("mine")

    with pytest.raises(StorageError, match="was made meanwhile; name another file"):
        back_up(storage, url, tmp_path / "late.db", made_meanwhile)
    assert (tmp_path / "late.db").read_text() == (tmp_path / "there.db").read_text() == "mine"
    assert not list(tmp_path.glob(".*"))


def test_a_disk_that_is_full_is_said_and_leaves_nothing(
    storage: Storage, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    class Full(sqlite3.Connection):
        def backup(self, *_: object, **__: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(
        backup.sqlite3, "connect", lambda *names, **how: connect(*names, factory=Full, **how)
    )
    with pytest.raises(StorageError, match="cannot be written: database or disk is full"):
        back_up(storage, url, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_file_that_is_broken_is_not_backed_up(
    storage: Storage, url: str, make_spec: SpecMaker, tmp_path: Path
) -> None:
    plant(storage, make_spec())
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.exec_driver_sql(
            "UPDATE sqlite_master SET rootpage = 3 WHERE name = 'ix_dynstudy_run_study_id'"
        )
    with pytest.raises(StorageError, match=r"copy is not whole|malformed"):
        back_up(storage, url, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_for_postgresql_it_says_what_does_that_without_a_password(storage: Storage) -> None:
    url = "postgresql+psycopg://me:se%40cret@host:5/db?sslpassword=deep"
    with pytest.raises(StorageError) as refused:
        refuse_backup(storage, url, Path("copy.db"))
    assert "pg_dump --format=custom --file=copy.db 'postgresql://me@host:5/db'" in str(
        refused.value
    )
    assert "cret" not in str(refused.value)
    assert "deep" not in str(refused.value)
