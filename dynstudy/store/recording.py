"""Networks are written into the ledger, or filled there with what was read of them again."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from dynstudy.measure.measures import MEASURES
from dynstudy.store import series
from dynstudy.store.database import batches, insert_rows, rows_among
from dynstudy.store.series import NamedSeries
from dynstudy.store.tables import ReplicateRow

Columns = Mapping[str, Any]
"""Of a row of ``dynstudy_replicate``, all but its number."""

NETWORKS: Any = ReplicateRow.__table__

READ_AT_ONCE = 50
"""Networks whose series are read, which may be long, to be joined with what was read now."""


def write_networks(
    connection: Connection, networks: Mapping[str, tuple[Columns, NamedSeries]]
) -> None:
    """Write networks by their keys, in a transaction that locked the database.

    In the order of their keys, so that no two transactions wait for each other.
    """
    before = _recorded(connection, networks)
    new = [row for key, (row, _) in sorted(networks.items()) if key not in before]
    insert_rows(connection, ReplicateRow, new)
    numbers = _recorded(connection, (row["key"] for row in new))
    _write_series(connection, {number: networks[key][1] for key, (number, _) in numbers.items()})
    for keys in batches(sorted(before), READ_AT_ONCE):
        again = {before[key]: networks[key] for key in keys}
        _write_series(connection, _joined(connection, again))


def _write_series(connection: Connection, series_of: Mapping[int, NamedSeries]) -> None:
    # of new networks, too: series stay behind where somebody deleted a network's row
    series.remove(connection, series_of)
    series.write(connection, series_of)


def _joined(
    connection: Connection,
    again: Mapping[tuple[int, int | None], tuple[Columns, NamedSeries]],
) -> dict[int, NamedSeries]:
    """The series of networks trained again; their rows are filled, or replaced if they differ."""
    read = series.read(connection, ReplicateRow.id.in_(number for number, _ in again))
    joined: dict[int, NamedSeries] = {}
    filled: list[dict[str, Any]] = []
    replaced: list[dict[str, Any]] = []
    for (number, diverged_at), (row, this) in again.items():
        union = series.join(read.get(number, {}), this)
        same = union is not None and diverged_at == row["diverged_at"]
        joined[number] = this if union is None or not same else union
        names = MEASURES if same else row
        changes = {"of": number} | {f"new_{name}": row[name] for name in names}
        (filled if same else replaced).append(changes)
    _update(connection, filled, fill=True)
    _update(connection, replaced, fill=False)
    return joined


def _update(connection: Connection, changes: list[dict[str, Any]], *, fill: bool) -> None:
    if not changes:
        return
    values = {}
    for name in (each.removeprefix("new_") for each in changes[0] if each != "of"):
        column = getattr(ReplicateRow, name)
        new: Any = bindparam(f"new_{name}", type_=column.type)
        if fill:
            # a measure that came after the network was recorded may need steps that it was not
            # read at; one of curvature is of all that was ever recorded, which was read again
            new = func.coalesce(*((new, column) if MEASURES[name].series else (column, new)))
        values[name] = new
    row = update(NETWORKS).where(ReplicateRow.id == bindparam("of"))
    connection.execute(row.values(values), changes)


def _recorded(connection: Connection, keys: Iterable[str]) -> dict[str, tuple[int, int | None]]:
    """The rows that are there, by key, and when they diverged."""
    query = select(ReplicateRow.key, ReplicateRow.id, ReplicateRow.diverged_at)
    rows = rows_among(connection, query, ReplicateRow.key, keys)
    return {key: (number, diverged_at) for key, number, diverged_at in rows}
