"""What of the curvature of networks is recorded, and what a study that asks for it lacks."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, and_, func, select

from dynstudy.measure.records import (
    EIGENVALUES,
    LOSS,
    ONSETS,
    SMALLEST,
    loss_steps,
    record_steps,
)
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
    connection: Connection, protocols: Mapping[str, Protocol], names: Sequence[str]
) -> dict[str, set[int]]:
    """The seeds, by configuration's key as protocols are, that lack some of what these ask for."""
    networks: dict[tuple[str, int], dict[str | None, OfNetwork]] = {}
    for each in curvature_read(connection, names, protocols):
        networks.setdefault((each.key, each.seed), {})[each.name] = each
    lacking: dict[str, set[int]] = {}
    for (key, seed), there in networks.items():
        if not all(_whole(name, there, protocols[key]) for name in names):
            lacking.setdefault(key, set()).add(seed)
    return lacking


def _whole(name: str, there: Mapping[str | None, OfNetwork], protocol: Protocol) -> bool:
    """Whether a network has a series as far as a protocol asks for it."""
    if name not in {EIGENVALUES, SMALLEST, LOSS}:
        return name in there
    needed: Iterable[int] = (loss_steps if name == LOSS else record_steps)(protocol)
    (diverged_at,) = {each.diverged_at for each in there.values()}
    if diverged_at is not None:  # it has no curvature from there on
        needed = [step for step in needed if step < diverged_at]
    elif protocol.until is not None and ONSETS in there:  # read at its end
        needed = [step for step in needed if step < max(there[ONSETS].steps)]
    if name not in there:
        return not needed
    asked = protocol.curvature
    count = asked.eigenvalues if asked is not None and name == EIGENVALUES else 0
    return there[name].eigenvalues >= count and there[name].steps.issuperset(needed)


@lru_cache(maxsize=1024)  # most networks have the steps of many others
def _steps(text: str | None) -> frozenset[int]:
    return frozenset(json.loads(text)) if text else frozenset()
