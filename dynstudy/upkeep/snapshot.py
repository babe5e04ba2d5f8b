"""A database as it is at one moment, whatever others write to it meanwhile."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

from sqlalchemy import Connection, Engine, select

from dynstudy.store.tables import Meta


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Yield a connection all of whose queries see the database as it is at the first one."""
    sqlite = engine.dialect.name == "sqlite"
    level = {} if sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as connection:
        connection = connection.execution_options(**level)
        if sqlite:  # whose driver begins no transaction to read
            connection.exec_driver_sql("BEGIN")
        else:  # which keeps nobody waiting, however long it stands still
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.execute(select(Meta.value)).all()
        yield connection


class _Handed:
    """Stands in for an engine, and hands out one connection alone, which stays open."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connect(self) -> AbstractContextManager[Connection]:
        return nullcontext(self._connection)


def handed(connection: Connection) -> Engine:
    """Return what functions that only read take for an engine: they read within a snapshot."""
    return cast(Engine, _Handed(connection))
