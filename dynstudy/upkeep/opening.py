"""The two databases of a copy are opened: the first to be read, the second to be written to."""

from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.pool import NullPool

from dynstudy.errors import NoDatabaseError, StorageError
from dynstudy.store.database import database_errors, parse
from dynstudy.store.passwords import apart, url_shown
from dynstudy.store.studies import Storage
from dynstudy.store.tables import Meta
from dynstudy.upkeep.check import refuse_outdated


def open_source(url: str) -> Storage:
    """Open the database that is copied from, only to read it."""
    storage = Storage(url)
    with database_errors(storage.url, storage.engine):
        refuse_outdated(storage)
    return storage


def open_target(source: Storage, source_url: str, url: str) -> Storage:
    """Open the database that is copied to, or make it.

    Args:
        source: the one that is copied from.
        source_url: as it was opened.
        url: of the other one.

    Returns:
        It, to be written to.

    Raises:
        StorageError: it is the same as the source, another program's, or cannot be written to.
    """
    same = f"storage {source.url}: is the same database under both names; name another to copy to"
    first, second = parse(source_url), parse(url)
    of = first.get_backend_name(), second.get_backend_name()
    if of == ("sqlite", "sqlite"):
        paths = [Path(each.database or "") for each in (first, second)]
        if all(path.exists() for path in paths) and paths[0].samefile(paths[1]):
            raise StorageError(same)
    try:
        before = Storage(url)
    except NoDatabaseError:  # there is none yet, or nothing in it
        return _made(url)
    try:
        if of == ("postgresql", "postgresql"):
            with database_errors(before.url):
                if _identity(source.engine) == _identity(before.engine):
                    raise StorageError(same)
    finally:
        before.engine.dispose()
    return Storage(url, create=True)


def _made(url: str) -> Storage:
    """A new database, or one with no tables or those of Optuna."""
    parsed = parse(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        return Storage(url, create=True)
    tables = _tables(url)
    if tables and not tables & {"studies", Meta.__tablename__}:
        raise StorageError(
            f"storage {url_shown(parsed)}: holds {min(tables)}, which another program made; "
            "name another database to copy to"
        )
    return Storage(url, create=True)


def _identity(engine: Engine) -> Any:
    """What tells a schema of a PostgreSQL server from all others."""
    query = text(
        "SELECT pg_postmaster_start_time(), current_schema(), oid FROM pg_database "
        "WHERE datname = current_database()"
    )
    with engine.connect() as connection:
        return tuple(connection.execute(query).one())


def _tables(url: str) -> set[str]:
    """What a database holds that is not ours."""
    address, passwords = apart(parse(url))
    engine = sqlalchemy.create_engine(address, connect_args=passwords, poolclass=NullPool)
    with database_errors(url_shown(parse(url))), engine.connect() as connection:
        return set(sqlalchemy.inspect(connection).get_table_names())
