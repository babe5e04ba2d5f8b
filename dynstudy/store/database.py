"""Where a database is, and what it complains of."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

import optuna
import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from dynstudy.errors import DamagedError, NoDatabaseError, StorageError, nearest
from dynstudy.store.checked import DamagedValueError, in_its_row
from dynstudy.store.file_systems import refused_there
from dynstudy.store.passwords import unreadable, without_passwords

DEFAULT_STORAGE = "sqlite:///storage/dynstudy.db"
QUERY_SIZE = 500  # values in one SQL IN (...)

SUFFIXES = {".db", ".sqlite", ".sqlite3"}
"""Of the files that are taken for databases."""

Value = TypeVar("Value", str, int)


def storage_url(given: str | Path | None = None) -> str:
    """What is given, else ``DYNSTUDY_STORAGE``, ``OPTUNA_STORAGE``, else the default.

    Returns:
        The URL; a path is one of an SQLite file.

    Raises:
        StorageError: it is no text in UTF-8.

    >>> storage_url("results/mine.db"), storage_url("postgresql+psycopg://host/db")
    ('sqlite:///results/mine.db', 'postgresql+psycopg://host/db')
    """
    environment = (os.environ.get(name) for name in ("DYNSTUDY_STORAGE", "OPTUNA_STORAGE"))
    chosen = given or next(filter(None, environment), DEFAULT_STORAGE)
    try:
        str(chosen).encode()
    except UnicodeEncodeError:  # SQLite and URLs take no other names
        raise StorageError("the storage's name is not valid UTF-8; give it another") from None
    if isinstance(chosen, str) and ("://" in chosen or _may_hide_a_password(chosen)):
        return chosen  # which is not to be shown as a path, nor to become the name of a file
    return URL.create("sqlite", database=str(chosen)).render_as_string(hide_password=False)


def _may_hide_a_password(text: str) -> bool:
    """Whether it is like ``USER:PASSWORD@HOST`` or ``host=HOST password=PASSWORD`` (libpq's)."""
    return bool(re.search(":.*@", text, re.DOTALL)) or without_passwords(text) != text


@contextmanager
def database_errors(url: str, engine: Engine | None = None) -> Iterator[None]:
    """Raise what a database complains of as a `StorageError` of one line; `url` has no password.

    The row of a damaged value is looked up with the `engine`.

    Raises:
        DamagedError: a value is not what was written there.
        StorageError: anything else.
    """
    try:
        yield
    except DamagedValueError as error:
        where = str(error) if engine is None else in_its_row(error, engine)
        raise DamagedError(f"storage {url}: {where}") from error
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, SQLAlchemyError) else error
        reason = str(getattr(cause, "orig", None) or cause).strip() or type(cause).__name__
        raise StorageError(f"storage {url}: {reason.splitlines()[0]}") from error


def parse(url: str) -> URL:
    """Read the URL of a database, or raise a `StorageError`."""
    try:
        parsed = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    backend = parsed.get_backend_name() if parsed is not None else ""
    if parsed is None or backend not in {"sqlite", "postgresql"}:
        raise StorageError(
            f"storage {unreadable(url)!r}: must be sqlite:///PATH or "
            "postgresql+psycopg://HOST/DATABASE"
        )
    if backend == "postgresql" and url.count("@") > 1:  # or a part of it would be read as the host
        raise StorageError(
            f"storage {unreadable(url)}: has more than one @; write those of a password as %40"
        )
    if "?" in url and not parsed.query:
        raise StorageError(
            f"storage {unreadable(url)}: what follows ? is no NAME=VALUE, and would be left out"
        )
    return parsed


def readable(url: URL) -> URL:
    """The URL to read a file that we may not write: SQLite writes beside it even to read."""
    path = Path(url.database or "")
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if not path.is_file() or (writable and refused_there(path) is None):
        return url
    recent = path.with_name(f"{path.name}-wal")
    query = {"mode": "ro", "uri": "true"}  # of a URI, where # and ? would end the path
    if not recent.exists() or not recent.stat().st_size:
        query["immutable"] = "1"
    return url.set(database=path.resolve().as_uri(), query=query)


def anchored(url: URL) -> URL:
    """The URL of the same file wherever the working directory goes later."""
    path = url.database or ""
    return url if path.startswith("file:") else url.set(database=str(Path(path).absolute()))


def check_file(url: URL, create: bool) -> None:
    """Say plainly what SQLite would only hint at, before it makes an empty file."""
    if not url.database or ":memory:" in url.database:
        raise StorageError(f"storage {url}: would be lost at the end; name a file")
    reason = refused_there(url.database.removeprefix("file:")) if create else None
    if reason is not None:
        raise StorageError(f"storage {url.database}: {reason}")
    if url.database.startswith("file:"):
        return
    path = Path(url.database)
    if path.is_dir():
        raise StorageError(f"storage {path}: is a folder, not a database")
    if path.exists() and not path.is_file():  # opening a pipe would wait for its other end
        raise StorageError(f"storage {path}: is a device, a pipe or a socket, not a database")
    if not path.exists():
        if not create:
            raise NoDatabaseError(
                f"storage {path}: there is no such database; run a study first (dynstudy run "
                f"FILE), or name another storage{_beside(path)}"
            )
        if str(url) == DEFAULT_STORAGE:
            _make_default(path.parent)
        if not path.parent.is_dir():
            raise StorageError(f"storage {path}: there is no folder {path.parent}; make it first")
        if not os.access(path.parent, os.W_OK):
            raise StorageError(f"storage {path}: the folder {path.parent} is read-only")
        return
    try:
        with path.open("rb") as file:
            header = file.read(16)
    except OSError as error:
        raise StorageError(f"storage {path}: cannot be read: {error.strerror}") from None
    if header and header != b"SQLite format 3\0":
        raise StorageError(f"storage {path}: is not an SQLite database")
    if create and not os.access(path, os.W_OK):
        raise StorageError(f"storage {path}: is read-only")


def _make_default(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        reason = "there is a file of that name" if folder.exists() else error.strerror
        raise StorageError(
            f"storage {DEFAULT_STORAGE}: the folder {folder} cannot be made here: {reason}; "
            "name another database with --storage, or go to another folder"
        ) from None


def _beside(path: Path) -> str:
    """The databases that were probably meant, as the end of an error message."""
    if not path.parent.is_dir():
        return ""
    files = sorted(file.name for file in path.parent.iterdir() if file.suffix in SUFFIXES)
    return nearest(path.name, files)


def keep_to_file(engine: Engine, url: URL) -> None:
    """Commit nothing to a file that is no longer at its path, where nobody would look for it.

    SQLite itself goes on writing to it, and makes an empty one for a new connection.
    """
    path = url.database or ""
    if path.startswith("file:"):  # that is only read
        return
    opened = _identity(path)

    def check(*_: Any) -> None:
        if _identity(path) != opened:
            raise StorageError(
                f"storage {path}: was removed, moved or replaced while it was in use; nothing more "
                "is recorded: put it back, or run again to begin anew"
            )

    event.listen(engine, "commit", check)
    event.listen(engine, "do_connect", check)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


_engines = WeakSet[Engine]()
_inherited: list[Pool] = []
"""Connections of the process that this one was forked from, which it may neither use nor close."""


def apart_in_children(engine: Engine) -> None:
    """Let processes that are forked from this one make connections of their own."""
    _engines.add(engine)


def _leave_inherited() -> None:
    for engine in _engines:
        _inherited.append(engine.pool)
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_inherited)


def batches(values: Iterable[Value], size: int = QUERY_SIZE) -> Iterator[list[Value]]:
    """Values in lists short enough for one SQL IN (...)."""
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch


def rows_among(
    connection: Connection | Session, query: Any, column: Any, values: Iterable[Value]
) -> Iterator[Any]:
    """The rows of a query whose column has one of any number of values."""
    for batch in batches(values):
        yield from connection.execute(query.where(column.in_(batch))).all()


def insert_rows(
    connection: Connection,
    model: Any,
    rows: Sequence[Mapping[str, Any]],
    *,
    replacing: bool = False,
) -> None:
    """Insert any number of rows, all with the same columns of numbers, texts, times and NULL.

    PostgreSQL gets them as one text: it takes as long for a statement as SQLite for many rows.

    Args:
        connection: in its transaction.
        model: the table's class.
        rows: no two of them with the same primary key.
        replacing: write over what has the primary key of a row, instead of failing.
    """
    if not rows:
        return
    keys = [column.name for column in model.__table__.primary_key]
    rest = [name for name in rows[0] if name not in keys]
    if connection.dialect.name != "postgresql":
        one = sqlite.insert(model)
        if replacing:
            one = one.on_conflict_do_update(keys, set_={name: one.excluded[name] for name in rest})
        connection.execute(one, rows)
        return
    quote = connection.dialect.identifier_preparer.quote
    table, columns = quote(model.__tablename__), ", ".join(map(quote, rows[0]))
    source = f"json_populate_recordset(NULL::{table}, CAST(:rows AS json))"
    statement = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {source}"
    if replacing:
        new = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in rest)
        statement += f" ON CONFLICT ({', '.join(map(quote, keys))}) DO UPDATE SET {new}"
    connection.execute(text(statement), {"rows": json.dumps(rows, allow_nan=False, default=str)})
