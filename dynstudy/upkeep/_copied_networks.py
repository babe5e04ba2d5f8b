"""Networks are merged into a ledger by their keys: what it has of a network stays.

Where both have one and it did the same in both, what only one of them read of it is joined, as when
it is trained again to be read at more steps. If it did not (another processor, another version), it
stays what it is, and is counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from dynstudy.errors import StorageError
from dynstudy.store import series
from dynstudy.store.database import rows_among
from dynstudy.store.tables import ReplicateRow, SeriesRow, StepsRow
from dynstudy.upkeep._invariants_of_networks import measured

REPLICATE: Any = ReplicateRow.__table__
SERIES: Any = SeriesRow.__table__
STEPS: Any = StepsRow.__table__
GIVEN = {"id", "run_id"}
"""Numbers, which a database gives."""

CELLS = 40
"""That are copied at once."""

Texts = dict[str, tuple[str, str]]
"""The series of a network as they are in SQL, by name: their steps, their readings."""


@dataclass
class NetworksRead:
    """Networks of a few cells, by key."""

    rows: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, Texts] = field(default_factory=dict)


@dataclass
class Merged:
    """What came of it."""

    added: int = 0
    there: int = 0  # as they are
    joined: set[str] = field(default_factory=set)  # keys
    different: set[str] = field(default_factory=set)  # keys


def read_networks(
    connection: Connection, wanted: Mapping[str, range | None], keys: Sequence[str]
) -> NetworksRead:
    """The networks of some cells, of the seeds that are wanted of each, or of all."""
    read = NetworksRead()
    query = select(REPLICATE).where(REPLICATE.c.configuration.in_(keys))
    numbers: dict[int, str] = {}
    for row in connection.execute(query.order_by(REPLICATE.c.key)):
        seeds = wanted[row.configuration]
        if seeds is None or row.seed in seeds:
            read.rows[row.key], read.texts[row.key] = row, {}
            numbers[row.id] = row.key
    read.texts |= _texts(connection, numbers)
    return read


def _texts(connection: Connection, keys: Mapping[int, str]) -> dict[str, Texts]:
    """The series of networks by their keys."""
    columns = SERIES.c.replicate_id, SERIES.c.name, STEPS.c.steps, SERIES.c.readings
    query = select(*columns).join(STEPS, STEPS.c.id == SERIES.c.steps_id)
    texts: dict[str, Texts] = {}
    for number, name, *both in rows_among(connection, query, SERIES.c.replicate_id, keys):
        texts.setdefault(keys[number], {})[name] = (both[0], both[1])
    return texts


def groups(wanted: Mapping[str, range | None]) -> Iterator[list[str]]:
    """The keys of the cells that are copied together."""
    keys = sorted(wanted)
    for first in range(0, len(keys), CELLS):
        yield keys[first : first + CELLS]


def merge(
    target: Connection, read: NetworksRead, launches: Mapping[int, int], merged: Merged
) -> None:
    """Write networks into a database that is locked."""
    there = {
        row.key: row for row in rows_among(target, select(REPLICATE), REPLICATE.c.key, read.rows)
    }
    new = [key for key in read.rows if key not in there]
    if new:
        rows = [_values(read.rows[key], launches) for key in new]
        target.execute(insert(REPLICATE), rows)
        numbers = rows_among(target, select(REPLICATE.c.key, REPLICATE.c.id), REPLICATE.c.key, new)
        _write(target, {number: read.texts[key] for key, number in numbers})
    texts = _texts(target, {row.id: key for key, row in there.items()})
    for key, row in there.items():
        _join(target, row, texts.get(key, {}), read.rows[key], read.texts[key], merged)
    merged.added += len(new)


def _values(row: Any, launches: Mapping[int, int]) -> dict[str, Any]:
    values = {name: value for name, value in row._mapping.items() if name not in GIVEN}
    return values | {"run_id": launches.get(row.run_id)}


def _write(target: Connection, texts: Mapping[int, Texts]) -> None:
    """Write series as they are, by the rows of their networks."""
    series.remove(target, texts)  # they stay behind where somebody deleted a network's row
    steps = {steps for of_network in texts.values() for steps, _ in of_network.values()}
    query = select(STEPS.c.steps, STEPS.c.id)
    numbers = dict(map(tuple, rows_among(target, query, STEPS.c.steps, steps)))
    missing = [{"steps": text} for text in sorted(steps - numbers.keys())]
    if missing:
        target.execute(insert(STEPS), missing)
        numbers |= dict(map(tuple, rows_among(target, query, STEPS.c.steps, steps)))
    rows = [
        {"replicate_id": number, "name": name, "steps_id": numbers[steps], "readings": readings}
        for number, of_network in texts.items()
        for name, (steps, readings) in of_network.items()
    ]
    if rows:
        target.execute(insert(SERIES), rows)


def _join(
    target: Connection, row: Any, texts: Texts, other: Any, more: Texts, merged: Merged
) -> None:
    """Add to a network what the other database read of it, if it did the same there."""
    if texts == more and row.diverged_at == other.diverged_at:
        merged.there += 1
        return
    here, there = (
        {name: series.of_row(each.id, name, *both) for name, both in of_network.items()}
        for each, of_network in ((row, texts), (other, more))
    )
    union = series.join(there, here)
    if union is None or row.diverged_at != other.diverged_at:
        merged.different.add(row.key)
        return
    if all(name in here and union[name].values.shape == here[name].values.shape for name in union):
        merged.joined.add(row.key)  # it has more than the other
        return
    series.remove(target, [row.id])
    series.write(target, {row.id: union})
    (measures,) = measured(row, [(row.diverged_at, union)])
    filled = {name: value for name, value in measures.items() if value is not None}
    if filled:
        target.execute(update(REPLICATE).where(REPLICATE.c.id == row.id).values(filled))
    merged.joined.add(row.key)


def verify(read: NetworksRead, written: NetworksRead, merged: Merged) -> None:
    """See that what was to be copied is there.

    Raises:
        StorageError: something is not, or is another.
    """
    for key, row in read.rows.items():
        other = written.rows.get(key)
        same = other is not None
        if other is not None and key not in merged.different | merged.joined:
            pairs = ((row._mapping[name], other._mapping[name]) for name in row._mapping)
            names = zip(row._mapping, pairs, strict=True)
            same = all(one == two for name, (one, two) in names if name not in GIVEN)
            same = same and read.texts[key] == written.texts[key]
        if not same:
            what = "is not the same there" if other is not None else "is missing there"
            raise StorageError(
                f"the network of key {key} {what}; another program changed it meanwhile, or a disk "
                "failed: copy again"
            )
