"""Series: what was read of networks along their training, a row per network and name.

The steps of a series are kept once for all series that have the same, since they would take a third
of what a network takes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, delete, insert, select

from dynstudy.config import Protocol
from dynstudy.measure.measure import CellReadings
from dynstudy.store.database import batches
from dynstudy.store.tables import ReplicateRow, SeriesRow, StepsRow

TRAIN, VALIDATION = "train", "validation"
"""The series that every network has: the points of each class that it classified right."""


@dataclass(frozen=True)
class Series:
    """Numbers read of one network at M steps."""

    steps: tuple[int, ...]  # (M,) ascending
    values: NDArray[Any]  # (M, C)

    def union(self, other: "Series") -> "Series | None":
        """What both have; None where they contradict each other."""
        _, here, there = np.intersect1d(self.steps, other.steps, return_indices=True)
        if not np.array_equal(self.values[here], other.values[there]):
            return None
        steps, first = np.unique([*self.steps, *other.steps], return_index=True)
        return Series(tuple(steps.tolist()), np.concatenate([self.values, other.values])[first])


NamedSeries = Mapping[str, Series]
"""The series of one network."""


def join(before: NamedSeries, now: NamedSeries) -> dict[str, Series] | None:
    """The series of a network that was trained twice; None where the trainings differ."""
    joined = dict(before)
    for name, series in now.items():
        union = before[name].union(series) if name in before else series
        if union is None:
            return None
        joined[name] = union
    return joined


def write(connection: Connection, series_of: Mapping[int, NamedSeries]) -> None:
    """Record series, in the place of those of the same networks that are there.

    Args:
        connection: in a transaction that has locked the database.
        series_of: the series of each network, by its row.
    """
    rows = [
        (number, name, series.steps, series.values)
        for number, named in series_of.items()
        for name, series in named.items()
        if series.steps
    ]
    numbers = _numbers(connection, {steps for _, _, steps, _ in rows})
    values = [
        {
            "replicate_id": number,
            "name": name,
            "steps_id": numbers[steps],
            "readings": _json(values.T.tolist()),
        }
        for number, name, steps, values in rows
    ]
    if values:
        connection.execute(insert(SeriesRow), values)


def _numbers(
    connection: Connection, lists: Iterable[tuple[int, ...]]
) -> dict[tuple[int, ...], int]:
    """The rows of some lists of steps, which are made where they are missing."""
    texts = {_json(steps): steps for steps in lists}

    def present() -> dict[tuple[int, ...], int]:
        query = select(StepsRow.id, StepsRow.steps)
        return {
            texts[text]: number
            for batch in batches(texts)
            for number, text in connection.execute(query.where(StepsRow.steps.in_(batch)))
        }

    numbers = present()
    missing = [{"steps": text} for text, steps in texts.items() if steps not in numbers]
    if not missing:
        return numbers
    connection.execute(insert(StepsRow), missing)
    return present()


def remove(connection: Any, networks: Iterable[int]) -> None:
    """Delete all series of some networks.

    Args:
        connection: or a session, in a transaction.
        networks: their rows.
    """
    for batch in batches(networks):
        connection.execute(delete(SeriesRow).where(SeriesRow.replicate_id.in_(batch)))


def remove_unused_steps(connection: Any) -> None:
    """Delete the steps that no series has any more; this looks at all of them."""
    used = select(SeriesRow.steps_id)
    connection.execute(delete(StepsRow).where(StepsRow.id.not_in(used)))


def read(connection: Connection, which: ColumnElement[bool]) -> dict[int, dict[str, Series]]:
    """Find the series of some networks.

    Args:
        connection: to a database of this schema.
        which: of the networks, as a condition on their rows.

    Returns:
        By network and name; networks that have none are missing.
    """
    columns = (SeriesRow.replicate_id, SeriesRow.name, StepsRow.steps, SeriesRow.readings)
    query = select(*columns).join(StepsRow).join(ReplicateRow).where(which)
    series_of: dict[int, dict[str, Series]] = {}
    for number, name, steps, values in connection.execute(query):
        series = Series(_steps(steps), np.array(json.loads(values)).T)
        series_of.setdefault(number, {})[name] = series
    return series_of


@lru_cache(maxsize=1024)
def _steps(text: str) -> tuple[int, ...]:
    return tuple(json.loads(text))


def to_readings(
    protocol: Protocol,
    period: int | None,
    series_of: Iterable[NamedSeries],
    diverged: NDArray[np.bool_],
) -> CellReadings:
    """The series of the networks of one cell, as their measures take them.

    Args:
        protocol: theirs.
        period: at whose cells' steps they are looked at.
        series_of: of R networks.
        diverged: (R,) whether they did.

    Returns:
        What was read of them at all steps at which any was.
    """
    networks = list(series_of)
    steps = sorted({step for named in networks for each in named.values() for step in each.steps})
    index_of = {step: index for index, step in enumerate(steps)}
    shape = (len(networks), len(steps), protocol.data.classes)
    counts = {name: np.full(shape, np.nan) for name in (TRAIN, VALIDATION)}
    for row, named in enumerate(networks):
        for name in counts.keys() & named.keys():
            counts[name][row, [index_of[step] for step in named[name].steps]] = named[name].values
    return CellReadings(protocol, period, tuple(steps), counts[TRAIN], counts[VALIDATION], diverged)


def _json(values: Any) -> str:
    return json.dumps(values, separators=(",", ":"))
