"""Networks are written into the ledger, or filled there with what was read of them again."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from dynstudy.measure.measures import MEASURES
from dynstudy.store import series
from dynstudy.store.database import rows_among
from dynstudy.store.series import NamedSeries
from dynstudy.store.tables import ReplicateRow

Columns = Mapping[str, Any]
"""Of a row of ``dynstudy_replicate``, all but its number."""


def write_networks(
    connection: Connection, networks: Mapping[str, tuple[Columns, NamedSeries]]
) -> None:
    """Write networks by their keys, in a transaction that locked the database.

    In the order of their keys, so that no two transactions wait for each other.
    """
    networks = dict(sorted(networks.items()))
    before = _numbers(connection, networks)
    new = [row for key, (row, _) in networks.items() if key not in before]
    if new:
        connection.execute(insert(ReplicateRow), new)
    numbers = _numbers(connection, (row["key"] for row in new))
    written = {number: networks[key][1] for key, number in numbers.items()}
    for key, number in before.items():
        written[number] = _joined(connection, number, *networks[key])
    # of new networks, too: series stay behind where somebody deleted a network's row
    series.remove(connection, written)
    series.write(connection, written)


def _joined(connection: Connection, number: int, row: Columns, this: NamedSeries) -> NamedSeries:
    """The series of a network trained again; its row is filled, or replaced if it differs."""
    network = ReplicateRow.id == number
    union = series.join(series.read(connection, network).get(number, {}), this)
    diverged_at = connection.scalar(select(ReplicateRow.diverged_at).where(network))
    if union is None or diverged_at != row["diverged_at"]:
        connection.execute(update(ReplicateRow).where(network).values(row))
        return this
    # a measure that came after the network was recorded may need steps that it was not read at
    columns = {name: getattr(ReplicateRow, name) for name in MEASURES}
    filled = {
        # one of curvature is of all that was ever recorded, which was read again
        name: func.coalesce(
            *((row[name], column) if MEASURES[name].series else (column, row[name]))
        )
        for name, column in columns.items()
    }
    connection.execute(update(ReplicateRow).where(network).values(filled))
    return union


def _numbers(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    """The rows that are there, by key."""
    query = select(ReplicateRow.key, ReplicateRow.id)
    return dict(map(tuple, rows_among(connection, query, ReplicateRow.key, keys)))
