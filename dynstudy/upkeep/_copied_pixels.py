"""Pixels are merged into a plane in the order of their rows: what it has of a network stays.

As with networks of a key: where one of the two has measures that the other lacks, and they agree
in the rest, these are added; where they do not agree, it stays what it is, and is counted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, insert, select, tuple_, update

from dynstudy.errors import StorageError
from dynstudy.measure.measures import MEASURES
from dynstudy.store import pixels
from dynstudy.store.needed import pixels_needed
from dynstudy.store.pixels import IN_PLANE, PixelsNeeded
from dynstudy.store.tables import PixelRow, PlaneRow
from dynstudy.study.spec import StudySpec
from dynstudy.upkeep._copied_networks import Merged
from dynstudy.upkeep.snapshot import handed

PIXEL: Any = PixelRow.__table__
PLANE: Any = PlaneRow.__table__
AT_ONCE = 5000
OUTCOME = ("diverged_at", *MEASURES)
_NAMES = (*IN_PLANE, "run_id", *OUTCOME)
_HOW_MANY = len(IN_PLANE)

Place = tuple[float, ...]
"""A network of a plane, by `IN_PLANE`."""

PixelsRead = dict[Place, tuple[Any, ...]]
"""The launch and the outcome of networks by their places, in order."""


@dataclass(frozen=True)
class PlaneToCopy:
    """A plane of a snapshot, and what is copied of it: all, or what some atlases need."""

    number: int
    key: str
    content: str
    needed: tuple[PixelsNeeded, ...] | None


def planes(source: Connection, specs: Iterable[StudySpec] | None) -> list[PlaneToCopy]:
    """The planes of a snapshot that are copied, by some studies; all of all, if of none."""
    needed: dict[str, tuple[PixelsNeeded, ...]] = {}
    for spec in specs or ():
        if (of_study := pixels_needed(handed(source), spec)) is not None:
            for plane in of_study.planes:
                needed[plane] = (*needed.get(plane, ()), of_study)
    rows = source.execute(select(PLANE.c.id, PLANE.c.key, PLANE.c.content)).all()
    return [
        PlaneToCopy(number, key, content, None if specs is None else needed[key])
        for number, key, content in rows
        if specs is None or key in needed
    ]


def rows_of(
    source: Connection, wanted: Sequence[PlaneToCopy], report: Callable[[int, int], None]
) -> Iterator[tuple[PlaneToCopy, PixelsRead]]:
    """Yield what is copied of some planes, some rows at a time."""
    for number, plane in enumerate(wanted):
        report(number, len(wanted))
        for rows in _pixels(source, plane):
            yield plane, rows


def _pixels(source: Connection, plane: PlaneToCopy) -> Iterator[PixelsRead]:
    """Yield what is copied of a plane, in the order of its rows, some at a time."""
    after: Place | None = None
    while rows := _read(source, plane.number, after=after):
        after = next(reversed(rows))
        if plane.needed is not None:
            places = np.array(list(rows), float).T
            columns = dict(zip(IN_PLANE, places, strict=True))
            chosen = np.any([each.among(plane.key, columns) for each in plane.needed], axis=0)
            pairs = zip(rows.items(), chosen.tolist(), strict=True)
            rows = dict(pair for pair, wanted in pairs if wanted)
        if rows:
            yield rows


def _read(
    connection: Connection,
    plane: int,
    *,
    after: Place | None = None,
    rows: PixelsRead | None = None,
) -> PixelsRead:
    """The next rows of a plane, or those from the first to the last of some that are given."""
    spot = tuple_(*(PIXEL.c[name] for name in IN_PLANE))
    query = select(*(PIXEL.c[name] for name in _NAMES)).where(PIXEL.c.plane_id == plane)
    query = query.order_by(*(PIXEL.c[name] for name in IN_PLANE))
    if rows is not None:
        query = query.where(spot >= next(iter(rows)), spot <= next(reversed(rows)))
    else:
        query = query.limit(AT_ONCE)
        if after is not None:
            query = query.where(spot > after)
    read = map(tuple, connection.execute(query))
    return {row[:_HOW_MANY]: row[_HOW_MANY:] for row in read}


def launches_of(source: Connection, plane: PlaneToCopy) -> set[int]:
    """Those that trained networks of a plane."""
    query = select(PIXEL.c.run_id).where(PIXEL.c.plane_id == plane.number).distinct()
    return {number for number in source.scalars(query) if number is not None}


def merge_pixels(
    target: Connection,
    plane: PlaneToCopy,
    rows: PixelsRead,
    launches: Mapping[int, int],
    merged: Merged,
) -> None:
    """Write networks of a plane into a database that is locked."""
    number = pixels.plane_row(target, plane.key)
    if number is None:
        target.execute(insert(PLANE).values(key=plane.key, content=plane.content))
        number = pixels.plane_row(target, plane.key)
    assert number is not None
    there = _read(target, number, rows=rows)
    new, filled = [], []
    for spot, (launch, *outcome) in rows.items():
        if spot not in there:
            values = dict(zip(_NAMES, (*spot, launches.get(launch), *outcome), strict=True))
            new.append(values | {"plane_id": number})
            continue
        before = there[spot][1:]
        both = _joined(before, outcome)
        if both is None:
            merged.different.add(_named(plane.key, spot))
        elif list(both) == list(before) == outcome:
            merged.there += 1
        else:
            merged.joined.add(_named(plane.key, spot))
            if both != before:
                values = dict(zip(OUTCOME, both, strict=True))
                filled.append(values | dict(zip(_OF, spot, strict=True)))
    if new:
        target.execute(insert(PIXEL), new)
    if filled:
        this = [PIXEL.c[name] == bindparam(of) for name, of in zip(IN_PLANE, _OF, strict=True)]
        statement = update(PIXEL).where(PIXEL.c.plane_id == number, *this)
        target.execute(statement.values({name: bindparam(name) for name in OUTCOME}), filled)
    merged.added += len(new)


_OF = tuple(f"of_{name}" for name in IN_PLANE)


def _named(plane: str, spot: Place) -> str:
    """Tells a network of any plane from all others."""
    return f"{plane} {spot}"


def _joined(one: tuple[Any, ...], other: list[Any]) -> tuple[Any, ...] | None:
    """What both say of a network; None if they contradict each other."""
    if one[0] != other[0] or any(
        None not in pair and pair[0] != pair[1] for pair in zip(one, other, strict=True)
    ):
        return None
    return tuple(b if a is None else a for a, b in zip(one, other, strict=True))


def verify_pixels(target: Connection, plane: PlaneToCopy, rows: PixelsRead, merged: Merged) -> None:
    """See that what was to be copied is there.

    Raises:
        StorageError: something is not, or is another.
    """
    number = pixels.plane_row(target, plane.key)
    there = {} if number is None else _read(target, number, rows=rows)
    for spot, (_, *outcome) in rows.items():
        same = spot in there and (
            list(there[spot][1:]) == outcome
            or _named(plane.key, spot) in merged.different | merged.joined
        )
        if not same:
            what = "is not the same there" if spot in there else "is missing there"
            named = ", ".join(f"{name} {value}" for name, value in zip(IN_PLANE, spot, strict=True))
            raise StorageError(
                f"the network of {named} {what}; another program changed it meanwhile, or a disk "
                "failed: copy again"
            )
