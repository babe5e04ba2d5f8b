"""Where a database is, and what cannot be one."""

import os
import sqlite3
import sys
import warnings
from pathlib import Path

import pytest
from sqlalchemy import event

from dynstudy.errors import (
    StorageError,
)
from dynstudy.store.database import DEFAULT_STORAGE, QUERY_SIZE, storage_url
from dynstudy.store.origins import origins
from dynstudy.store.studies import Storage
from dynstudy.store.trials import trial_numbers
from tests.databases import SQLITE_ALONE
from tests.forked import in_child


def test_the_url_is_the_given_one_then_the_environments_then_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert storage_url() == DEFAULT_STORAGE
    monkeypatch.setenv("OPTUNA_STORAGE", "sqlite:///o.db")
    assert storage_url() == "sqlite:///o.db"
    monkeypatch.setenv("DYNSTUDY_STORAGE", "sqlite:///d.db")
    assert storage_url() == "sqlite:///d.db"
    assert storage_url("sqlite:///given.db") == "sqlite:///given.db"


@pytest.mark.parametrize("name", ["me@host/x.db", "@x.db", "a@b@c.db"])
def test_a_path_may_have_an_at_sign_where_it_hides_no_password(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    Storage(storage_url(str(path)), create=True).engine.dispose()
    assert path.is_file()


@pytest.mark.parametrize(
    "text", ["me:pass@word@host/x.db", "host=here password=secret", "dbname=x PGPASSWORD='a b'"]
)
def test_what_may_hide_a_password_is_no_path(text: str) -> None:
    assert storage_url(text) == text
    with pytest.raises(StorageError, match="must be sqlite:///PATH or postgresql"):
        Storage(storage_url(text), create=True)


def test_a_file_that_is_not_a_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but longer than a header")
    for create in (True, False):
        with pytest.raises(StorageError, match="is not an SQLite database"):
            Storage(f"sqlite:///{path}", create=create)
    assert path.read_text().startswith("not a database")


def test_a_damaged_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    path.write_bytes(b"SQLite format 3\0" + b"garbage" * 1000)
    with pytest.raises(StorageError, match=r"storage sqlite:///.*damaged.db: ") as caught:
        Storage(f"sqlite:///{path}", create=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "must be sqlite:///PATH or postgresql"),
        ("mysql://host/x", "must be sqlite:///PATH or postgresql"),
        ("", "must be sqlite:///PATH or postgresql"),
        ("sqlite://", "would be lost at the end; name a file"),
        ("sqlite:///:memory:", "would be lost at the end; name a file"),
        ("sqlite:///{tmp}", "is a folder"),
        ("sqlite:///{tmp}/no/such/folder/x.db", "there is no folder"),
    ],
)
def test_what_cannot_be_a_database_is_said_so(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=said):
        Storage(url.format(tmp=tmp_path), create=True)


def test_without_a_driver_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match=r"; pip install 'dynstudy\[postgresql\]'$") as caught:
        Storage("postgresql+psycopg://user:secret@127.0.0.1:1/none", create=True)
    assert "\n" not in str(caught.value)


def test_an_unreachable_server_is_one_line() -> None:
    with pytest.raises(StorageError) as caught:
        Storage("postgresql+psycopg://user:secret@127.0.0.1:1/none", create=True)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_passwords_are_not_shown() -> None:
    with pytest.raises(StorageError) as caught:
        Storage("mysql://user:secret@host/x")
    assert "secret" not in str(caught.value)


def test_where_nothing_may_be_written_the_default_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = "storage sqlite:///storage/dynstudy.db: the folder storage cannot be made here: "
    (tmp_path / "storage").touch()
    with pytest.raises(StorageError, match=f"^{refused}there is a file of that name; name another"):
        Storage(DEFAULT_STORAGE, create=True)
    (tmp_path / "storage").unlink()

    def read_only(*_: object, **__: object) -> None:  # root may write everywhere
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(StorageError, match=f"^{refused}Permission denied; name another database"):
        Storage(DEFAULT_STORAGE, create=True)


def test_a_question_mark_in_a_path_names_no_other_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"what follows \? is no NAME=VALUE"):
        Storage(f"sqlite:///{tmp_path}/which?.db", create=True)
    assert list(tmp_path.iterdir()) == []


LOUD: list[str] = []


def _complain() -> None:
    for message in LOUD:
        warnings.warn(message, RuntimeWarning, stacklevel=2)


os.register_at_fork(before=_complain)  # as JAX does, for good


def test_a_child_is_forked_beside_what_warns_of_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.store.test_database.LOUD", ["os.fork() with threads"])
    assert in_child(lambda: 1 + 1) == 2
    assert in_child(lambda: in_child(os.getpid)) != os.getpid()


def test_a_forked_child_has_connections_of_its_own(storage: Storage) -> None:
    """SQLite's and PostgreSQL's may not be used in two processes."""

    def connection() -> tuple[int, int]:
        with storage.engine.connect() as opened:
            identity = id(opened.connection.dbapi_connection)  # the same, if it was inherited
            return identity, opened.exec_driver_sql("SELECT count(*) FROM studies").scalar_one()

    (ours, count), (theirs, same) = connection(), in_child(connection)
    assert ours != theirs
    assert count == same == 0
    assert connection()[0] == ours


@SQLITE_ALONE  # whose limit is the lower one
def test_no_query_asks_for_more_values_than_a_database_takes(storage: Storage) -> None:
    def takes_few(connection: sqlite3.Connection, _: object) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, QUERY_SIZE + 10)

    event.listen(storage.engine, "connect", takes_few)
    storage.engine.dispose()
    keys = [f"{number:064x}" for number in range(2 * QUERY_SIZE)]
    assert origins(storage.engine, keys) == []
    assert trial_numbers(storage.engine, 1, keys) == [None] * len(keys)
