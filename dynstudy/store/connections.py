"""How the databases are connected to, and how long their connections may keep others waiting."""

from typing import Any

from sqlalchemy import URL, Engine, event

BUSY_SECONDS = 60
"""How long one waits for another who writes, and on PostgreSQL may stand still while one does."""

POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 10,  # seconds, as the next ones
    "keepalives_idle": 30,  # a server that is gone for good is noticed after a minute
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
    "fallback_application_name": "dynstudy",
}
"""What libpq is told, unless the URL has it: the defaults wait for hours."""


def connection_options(url: URL) -> dict[str, Any]:
    """What the driver of a database is given besides its URL."""
    if url.get_backend_name() == "sqlite":
        return {"timeout": BUSY_SECONDS}
    libpq = url.get_driver_name().startswith("psycopg")
    return (
        {name: POSTGRESQL[name] for name in POSTGRESQL.keys() - url.query.keys()} if libpq else {}
    )


def pool_options(url: URL) -> dict[str, Any]:
    """What an engine is given: a server may have closed a connection that nobody used lately."""
    return {} if url.get_backend_name() == "sqlite" else {"pool_pre_ping": True}


def tune(engine: Engine) -> None:
    """Set the connections that an engine makes from now on."""
    sqlite = engine.dialect.name == "sqlite"
    event.listen(engine, "connect", _tune_sqlite if sqlite else _tune_postgresql)
    engine.dispose()


def _tune_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


def _tune_postgresql(connection: Any, _record: Any) -> None:
    """A process that is stopped amid a transaction may not hold up all others until it goes on."""
    wait = BUSY_SECONDS * 1000
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET lock_timeout = {wait:.0f}; SET idle_in_transaction_session_timeout = {wait:.0f}"
        )
    connection.commit()
