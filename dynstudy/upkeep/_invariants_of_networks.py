"""What holds for the networks of the ledger: each is what its key says, and did what it was read.

The key of a network is the SHA-256 of its columns, and its measures are those of its series, made
by the same functions as when it was recorded.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import Row, func, select, update

from dynstudy.errors import DamagedError
from dynstudy.measure.measures import MEASURES
from dynstudy.protocol import Protocol
from dynstudy.store import series
from dynstudy.store.checked import WAYS_OUT
from dynstudy.store.database import batches
from dynstudy.store.keys import (
    AS_JSON,
    DYNAMICAL,
    IF_NOT_AS_ALWAYS,
    NULL_BY_DEFAULT,
    digest,
    recorded_protocol,
)
from dynstudy.store.series import COUNTS, NamedSeries, check_counts, to_readings
from dynstudy.store.tables import ReplicateRow, SeriesRow, StepsRow
from dynstudy.upkeep._finding import Finding, Inspection, Invariant

ROUNDING = 1e-9
"""Relative; of measures, whose last bits depend on NumPy's sums."""

CELLS = 100
"""That are read at once."""

REPLICATE: Any = ReplicateRow.__table__
ALWAYS = ("loss", "width", "learning_rate", "steps", "dtype", "data", "initialisation", "numerics")
CONTENT = (*ALWAYS, *NULL_BY_DEFAULT)


@lru_cache(maxsize=4096)  # all networks of a cell share theirs
def content_of(*columns: Any) -> tuple[dict[str, Any], str]:
    """What a key is of, but for the seed, by columns of `CONTENT`; and the digest of that."""
    row = dict(zip(CONTENT, columns, strict=True))
    values = {name: row[name] for name in ALWAYS}
    if row["amplitude"] is not None:
        values |= {name: row[name] for name in DYNAMICAL}
    values |= {name: row[name] for name in IF_NOT_AS_ALWAYS if row[name] is not None}
    values |= {name: json.loads(values[name]) for name in AS_JSON if name in values}
    for name in ("learning_rate", "amplitude"):
        if name in values:
            values[name] = float(values[name])
    return values, digest(values)


def protocol_of(row: Any) -> Protocol:
    """How a network was trained, as far as its measures need it."""
    return _protocol(row.steps, row.tail, row.dtype, row.data, row.schedule)


_protocol = lru_cache(maxsize=256)(recorded_protocol)


def measured(
    row: Any, networks: Sequence[tuple[int | None, NamedSeries]]
) -> list[dict[str, float | None]]:
    """The measures of networks of the cell of a row, by name, of their series; None where nan."""
    readings = to_readings(protocol_of(row), row.period, networks, row.learning_rate)
    values = np.array([measure.of(readings) for measure in MEASURES.values()]).T.tolist()
    return [
        {
            name: None if math.isnan(value) else value
            for name, value in zip(MEASURES, of_network, strict=True)
        }
        for of_network in values
    ]


def _networks(look: Inspection) -> Iterator[Finding]:
    """Cell after cell, so that memory holds a few of them."""
    cell = ReplicateRow.configuration
    total = look.connection.scalar(select(func.count()).select_from(ReplicateRow)) or 0
    done = 0
    for keys in batches(look.connection.scalars(select(cell).distinct().order_by(cell)).all()):
        for first in range(0, len(keys), CELLS):
            some_keys = keys[first : first + CELLS]
            query = select(REPLICATE).where(cell.in_(some_keys)).order_by(cell, ReplicateRow.id)
            rows = look.connection.execute(query).all()
            named, wrong = _series_of(look, some_keys)
            yield from wrong
            of_cell: dict[str, list[Any]] = {}
            for row in rows:
                yield from _key(row)
                of_cell.setdefault(row.configuration, []).append(row)
            damaged = {finding.row for finding in wrong}
            for cell_rows in of_cell.values():
                yield from _cell(cell_rows, named, damaged)
            done += len(rows)
            look.report("networks", done, total)


def _key(row: Any) -> Iterator[Finding]:
    values, configuration = content_of(*(getattr(row, name) for name in CONTENT))
    key = digest(values | {"seed": row.seed})
    for name, expected in (("key", key), ("configuration", configuration)):
        if getattr(row, name) != expected:
            yield _of_network(
                row,
                f"{name} is {getattr(row, name)[:12]}…, its other columns give {expected[:12]}…: "
                "one of them was changed",
            )
            return


def _of_network(row: Any, problem: str) -> Finding:
    return Finding("dynstudy_replicate", f"id {row.id}", problem, WAYS_OUT["dynstudy_replicate"])


def _series_of(
    look: Inspection, keys: Sequence[str]
) -> tuple[dict[int, dict[str, series.Series]], list[Finding]]:
    """The series of the networks of some cells by network and name, and those that are damaged."""
    columns = SeriesRow.replicate_id, SeriesRow.name, StepsRow.steps, SeriesRow.readings
    query = select(*columns).join(StepsRow).join(ReplicateRow)
    named: dict[int, dict[str, series.Series]] = {}
    wrong = []
    for number, name, *texts in look.connection.execute(
        query.where(ReplicateRow.configuration.in_(keys))
    ):
        try:
            named.setdefault(number, {})[name] = series.of_row(number, name, *texts)
        except DamagedError as error:
            wrong.append(_damaged(number, error))
    return named, wrong


def _damaged(number: int, error: DamagedError) -> Finding:
    """As the error says; the row is that of its network, which is not looked at further."""
    _, _, said = str(error).partition(f"replicate_id {number}, ")
    problem, _, _ = said.rpartition("; delete this row")
    return Finding(
        "dynstudy_series", f"replicate_id {number}", problem, WAYS_OUT["dynstudy_series"]
    )


def _cell(
    rows: Sequence[Any], named: Mapping[int, dict[str, series.Series]], damaged: set[str]
) -> Iterator[Finding]:
    """What is wrong with the series of the networks of a cell, or does not follow from them."""
    whole = []
    for row in rows:
        if f"replicate_id {row.id}" in damaged:
            continue
        of_network = named.get(row.id, {})
        try:
            check_counts(protocol_of(row), row.id, of_network)
        except DamagedError as error:
            yield _damaged(row.id, error)
            continue
        unread = [
            name for name in COUNTS if name not in of_network or last(of_network[name]) != row.steps
        ]
        beyond = [
            name
            for name, each in of_network.items()
            if last(each) > (row.steps if row.diverged_at is None else row.diverged_at)
        ]
        if row.diverged_at is None and unread:
            yield _of_network(row, f"it was not read to its end: {' and '.join(unread)}")
        elif beyond:
            yield _of_network(row, f"it was read after its end: {' and '.join(beyond)}")
        else:
            whole.append(row)
    if not whole:
        return
    networks = [(row.diverged_at, named.get(row.id, {})) for row in whole]
    for row, expected in zip(whole, measured(whole[0], networks), strict=True):
        yield from _measures(row, expected)


def last(of_series: series.Series) -> int:
    """The step at which a series ends."""
    return of_series.steps[-1] if of_series.steps else -1


def _measures(row: Row[Any], expected: Mapping[str, float | None]) -> Iterator[Finding]:
    wrong = {
        name: value for name, value in expected.items() if not equal(getattr(row, name), value)
    }
    if wrong:
        said = ", ".join(
            f"{name} is {shown_number(getattr(row, name))}, its series give {shown_number(value)}"
            for name, value in wrong.items()
        )
        yield Finding(
            "dynstudy_replicate",
            f"id {row.id}",
            said,
            mending=(update(REPLICATE).where(REPLICATE.c.id == row.id).values(wrong),),
            mends="writes what the series give",
        )


def equal(one: float | None, other: float | None) -> bool:
    """Whether two numbers are the same but for rounding, or both absent."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=1e-12)


def shown_number(value: float | None) -> str:
    """A number in a message."""
    return "absent" if value is None else f"{value:.6g}"


OF_NETWORKS = (
    Invariant(
        "networks",
        "a network's key is of its columns, its series reach its end, its measures are theirs",
        _networks,
    ),
)
