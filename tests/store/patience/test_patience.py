"""Which errors of a database pass, provoked for real, and how long one waits for it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from optuna.exceptions import StorageInternalError
from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from dynstudy.errors import DamagedError, Interrupted, StorageError, StudyTakenError
from dynstudy.store import patience
from dynstudy.store.database import database_errors
from dynstudy.store.patience import Patience, collided, passing
from tests.postgres import Databases, Server, server


@pytest.fixture
def engine(databases: Databases) -> Iterator[Engine]:
    with databases.database() as url:
        opened = sqlalchemy.create_engine(url)
        with opened.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE things AS SELECT 1 AS id, 0 AS count")
            connection.exec_driver_sql("INSERT INTO things VALUES (2, 0)")
        yield opened
        opened.dispose()


def failed(function: Callable[[], object]) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught:
        function()
    return caught.value


def run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


def terminate(connection: Connection, engine: Engine) -> None:
    """End the server's process behind a connection."""
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with engine.connect() as other:
        other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 60000)")


def test_a_connection_that_was_ended_passes(engine: Engine) -> None:
    with engine.connect() as connection:
        terminate(connection, engine)
        error = failed(lambda: run(connection, "SELECT 1"))
    assert "terminating connection due to administrator command" in str(passing(error))
    assert not collided(error)


@pytest.mark.parametrize(
    ("setting", "statement"),
    [
        ("idle_in_transaction_session_timeout", "SELECT 1"),
        ("idle_session_timeout", "SELECT 1"),
        ("statement_timeout", "SELECT pg_sleep(60)"),
    ],
)
def test_what_took_the_server_too_long_passes(setting: str, statement: str, engine: Engine) -> None:
    with engine.connect() as connection:
        run(connection, f"SET {setting} = 1")
        if setting == "idle_session_timeout":
            connection.commit()
        pid = connection.connection.dbapi_connection.info.backend_pid
        with engine.connect() as other:
            alive = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}"
            while "idle" in setting and other.exec_driver_sql(alive).scalar_one():
                other.rollback()
        assert passing(failed(lambda: run(connection, statement)))


def test_a_lock_that_is_not_given_passes(engine: Engine) -> None:
    with engine.connect() as first, engine.connect() as second:
        run(first, "UPDATE things SET count = 1")
        run(second, "SET lock_timeout = 1")
        error = failed(lambda: run(second, "UPDATE things SET count = 2"))
    assert passing(error) == "canceling statement due to lock timeout"


def test_transactions_that_met_another_pass_at_once(engine: Engine) -> None:
    isolated = engine.execution_options(isolation_level="REPEATABLE READ")
    with isolated.connect() as first, isolated.connect() as second:
        run(second, "SELECT * FROM things")
        run(first, "UPDATE things SET count = 1")
        first.commit()
        error = failed(lambda: run(second, "UPDATE things SET count = 2"))
    assert collided(error)
    assert "could not serialize access" in str(passing(error))


def test_what_the_server_refuses_for_good_does_not_pass(
    engine: Engine, databases: Databases
) -> None:
    with engine.connect() as connection:
        missing = failed(lambda: run(connection, "SELECT * FROM nothing"))
        connection.rollback()
        run(connection, "SET TRANSACTION READ ONLY")
        read_only = failed(lambda: run(connection, "UPDATE things SET count = 1"))
        connection.rollback()
        twice = failed(lambda: run(connection, "CREATE TABLE things ()"))
    with databases.database() as url:
        dropped = sqlalchemy.create_engine(url, poolclass=NullPool)
    gone = failed(dropped.connect)
    wrong = sqlalchemy.create_engine(make_url(databases.url).set(password="wrong"))
    refused = failed(wrong.connect)
    for error in (missing, read_only, twice, gone, refused):
        assert passing(error) is None
        assert not collided(error)


def test_more_connections_than_are_allowed_pass(engine: Engine, databases: Databases) -> None:
    with engine.begin() as connection:
        run(connection, "CREATE ROLE few LOGIN PASSWORD 'x' CONNECTION LIMIT 0")
    try:
        url = make_url(databases.url).set(username="few", password="x")
        error = failed(sqlalchemy.create_engine(url).connect)
        assert "too many connections for role" in str(passing(error))
    finally:
        with engine.begin() as connection:
            run(connection, "DROP ROLE few")


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """One that may be stopped."""
    with server() as started:
        yield started


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_is_gone_passes_and_its_return_is_said(how: str, own_server: Server) -> None:
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "trying again" in line:
            own_server.start()

    with own_server.database() as url:
        opened = sqlalchemy.create_engine(url)

        def count() -> int:
            with opened.begin() as connection:
                return int(connection.exec_driver_sql("SELECT 7").scalar_one())

        assert count() == 7
        getattr(own_server, how)()
        assert Patience(300, say, lambda: False, "postgresql://there")(count) == 7
        opened.dispose()
        tries, back = said
        assert tries.startswith("storage postgresql://there: ")
        assert tries.endswith("; trying again for 5 minutes")
        assert back.startswith("storage postgresql://there: is back after ")


def test_a_server_that_stays_away_is_one_line(own_server: Server) -> None:
    opened = sqlalchemy.create_engine(own_server.url)
    own_server.stop()
    try:
        with pytest.raises(StorageError) as caught:
            Patience(0, pytest.fail, lambda: False)(opened.connect)
    finally:
        own_server.start()
    assert "Connection refused; what is recorded is kept, and the same command goes on when" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "things.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, text TEXT)")
    return path


def sqlite_error(path: Path, *statements: str, timeout: float = 0.0) -> DBAPIError:
    opened = sqlalchemy.create_engine(f"sqlite:///{path}", connect_args={"timeout": timeout})
    with opened.connect() as connection:
        *before, last = statements
        for statement in before:
            run(connection, statement)
        error = failed(lambda: run(connection, last))
    opened.dispose()
    return error


def test_a_locked_file_and_a_full_one_pass(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert passing(sqlite_error(file, "INSERT INTO things VALUES (1, '')")) == (
            "database is locked"
        )
    large = f"INSERT INTO things VALUES (2, '{'x' * 100_000}')"
    full = sqlite_error(file, "PRAGMA max_page_count = 3", large)
    assert passing(full) == "database or disk is full"


def test_other_errors_of_a_file_do_not_pass(file: Path) -> None:
    read_only = f"file:{file}?mode=ro&uri=true"
    for error in (
        sqlite_error(file, "SELECT * FROM nothing"),
        sqlite_error(Path(read_only), "DELETE FROM things"),
        sqlite_error(file, "INSERT INTO things VALUES (1, ''), (1, '')"),
    ):
        assert passing(error) is None
    file.write_bytes(b"SQLite format 3\0" + b"garbage" * 1000)
    assert passing(sqlite_error(file, "SELECT * FROM things")) is None


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_BUSY_SNAPSHOT])
def test_kinds_of_errors_that_pass_pass_in_all_their_forms(code: int) -> None:
    cause = sqlite3.OperationalError("disk I/O error")
    cause.sqlite_errorcode = code
    assert passing(OperationalError("", {}, cause)) == "disk I/O error"


def test_what_optuna_and_we_wrap_around_an_error_changes_nothing(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked = sqlite_error(file, "INSERT INTO things VALUES (1, '')")
    missing = sqlite_error(file, "SELECT * FROM nothing")
    for error, expected in ((locked, "database is locked"), (missing, None)):
        with pytest.raises(StorageInternalError) as optunas:
            raise StorageInternalError("An exception") from error
        with pytest.raises(StorageError) as ours, database_errors("sqlite:///x.db"):
            raise optunas.value
        assert passing(optunas.value) == passing(ours.value) == expected


def test_what_we_say_for_good_passes_at_once() -> None:
    calls: list[StorageError] = []

    def fails(error: StorageError) -> None:
        calls.append(error)
        raise error

    for error in (StorageError("moved"), StudyTakenError("taken"), DamagedError("damaged")):
        with pytest.raises(type(error)):
            Patience(300, pytest.fail, lambda: False)(fails, error)
    assert len(calls) == 3


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.pauses = 0.0, list[float]()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(patience, "time", made)
    return made


@pytest.fixture
def locked() -> OperationalError:
    cause = sqlite3.OperationalError("database is locked")
    cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("", {}, cause)


def failing(error: Exception, times: float) -> Callable[[str], str]:
    """A function that fails so often, then returns what it gets."""
    count = 0

    def function(value: str) -> str:
        nonlocal count
        count += 1
        if count <= times:
            raise error
        return value

    return function


def test_pauses_grow_and_no_more_than_two_lines_are_said(
    clock: Clock, locked: OperationalError
) -> None:
    said: list[str] = []
    assert Patience(300, said.append, lambda: False)(failing(locked, 20), "it") == "it"
    assert said[0] == "storage: database is locked; trying again for 5 minutes"
    assert said[1].startswith("storage: is back after ")
    assert len(said) == 2
    assert max(clock.pauses) <= patience.LOOK_SECONDS
    assert 10 * 4 < clock.now < 10 * 6 + 40  # ten and more of them as long as they get


def test_after_so_long_it_gives_up_and_says_what_helps(
    clock: Clock, locked: OperationalError
) -> None:
    said: list[str] = []
    with pytest.raises(StorageError) as caught:
        Patience(60, said.append, lambda: False, "x.db")(failing(locked, 10**9), "it")
    assert str(caught.value) == (
        "storage x.db: database is locked, tried again for 1 minute; what is recorded is kept, and "
        "the same command goes on when the database is there; --patience waits longer"
    )
    assert said == ["storage x.db: database is locked; trying again for 1 minute"]
    assert 60 <= clock.now < 60 + 1.2 * patience.LONGEST_PAUSE


def test_ctrl_c_ends_the_wait(clock: Clock, locked: OperationalError) -> None:
    with pytest.raises(Interrupted):
        Patience(300, lambda _: None, lambda: clock.now > 42)(failing(locked, 10**9), "it")
    assert 42 < clock.now < 42.5


def test_the_last_results_of_a_launch_that_was_stopped_before_get_some_seconds(
    clock: Clock, locked: OperationalError
) -> None:
    patient = Patience(300, lambda _: None, lambda: True)
    assert patient(failing(locked, 3), "it") == "it"
    with pytest.raises(StorageError):
        patient(failing(locked, 10**9), "it")
    assert clock.now < 30


def test_after_a_long_sleep_of_this_machine_it_is_tried_once_more(
    clock: Clock, locked: OperationalError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _: setattr(clock, "now", clock.now + 3600))
    assert Patience(300, lambda _: None, lambda: False)(failing(locked, 1), "it") == "it"
