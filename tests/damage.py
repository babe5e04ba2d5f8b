"""Values that dynstudy did not write."""

from typing import Any

from sqlalchemy.exc import DBAPIError

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
