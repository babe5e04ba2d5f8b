"""What of the curvature of networks is recorded, and what a study that asks for it lacks."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, and_, func, select

from dynstudy.measure.records import EIGENVALUES, SMALLEST, record_steps
from dynstudy.protocol import Protocol
from dynstudy.store.database import rows_among
from dynstudy.store.migrations import SERIES_SINCE, version
from dynstudy.store.tables import ReplicateRow, SeriesRow, StepsRow


@dataclass(frozen=True)
class OfNetwork:
    """A series of a network."""

    key: str  # of its configuration
    seed: int
    diverged_at: int | None
    name: str | None  # None where it has none of those asked for
    steps: frozenset[int]
    columns: int

    @property
    def eigenvalues(self) -> int:
        """How many there are, each with its residual."""
        return self.columns // 2


def curvature_read(
    connection: Connection, names: Sequence[str], configurations: Iterable[str]
) -> Iterator[OfNetwork]:
    """The networks of some configurations' keys with each of their series of these names."""
    row = ReplicateRow
    columns = row.configuration, row.seed, row.diverged_at
    if version(connection) < SERIES_SINCE:  # which had none
        rows = rows_among(connection, select(*columns), row.configuration, configurations)
        for key, seed, diverged_at in rows:
            yield OfNetwork(key, seed, diverged_at, None, frozenset(), 0)
        return
    # arrays of the JSON: their texts need not be read, and each database has a function of its own
    text = SeriesRow.readings
    arrays = func.length(text) - func.length(func.replace(text, "],[", "]["))
    of_names = and_(SeriesRow.replicate_id == row.id, SeriesRow.name.in_(names))
    query = select(*columns, SeriesRow.name, StepsRow.steps, arrays + 1)
    query = query.outerjoin(SeriesRow, of_names)
    query = query.outerjoin(StepsRow, StepsRow.id == SeriesRow.steps_id)
    rows = rows_among(connection, query, row.configuration, configurations)
    for key, seed, diverged_at, name, steps, count in rows:
        yield OfNetwork(key, seed, diverged_at, name, _steps(steps), count or 0)


def without_curvature(
    connection: Connection, protocol: Protocol, names: Sequence[str], configurations: Iterable[str]
) -> dict[str, set[int]]:
    """The seeds of networks, by configuration's key, that lack something that a protocol asks."""
    asked, wanted = protocol.curvature, frozenset(record_steps(protocol))
    complete: dict[tuple[str, int], set[str]] = {}
    for network in curvature_read(connection, names, configurations):
        of_network = complete.setdefault((network.key, network.seed), set())
        needed = wanted
        if network.diverged_at is not None:  # which has no curvature from there on
            needed = frozenset(step for step in wanted if step < network.diverged_at)
        if not needed:
            of_network |= {EIGENVALUES, SMALLEST}
        if network.name in {EIGENVALUES, SMALLEST}:
            assert asked is not None
            count = asked.eigenvalues if network.name == EIGENVALUES else 1
            if network.eigenvalues < count or not network.steps.issuperset(needed):
                continue
        if network.name is not None:
            of_network.add(network.name)
    lacking: dict[str, set[int]] = {}
    for (key, seed), there in complete.items():
        if not there.issuperset(names):
            lacking.setdefault(key, set()).add(seed)
    return lacking


@lru_cache(maxsize=1024)  # most networks have the steps of many others
def _steps(text: str | None) -> frozenset[int]:
    return frozenset(json.loads(text)) if text else frozenset()
