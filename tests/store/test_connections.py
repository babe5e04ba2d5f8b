"""Connections that notice a dead server, say whose they are, and hold nobody up for long."""

from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from dynstudy.store import connections
from dynstudy.store.connections import POSTGRESQL, connection_options
from dynstudy.store.launches import lock
from dynstudy.store.patience import Patience, passing
from dynstudy.store.studies import Storage
from tests.postgres import Databases, connected


@pytest.fixture
def url(databases: Databases, empty_postgresql: str) -> Iterator[str]:
    with databases.database(empty_postgresql) as made:
        yield made


def test_what_a_url_says_of_its_connections_counts() -> None:
    text = "postgresql+psycopg://me@host/db?connect_timeout=3&application_name=mine"
    given = connection_options(sqlalchemy.make_url(text))
    assert given == {name: POSTGRESQL[name] for name in POSTGRESQL if name != "connect_timeout"}
    assert connection_options(sqlalchemy.make_url("postgresql+pg8000://me@host/db")) == {}
    assert connection_options(sqlalchemy.make_url("sqlite:///x.db")) == {"timeout": 60}


@pytest.mark.parametrize(("ending", "name"), [("", "dynstudy"), ("?application_name=mine", "mine")])
def test_a_server_sees_whose_a_connection_is_and_no_password(
    ending: str, name: str, url: str
) -> None:
    opened = Storage(url + ending)
    with opened.engine.connect() as connection:
        seen = connection.exec_driver_sql("SELECT current_setting('application_name')").scalar_one()
    assert seen == name
    assert str(sqlalchemy.make_url(url).password) not in repr(vars(opened.engine.pool)) + repr(
        vars(opened.engine)
    )
    opened.engine.dispose()


def ended(url: str) -> None:
    """The server ends all connections of dynstudy, as when it starts anew."""
    with connected(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_connections_that_were_closed_while_nobody_used_them_are_made_anew(url: str) -> None:
    opened = Storage(url)
    opened.names()
    ended(url)
    assert opened.names() == []  # of our engine
    ended(url)
    assert opened.optuna.get_all_studies() == []
    opened.engine.dispose()


def write(engine: Engine) -> None:
    with engine.begin() as connection:
        lock(connection)


def test_a_writer_that_stands_still_holds_nobody_up_for_long(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.5)
    stopped, other = Storage(url, create=True), Storage(url, create=True)
    with stopped.engine.connect() as connection:
        lock(connection)
        Patience(300, lambda _: None, lambda: False)(write, other.engine)
        with pytest.raises(DBAPIError) as caught:
            lock(connection)
        assert passing(caught.value)
    write(stopped.engine)
    for storage in (stopped, other):
        storage.engine.dispose()
