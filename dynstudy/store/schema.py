"""The tables of a database: looked at before anything is written, made whole, and mended.

A process may be killed at any time: all tables and indexes of a new database are made in one
transaction. Older versions made them one by one, so that some may lack in what they left.
"""

import itertools
import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import sqlalchemy
from sqlalchemy import Connection, Engine, Inspector, Table, func, select, update
from sqlalchemy.orm import Session

from dynstudy.errors import DamagedError, NoDatabaseError, StorageError
from dynstudy.store.checked import damaged
from dynstudy.store.migrations import upgrade
from dynstudy.store.optuna_private import OPTUNA_TABLES, STUDIES, TRIALS
from dynstudy.store.passwords import kept_command
from dynstudy.store.tables import SCHEMA_VERSION, Base, Meta, RunRow

VERSION = select(Meta.value).where(Meta.key == "schema_version")


def check_contents(connection: Connection, url: str, create: bool) -> None:
    """Find out whether a database is one of ours, or may become one, before it is written to."""
    inspector = sqlalchemy.inspect(connection)
    tables = set(inspector.get_table_names())
    if "studies" in tables and "study_id" not in _columns(inspector, "studies"):
        raise StorageError(f"storage {url}: is the database of another program; name another")
    if Meta.__tablename__ in tables:
        # none where an older dynstudy was killed before it had made all tables
        version = connection.execute(VERSION).scalar_one_or_none()
        if version is not None and not version.isdecimal():
            problem = "must be a whole number"
            raise DamagedError(
                damaged("dynstudy_meta", "key 'schema_version'", "value", version, problem)
            )
        if version is not None and int(version) > SCHEMA_VERSION:
            raise StorageError(
                f"storage {url}: written by a newer dynstudy (its schema is {version}, this one "
                f"knows {SCHEMA_VERSION}); upgrade dynstudy"
            )
        if version is None and not create:
            raise StorageError(
                f"storage {url}: the table dynstudy_meta has no row schema_version, since a launch "
                "was killed before it was written, or it was deleted; any dynstudy run in this "
                "storage mends that"
            )
        missing = OPTUNA_TABLES.tables.keys() - tables
        if missing and not create:
            raise StorageError(
                f"storage {url}: the table {min(missing)} is missing, since a launch was killed "
                "when it made it; any dynstudy run in this storage mends that"
            )
    elif not create:
        raise NoDatabaseError(
            f"storage {url}: holds no dynstudy study; run one first, or name another with --storage"
        )


def _columns(inspector: Inspector, table: str) -> set[str]:
    return {column["name"] for column in inspector.get_columns(table)}


def make_tables(engine: Engine) -> None:
    """Make what is missing of Optuna's tables and ours, all or nothing, one process at a time."""
    with engine.begin() as connection:
        _begin(connection)
        there = set(sqlalchemy.inspect(connection).get_table_names())
        meta = Base.metadata.tables[Meta.__tablename__]
        _make_missing(connection, OPTUNA_TABLES.sorted_tables, there)
        _make_missing(connection, [meta], there)
        version = connection.execute(VERSION).scalar_one_or_none()
        if version in {None, str(SCHEMA_VERSION)}:  # an older one's are upgraded
            _make_missing(connection, Base.metadata.sorted_tables, there | {meta.name})
        if version is None:
            connection.execute(
                sqlalchemy.insert(Meta).values(key="schema_version", value=str(SCHEMA_VERSION))
            )


def _make_missing(connection: Connection, tables: Sequence[Table], there: AbstractSet[str]) -> None:
    """Those that are not there; to ask the database for each takes a round trip each."""
    if missing := [table for table in tables if table.name not in there]:
        missing[0].metadata.create_all(connection, missing)


def mend(engine: Engine) -> None:
    """Bring the tables of an older dynstudy up to date, and make the indexes that are missing."""
    with Session(engine) as session, session.begin():
        connection = session.connection()
        _begin(connection)
        upgrade(session)
        _hide_passwords(connection)
        tables = [*OPTUNA_TABLES.sorted_tables, *Base.metadata.sorted_tables]
        names = [table.name for table in tables]
        indexes = sqlalchemy.inspect(connection).get_multi_indexes(filter_names=names)
        for table in tables:
            made = {index["name"] for index in indexes[None, table.name]}
            for index in table.indexes:
                if index.name not in made:
                    if index.unique:
                        _tell_apart(session)
                    index.create(connection)


def _hide_passwords(connection: Connection) -> None:
    """In what older versions kept of the commands that began launches."""
    names = ("id", "command", "provenance")  # whatever else is damaged in it
    launch = sqlalchemy.table(RunRow.__tablename__, *(sqlalchemy.column(name) for name in names))
    with_url = launch.c.command.contains("://")
    for number, command, facts in connection.execute(select(launch).where(with_url)).all():
        if (hidden := kept_command(command)) != command:
            text = facts.replace(json.dumps(command), json.dumps(hidden))
            row = update(launch).where(launch.c.id == number)
            connection.execute(row.values(command=hidden, provenance=text))


def _tell_apart(session: Session) -> None:
    """Rename studies of one name, which an index that was missing let come to be.

    The one with the most trials keeps the name, of equal ones the first; the others are numbered.
    """
    number, name = STUDIES.c.study_id, STUDIES.c.study_name
    trials = select(func.count()).where(TRIALS.c.study_id == number).scalar_subquery()
    studies = session.execute(select(number, name).order_by(trials.desc(), number)).all()
    names = {study_name for _, study_name in studies}
    kept = set[str]()
    for study_id, study_name in studies:
        if study_name in kept:
            numbered = (f"{study_name}-{count}" for count in itertools.count(2))
            study_name = next(each for each in numbered if each not in names)
            session.execute(update(STUDIES).where(number == study_id).values(study_name=study_name))
            names.add(study_name)
        kept.add(study_name)


def _begin(connection: Connection) -> None:
    """Lock SQLite, whose driver begins no transaction for what makes a table."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
