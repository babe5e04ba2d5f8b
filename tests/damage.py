"""Values that dynstudy did not write."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from dynstudy.errors import DamagedError
from dynstudy.store.database import database_errors
from dynstudy.store.studies import Storage


def damage(storage: Storage, statement: str, *values: Any) -> bool:
    """Edit the database as a person would; false where it refuses a value of another type.

    SQLite's columns take anything, PostgreSQL's what they are for.
    """
    sqlite = storage.engine.dialect.name == "sqlite"
    try:
        with storage.engine.begin() as connection:
            edited = statement if sqlite else statement.replace("?", "%s")
            assert connection.exec_driver_sql(edited, values).rowcount == 1
    except DBAPIError:
        assert not sqlite
        return False
    return True


def refusal(storage: Storage, read: Callable[[Connection], object]) -> str:
    """What is said when something damaged is read, of a storage called URL."""
    with (
        pytest.raises(DamagedError) as refused,
        database_errors("URL", storage.engine),
        storage.engine.connect() as connection,
    ):
        read(connection)
    return str(refused.value)
