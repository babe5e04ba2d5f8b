"""Networks of atlases: compact rows, a plane for all that they share.

A pixel has no key of its own but its place in its plane and its seed, which with the plane's
content are what it is: two atlases that share a pixel share its row.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, exists, func, select, type_coerce
from sqlalchemy.types import NULLTYPE

from dynstudy.arrays import Array
from dynstudy.errors import DamagedError
from dynstudy.store.checked import checked_numbers
from dynstudy.store.database import insert_rows, rows_among
from dynstudy.store.keys import digest
from dynstudy.store.migrations import column_of, missing_columns
from dynstudy.store.tables import PixelRow, PlaneRow, RunRow

READ_AT_ONCE = 10_000
STREAMED = {"yield_per": READ_AT_ONCE}

IN_PLANE = tuple(column.name for column in PixelRow.__table__.primary_key)[1:]
"""Columns that tell a network from all others of its plane, in the order of the rows."""

Bounds = Mapping[str, tuple[float, float]]
"""By the name of a column of `IN_PLANE`, the least and the most."""

PixelColumns = Mapping[str, Array]
"""Of some networks (n,), by name."""


@dataclass(frozen=True)
class PixelsNeeded:
    """Which networks of its planes an atlas needs."""

    planes: Collection[str]  # SHA-256 of their contents
    bounds: Bounds  # of all of them
    among: Callable[[str, PixelColumns], NDArray[np.bool_]]
    """(n,) which of some of a plane are, by `IN_PLANE`."""


def plane_of(connection: Connection, content: Mapping[str, Any]) -> int | None:
    """The row of a plane; None where none of its networks were ever recorded."""
    return plane_row(connection, digest(content))


def plane_row(connection: Connection, key: str) -> int | None:
    """The same by the SHA-256 of the content."""
    query = select(PlaneRow.id).where(PlaneRow.key == key)
    return connection.execute(query).scalar_one_or_none()


def planes_among(connection: Connection, keys: Iterable[str]) -> dict[int, str]:
    """The rows of those planes that there are, by the SHA-256 of their content."""
    query = select(PlaneRow.id, PlaneRow.key)
    return dict(map(tuple, rows_among(connection, query, PlaneRow.key, keys)))


def made_plane(connection: Connection, content: Mapping[str, Any]) -> int:
    """The row of a plane, made if it is not there; the transaction has locked the database."""
    if (number := plane_of(connection, content)) is not None:
        return number
    row = {"key": digest(content), "content": json.dumps(content, sort_keys=True)}
    insert_rows(connection, PlaneRow, [row])
    number = plane_of(connection, content)
    assert number is not None
    return number


def write_pixels(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write pixels, all columns of each; one that is there was trained again, and is replaced."""
    insert_rows(connection, PixelRow, rows, replacing=True)


def read_pixels(
    connection: Connection, planes: Collection[int], bounds: Bounds, names: Sequence[str]
) -> Iterator[Array]:
    """Yield what is recorded of a part of some planes, some columns of some networks at a time.

    Yields:
        (columns, networks), nan where there is NULL.

    Raises:
        DamagedError: a value cannot be what was written there.
    """
    missing = missing_columns(connection, PixelRow)
    columns = {name: column_of(name, missing, PixelRow) for name in names}
    within = _within(planes, bounds)
    fixed = _one_value(planes, bounds)  # of which a million copies would be read
    varying = [name for name in names if name not in fixed] or list(names)
    types = [PixelRow.__table__.c[name].type for name in varying]
    unchecked = select(*(type_coerce(columns[name], NULLTYPE) for name in varying)).where(*within)
    with connection.execute(unchecked, execution_options=STREAMED) as result:
        for rows in result.partitions():
            values = checked_numbers(rows, types)
            if values is None:
                break
            of = {name: np.full(len(rows), value) for name, value in fixed.items()}
            of |= zip(varying, values, strict=True)
            yield np.array([of[name] for name in names])
        else:
            return
    one_by_one = select(*columns.values()).where(*within)  # which says where
    with connection.execute(one_by_one, execution_options=STREAMED) as result:
        for _ in result:
            pass
    raise DamagedError("table dynstudy_pixel changed while it was read; read it again")


def count(connection: Connection, planes: Collection[int], bounds: Bounds) -> int:
    """How many networks are recorded of a part of some planes."""
    query = select(func.count()).select_from(PixelRow).where(*_within(planes, bounds))
    return connection.execute(query).scalar_one()


def trained_between(connection: Connection, planes: Collection[int], bounds: Bounds) -> Any:
    """When the launches that trained a part of some planes began and ended: the first, the last."""
    launches = select(PixelRow.run_id).where(*_within(planes, bounds)).distinct()
    ended = func.max(func.coalesce(RunRow.ended_at, RunRow.heartbeat_at))
    query = select(func.min(RunRow.started_at), ended).where(RunRow.id.in_(launches))
    return connection.execute(query).one()


def _one_value(planes: Collection[int], bounds: Bounds) -> dict[str, float]:
    """What all networks within bounds have in common, by column."""
    one = {name: low for name, (low, high) in bounds.items() if low == high}
    if len(planes) == 1:
        [one["plane_id"]] = planes
    return one


def _within(planes: Collection[int], bounds: Bounds) -> list[Any]:
    def of(name: str, low: float, high: float) -> Any:
        column = getattr(PixelRow, name)
        # of one value, the primary key leads to the rows by the next column, too
        return column == low if low == high else column.between(low, high)

    return [PixelRow.plane_id.in_(planes), *(of(name, *ends) for name, ends in bounds.items())]


def remove_pixels(connection: Connection, plane: int, which: Array) -> None:
    """Delete networks of a plane, which are given by `IN_PLANE` (columns, n)."""
    this = [getattr(PixelRow, name) == bindparam(f"of_{name}") for name in IN_PLANE]
    statement = delete(PixelRow.__table__).where(PixelRow.plane_id == plane, *this)  # type: ignore[arg-type]
    for first in range(0, which.shape[1], READ_AT_ONCE):
        part = which[:, first : first + READ_AT_ONCE].T.tolist()
        names = [f"of_{name}" for name in IN_PLANE]
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in part])


def remove_empty_planes(connection: Connection) -> None:
    """Delete what no network shares any more."""
    pixel = exists(select(PixelRow.plane_id).where(PixelRow.plane_id == PlaneRow.id))
    connection.execute(delete(PlaneRow).where(~pixel))
