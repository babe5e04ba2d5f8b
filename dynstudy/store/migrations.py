"""Databases that an older dynstudy made: read as they are, and brought up to date when written to.

Version 2 of the schema added ``lasting`` to ``dynstudy_replicate``. Version 3 has a row for each
series of a network in the place of one for each of its readings, and ``processor``. Version 4 says
what is being trained, which worker trained how much, and on which ``host``. Version 5 has networks,
optimisers and schedules that are not as they always were. Version 6 has atlases.
A measure that is newer than a database is made from the series that it has; pixels have none.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
import sqlalchemy
from sqlalchemy import ColumnElement, Connection, Engine, and_, column, null, select, table, update
from sqlalchemy.orm import Session

from dynstudy.errors import StudyBusyError
from dynstudy.measure.measures import MEASURES
from dynstudy.store.database import batches, rows_among
from dynstudy.store.keys import recorded_protocol
from dynstudy.store.launches import lock, running_now
from dynstudy.store.series import VALIDATION, Series, read, to_readings, write
from dynstudy.store.tables import (
    SCHEMA_VERSION,
    Base,
    Meta,
    PixelRow,
    ReplicateRow,
    RunRow,
    SeriesRow,
    StepsRow,
)

SERIES_SINCE = 3
WORKERS_SINCE = 4
_READING = table(  # of versions 1 and 2
    "dynstudy_reading", *map(column, ("replicate_id", "subset", "step", "class", "correct"))
)


def version(connection: Connection) -> int:
    """The version of a database's schema."""
    query = select(Meta.value).where(Meta.key == "schema_version")
    return int(connection.execute(query).scalar_one())


NetworkTable = type[ReplicateRow] | type[PixelRow]
"""Each has a column for every measure, newer ones at its end."""

TABLES_OF_NETWORKS: tuple[NetworkTable, ...] = (ReplicateRow, PixelRow)


def missing_columns(database: Engine | Connection, of: NetworkTable = ReplicateRow) -> set[str]:
    """The columns of a table of networks that a database lacks, as an older dynstudy made it."""
    inspector = sqlalchemy.inspect(database)
    if not inspector.has_table(of.__tablename__):  # which is another thing to say
        return set()
    columns = inspector.get_columns(of.__tablename__)
    return set(of.__table__.columns.keys()) - {column["name"] for column in columns}


def column_of(name: str, missing: Iterable[str], of: NetworkTable = ReplicateRow) -> Any:
    """A column of a table of networks, or NULL under its name where it is missing."""
    return null().label(name) if name in missing else getattr(of, name)


def read_any(
    connection: Connection, which: ColumnElement[bool], names: Sequence[str] = ()
) -> dict[int, dict[str, Series]]:
    """As `series.read`, of a database of any version."""
    if version(connection) >= SERIES_SINCE:
        return read(connection, which, names)
    return dict(_older_series(connection, which))


def networks_read(
    connection: Connection, configurations: Iterable[str]
) -> Iterator[tuple[str, int, int | None, frozenset[int]]]:
    """The networks of some configurations' keys, of a database of any version.

    Yields:
        Key, seed, when it diverged, and the steps at which it was read.
    """
    row = ReplicateRow
    columns = row.configuration, row.seed, row.diverged_at
    if version(connection) >= SERIES_SINCE:
        validation = and_(SeriesRow.replicate_id == row.id, SeriesRow.name == VALIDATION)
        query = select(*columns, StepsRow.steps).outerjoin(SeriesRow, validation)
        query = query.outerjoin(StepsRow, StepsRow.id == SeriesRow.steps_id)
        for *network, steps in rows_among(connection, query, row.configuration, configurations):
            yield *network, _set_of(steps)
        return
    of, subset, step, label, _ = _READING.c
    validation = and_(of == row.id, subset == VALIDATION, label == 0)
    query = select(row.id, *columns, step).outerjoin(_READING, validation).order_by(row.id)
    rows = rows_among(connection, query, row.configuration, configurations)
    for (_, *network), of_network in groupby(rows, key=lambda row: tuple(row[:4])):
        yield *network, frozenset(step for *_, step in of_network)


@lru_cache(maxsize=1024)  # most networks have the steps of many others
def _set_of(steps: str | None) -> frozenset[int]:
    return frozenset(json.loads(steps)) if steps else frozenset()


def _older_series(
    connection: Connection, which: ColumnElement[bool]
) -> Iterator[tuple[int, dict[str, Series]]]:
    *order, _ = columns = _READING.c
    query = (
        select(*columns)
        .join(ReplicateRow, _READING.c.replicate_id == ReplicateRow.id)
        .where(which)
        .order_by(*order)
    )
    rows = map(tuple, connection.execute(query))
    for number, of_network in groupby(rows, key=lambda row: row[0]):
        named = {}
        for name, of_series in groupby(of_network, key=lambda row: row[1]):
            steps, counts = [], []
            for step, of_step in groupby(of_series, key=lambda row: row[2]):
                steps.append(step)
                counts.append([correct for *_, correct in of_step])
            named[name] = Series(tuple(steps), np.array(counts))
        yield number, named


def upgrade(session: Session) -> None:
    """In a transaction, add what an older dynstudy's tables lack, filled from what they have."""
    # First a write: it locks the database, so that of two processes one upgrades and the other
    # finds it done; and it fails now if the database is read-only, even if it changes nothing.
    lock(session)
    connection = session.connection()
    before = version(connection)
    if before < SERIES_SINCE and running_now(session):  # and would not find its tables again
        raise StudyBusyError(
            "an older dynstudy made this database and is running a study in it; wait for it"
        )
    if before < SCHEMA_VERSION:
        Base.metadata.create_all(connection)
    if before < SERIES_SINCE:
        _make_series(connection)
    missing = missing_columns(connection)
    for table_of in TABLES_OF_NETWORKS:
        for name in sorted(missing_columns(connection, table_of)):
            kind = table_of.__table__.columns[name].type.compile(connection.dialect)
            connection.exec_driver_sql(
                f"ALTER TABLE {table_of.__tablename__} ADD COLUMN {name} {kind}"
            )
    if ReplicateRow.processor.key in missing:
        _fill_processor(connection)
    _fill_measures(connection, missing & MEASURES.keys())
    connection.execute(
        update(Meta).where(Meta.key == "schema_version").values(value=str(SCHEMA_VERSION))
    )


def _make_series(connection: Connection) -> None:
    """From the rows of ``dynstudy_reading``, which goes."""
    for networks in batches(connection.scalars(select(ReplicateRow.id)).all()):
        write(connection, dict(_older_series(connection, ReplicateRow.id.in_(networks))))
    connection.exec_driver_sql(f"DROP TABLE {_READING.name}")


def _fill_processor(connection: Connection) -> None:
    """From the launches that trained the networks."""
    for launch, text in connection.execute(select(RunRow.id, RunRow.provenance)).all():
        trained = update(ReplicateRow).where(ReplicateRow.run_id == launch)
        connection.execute(trained.values(processor=json.loads(text).get("processor")))


def _fill_measures(connection: Connection, names: set[str]) -> None:
    """From the series of each cell's networks, where there are any that they are of."""
    there = {"", *connection.scalars(select(SeriesRow.name).distinct())}
    names = {name for name in names if MEASURES[name].series in there}
    if not names:
        return
    row = ReplicateRow
    rate = row.learning_rate
    of_cell = row.configuration, row.steps, row.tail, row.period, row.dtype, row.data, row.schedule
    cells = connection.execute(select(*of_cell, rate).distinct()).all()
    for key, steps, tail, period, dtype, data, schedule, learning_rate in cells:
        protocol = recorded_protocol(steps, tail, dtype, data, schedule)
        balanced = protocol.data.balanced
        defined = {name for name in names if not (balanced and MEASURES[name].unbalanced)}
        if not defined:
            continue
        query = select(row.id, row.diverged_at).where(row.configuration == key)
        series_of = read(connection, row.configuration == key)
        networks = {
            number: (step, series_of.get(number, {})) for number, step in connection.execute(query)
        }
        readings = to_readings(protocol, period, list(networks.values()), learning_rate)
        for name in defined:
            values = MEASURES[name].of(readings).tolist()
            for number, value in zip(networks, values, strict=True):
                if np.isfinite(value):
                    network = update(row).where(row.id == number)
                    connection.execute(network.values({name: value}))
