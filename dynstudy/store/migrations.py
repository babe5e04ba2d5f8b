"""Tables that an older dynstudy made, brought to what they are now when they are written to.

Version 2 of the schema added ``lasting`` to ``dynstudy_replicate``. Reading an older database needs
nothing of this: what it lacks is missing there.
"""

import json

import numpy as np
import sqlalchemy
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, select, update

from dynstudy.measure.forgetting import lasting, window
from dynstudy.store.tables import SCHEMA_VERSION, Meta, ReadingRow, ReplicateRow


def has_lasting(database: Engine | Connection) -> bool:
    """Whether the replicates of a database have the column ``lasting``."""
    columns = sqlalchemy.inspect(database).get_columns(ReplicateRow.__tablename__)
    return any(column["name"] == ReplicateRow.lasting.key for column in columns)


def upgrade(connection: Connection) -> None:
    """Add what the tables of an older dynstudy lack, and fill it from what they have.

    Args:
        connection: in a transaction, which changes all or nothing.
    """
    # First a write: it locks the database, so that of two processes one upgrades and the other
    # finds it done; and it fails now if the database is read-only, even if it changes nothing.
    version = update(Meta).where(Meta.key == "schema_version")
    connection.execute(version.values(value=str(SCHEMA_VERSION)))
    if not has_lasting(connection):
        column = ReplicateRow.__table__.c.lasting
        kind = column.type.compile(connection.dialect)
        connection.exec_driver_sql(
            f"ALTER TABLE {ReplicateRow.__tablename__} ADD COLUMN {column.name} {kind}"
        )
        _fill_lasting(connection)


def _fill_lasting(connection: Connection) -> None:
    """From the readings, which have had all that it takes from the first version on."""
    own = ReplicateRow
    columns = (own.configuration, own.steps, own.tail, own.period, own.data)
    dynamical = select(*columns).where(own.period.is_not(None)).distinct()
    for key, steps, tail, period, text in connection.execute(dynamical).all():
        assert tail is not None  # as period is not
        assert period is not None
        data = json.loads(text)
        points, classes = data["validation_points_per_class"], data["classes"]
        span = window((steps - tail) // period, period, classes)
        wanted = [*span.ends.tolist(), steps]  # twice the same step where there is no tail
        query = (
            select(own.id, ReadingRow.step, ReadingRow.class_, ReadingRow.correct)
            .join(ReadingRow, ReadingRow.replicate_id == own.id)
            .where(own.configuration == key, own.diverged_at.is_(None))
            .where(ReadingRow.subset == "validation", ReadingRow.step.in_(set(wanted)))
        )
        found: dict[int, NDArray[np.float64]] = {}
        for number, step, label, correct in connection.execute(query):
            if number not in found:
                found[number] = np.full((len(wanted), classes), np.nan)
            found[number][np.equal(wanted, step), label] = correct / points
        for number, read in found.items():
            value = float(lasting(read[None, :-1], read[None, -1], span.first)[0])
            if np.isfinite(value):
                connection.execute(update(own).where(own.id == number).values(lasting=value))
