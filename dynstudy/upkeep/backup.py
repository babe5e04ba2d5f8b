"""A consistent copy of a running SQLite database, in one file, which is whole or not there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex

from sqlalchemy import URL

from dynstudy.errors import StorageError
from dynstudy.store.connections import BUSY_SECONDS
from dynstudy.store.database import database_errors, parse
from dynstudy.store.passwords import apart
from dynstudy.store.studies import Storage
from dynstudy.upkeep._finding import HowFar

PAGES = 1000
"""That are copied between two looks at how far it is."""


def refuse_backup(storage: Storage, url: str, file: Path) -> None:
    """Find out whether a database can be backed up into a file.

    Raises:
        StorageError: it is not of SQLite, the file is there, or its folder is not.
    """
    parsed = parse(url)
    if parsed.get_backend_name() != "sqlite":
        address, _ = apart(parsed)
        shown = address.set(drivername="postgresql").render_as_string()
        raise StorageError(
            f"storage {storage.url}: only a file of SQLite is backed up so; for PostgreSQL: "
            f"pg_dump --format=custom --file={file} '{shown}' (the password from ~/.pgpass), or "
            "dynstudy storage copy into a file of SQLite"
        )
    if file.exists() or file.is_symlink():
        raise StorageError(f"{file}: is there already; name another file, or remove it first")
    if not file.parent.is_dir():
        raise StorageError(f"{file}: there is no folder {file.parent}; make it first")


def back_up(storage: Storage, url: str, file: Path, report: HowFar = lambda *_: None) -> int:
    """Write a database as it is at one moment to a new file, whoever writes to it meanwhile.

    Args:
        storage: of SQLite.
        url: as it was opened.
        file: which may not be there.
        report: told how many pages are copied.

    Returns:
        The bytes of the file.

    Raises:
        StorageError: it cannot be made, or is not whole when it is read back.
    """
    refuse_backup(storage, url, file)
    with database_errors(storage.url):
        opened = sqlite3.connect(_uri(storage.engine.url), uri=True, timeout=BUSY_SECONDS)
    with closing(opened), _new(file, _mode(opened)) as part:
        with closing(sqlite3.connect(part)) as copy:
            try:
                opened.execute("BEGIN")
                opened.execute("SELECT count(*) FROM sqlite_master").fetchall()
                opened.backup(
                    copy,
                    pages=PAGES,
                    progress=lambda _, left, total: report("pages", total - left, total),
                )
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, and none beside it
                said = [line for (line,) in copy.execute("PRAGMA integrity_check(1)")]
            except sqlite3.Error as error:
                raise StorageError(f"{file}: cannot be written: {error}") from None
        if said != ["ok"]:
            raise StorageError(
                f"storage {storage.url}: its copy is not whole, since it is not: {said[0]}; "
                "dynstudy storage check says more"
            )
    return file.stat().st_size


def _uri(url: URL) -> str:
    """As SQLite takes it, which makes no file then where there is none."""
    path, query = url.database or "", url.query or {"mode": "rw"}
    uri = path if path.startswith("file:") else Path(path).as_uri()
    return f"{uri}?{'&'.join(f'{key}={value}' for key, value in query.items() if key != 'uri')}"


def _mode(opened: sqlite3.Connection) -> int:
    """Who may read and write a database, but for its owner, who may do both."""
    ((_, _, path),) = opened.execute("PRAGMA database_list")
    return Path(path).stat().st_mode & 0o666 | 0o600


@contextmanager
def _new(file: Path, mode: int) -> Iterator[Path]:
    """A file under another name, which gets its own at the end, if that is still free."""
    part = file.parent / f".{token_hex(8)}.db"
    try:
        try:
            part.touch(mode, exist_ok=False)
        except OSError as error:
            raise StorageError(f"{file}: cannot be written: {error.strerror}") from None
        yield part
        try:
            file.hardlink_to(part)  # unlike a new name, which would be over another's file
        except FileExistsError:
            raise StorageError(f"{file}: was made meanwhile; name another file") from None
        except OSError:  # where there are no hard links
            if file.exists():
                raise StorageError(f"{file}: was made meanwhile; name another file") from None
            part.rename(file)
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            part.with_name(f"{part.name}{end}").unlink(missing_ok=True)
