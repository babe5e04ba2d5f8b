"""Series: what was read of networks along their training, a row per network and name.

The steps of a series are kept once for all series that have the same, since they would take a third
of what a network takes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, delete, insert, select

from dynstudy.errors import DamagedError
from dynstudy.measure.measure import CellReadings, CurvatureReadings
from dynstudy.measure.records import EIGENVALUES, FIRST_COLUMNS, ONSETS, SERIES_COLUMNS, UPHILL
from dynstudy.protocol import Protocol
from dynstudy.store.checked import damaged
from dynstudy.store.database import batches, insert_rows, rows_among
from dynstudy.store.tables import ReplicateRow, SeriesRow, StepsRow

TRAIN, VALIDATION = "train", "validation"
"""The series that every network has: the points of each class that it classified right."""
COUNTS = (TRAIN, VALIDATION)


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
        return self.over(other)

    def over(self, other: "Series") -> "Series":
        """These, and where there are none the other's, if that has as many numbers for a step."""
        if self.values.shape[1:] != other.values.shape[1:]:
            return self
        steps, first = np.unique([*self.steps, *other.steps], return_index=True)
        return Series(tuple(steps.tolist()), np.concatenate([self.values, other.values])[first])


NamedSeries = Mapping[str, Series]
"""The series of one network."""

ReadNetwork = tuple[int | None, NamedSeries]
"""The step at which it diverged, if it did, and its series."""


def join(before: NamedSeries, now: NamedSeries) -> dict[str, Series] | None:
    """Return the series of a network that was trained twice; None where the trainings differ.

    They differ if the points classified right do; of all else, which is read to some tolerance, the
    later reading counts.
    """
    joined = dict(before)
    for name, series in now.items():
        union: Series | None = series
        if name in before:
            earlier = before[name]
            union = earlier.union(series) if name in COUNTS else series.over(earlier)
        if union is None:
            return None
        joined[name] = union
    return joined


def write(connection: Connection, series_of: Mapping[int, NamedSeries]) -> None:
    """Record the series of networks by their rows, in a transaction that locked the database."""
    numbers = _numbers(
        connection, {each.steps for named in series_of.values() for each in named.values()}
    )
    rows = [
        {
            "replicate_id": number,
            "name": name,
            "steps_id": numbers[series.steps],
            "readings": _json(_or_null(series.values.T)),
        }
        for number, named in series_of.items()
        for name, series in named.items()
        if series.steps
    ]
    insert_rows(connection, SeriesRow, rows)


def _numbers(
    connection: Connection, lists: Iterable[tuple[int, ...]]
) -> dict[tuple[int, ...], int]:
    """The rows of some lists of steps, which are made where they are missing."""
    texts = dict(sorted((_json(steps), steps) for steps in lists if steps))
    columns = StepsRow.id, StepsRow.steps
    recorded = rows_among(connection, select(*columns), StepsRow.steps, texts)
    numbers = {texts[text]: number for number, text in recorded}
    missing = [{"steps": text} for text, steps in texts.items() if steps not in numbers]
    if missing:
        made = connection.execute(insert(StepsRow).returning(*columns), missing)
        numbers |= {texts[text]: number for number, text in made}
    return numbers


def remove(connection: Any, networks: Iterable[int]) -> None:
    """Delete all series of the networks of some rows, in a transaction or a session's."""
    for batch in batches(networks):
        connection.execute(delete(SeriesRow).where(SeriesRow.replicate_id.in_(batch)))


def remove_unused_steps(connection: Any) -> None:
    """Delete the steps that no series has any more; this looks at all of them."""
    used = select(SeriesRow.steps_id)
    connection.execute(delete(StepsRow).where(StepsRow.id.not_in(used)))


def read(
    connection: Connection, which: ColumnElement[bool], names: Iterable[str] = ()
) -> dict[int, dict[str, Series]]:
    """The series, by network and name, where there are any; of `names`, unless those are none."""
    columns = (SeriesRow.replicate_id, SeriesRow.name, StepsRow.steps, SeriesRow.readings)
    query = select(*columns).join(StepsRow).join(ReplicateRow).where(which)
    if names:
        query = query.where(SeriesRow.name.in_(names))
    series_of: dict[int, dict[str, Series]] = {}
    for number, name, steps, values in connection.execute(query):
        series_of.setdefault(number, {})[name] = of_row(number, name, steps, values)
    return series_of


def of_row(number: int, name: str, steps: str, readings: str) -> Series:
    """The series of a row, or a `DamagedError`."""
    return Series(_steps(steps), _readings(readings, number, name, len(_steps(steps))))


def _readings(text: str, number: int, name: str, steps: int) -> NDArray[Any]:
    """(M, C), or a `DamagedError`: NumPy would stretch a row that is too short."""
    try:
        # NaN and Infinity are no JSON; what was not finite is null
        values = np.array(json.loads(text, parse_constant=str))
        if values.dtype == object and name not in COUNTS:
            values = values.astype(float)
    except (ValueError, TypeError):  # no JSON, or rows of different lengths
        values = np.empty(0)
    numbers = values.ndim == 2 and values.dtype.kind in "iuf" and not bool(np.isinf(values).any())
    if not numbers or values.shape[1] != steps:
        problem = f"must be JSON: an array for each class, with a number for each of {steps} steps"
        raise DamagedError(series_damaged(number, name, text, problem))
    if len(values) == FIRST_COLUMNS.get(name):  # an older version read no more
        later = np.full((len(SERIES_COLUMNS[name]) - len(values), steps), np.nan)
        values = np.concatenate([values, later])
    return values.T


def series_damaged(number: int, name: str, value: Any, problem: str) -> str:
    """What is wrong with the readings of a network, in one line."""
    row = f"replicate_id {number}, name {name!r}"
    return damaged("dynstudy_series", row, "readings", value, problem)


def check_counts(protocol: Protocol, number: int, named: NamedSeries) -> None:
    """See that series have what their names say, of points no more than a protocol has.

    Raises:
        DamagedError: one has not.
    """
    data = protocol.data
    points = {TRAIN: data.training_points, VALIDATION: data.validation_points}
    for name in points.keys() & named.keys():
        values = named[name].values
        if values.shape[1] != data.classes:
            problem = f"must be an array for each of its {data.classes} classes"
        elif values.size and not (values.min() >= 0 and (values <= points[name]).all()):
            problem = f"must be numbers from 0 to {_each(points[name])}"
        else:
            continue
        raise DamagedError(series_damaged(number, name, values.T.tolist(), problem))
    for name in named.keys() & {EIGENVALUES, *SERIES_COLUMNS}:
        values = named[name].values
        if name == EIGENVALUES and (values.shape[1] % 2 or not values.shape[1]):
            problem = "must be an array for each eigenvalue and for each residual"
        elif name in SERIES_COLUMNS and values.shape[1] != len(SERIES_COLUMNS[name]):
            problem = f"must be an array for each of {', '.join(SERIES_COLUMNS[name])}"
        else:
            continue
        raise DamagedError(series_damaged(number, name, values.T.tolist(), problem))


def _each(points: NDArray[Any]) -> str:
    """The number of points of every class, once where it is the same."""
    counts = points.tolist()
    return f"{counts[0]}" if len(set(counts)) == 1 else f"those of its classes, {counts}"


@lru_cache(maxsize=1024)
def _steps(text: str) -> tuple[int, ...]:
    return tuple(json.loads(text))


def to_readings(
    protocol: Protocol,
    period: int | None,
    networks: Sequence[ReadNetwork],
    learning_rate: float | None = None,
) -> CellReadings:
    """What was read of the networks of a cell; of their curvature, too, if their rate is given."""
    series_of = [named for _, named in networks]
    steps, train = _aligned(series_of, TRAIN, protocol.data.classes, COUNTS)
    _, validation = _aligned(series_of, VALIDATION, protocol.data.classes, COUNTS)
    diverged = np.array([step is not None for step, _ in networks], bool)
    curvature = None if learning_rate is None else _curvature(series_of, learning_rate)
    return CellReadings(protocol, period, steps, train, validation, diverged, curvature)


def _aligned(
    series_of: Sequence[NamedSeries], name: str, columns: int, together: Iterable[str] = ()
) -> tuple[tuple[int, ...], NDArray[Any]]:
    """All M steps of a series, and of others `together`, and its first values (R, M, columns)."""
    names = {name, *together}
    steps = sorted({
        step for named in series_of for each in names & named.keys() for step in named[each].steps
    })
    values = np.full((len(series_of), len(steps), columns), np.nan)
    for row, named in enumerate(series_of):
        if name in named:
            series = named[name]
            values[row, np.searchsorted(steps, series.steps)] = series.values[:, :columns]
    return tuple(steps), values


def _curvature(series_of: Sequence[NamedSeries], learning_rate: float) -> CurvatureReadings | None:
    """None where no network of a cell has any."""
    if not any({EIGENVALUES, ONSETS, UPHILL} & named.keys() for named in series_of):
        return None
    steps, largest = _aligned(series_of, EIGENVALUES, 1)
    whole = {}
    for name in (ONSETS, UPHILL):
        columns = SERIES_COLUMNS[name]
        rows = [
            named[name].values[-1] if name in named else np.full(len(columns), np.nan)
            for named in series_of
        ]
        whole[name] = dict(zip(columns, np.array(rows, float).T, strict=True))
    uphill = (whole[UPHILL][name] for name in SERIES_COLUMNS[UPHILL])
    onsets = whole[ONSETS]["count"]
    return CurvatureReadings(learning_rate, steps, largest[..., 0], onsets, *uphill)


def _or_null(values: NDArray[Any]) -> list[Any]:
    """Numbers as JSON has them, which knows no nan."""
    if values.dtype.kind != "f":
        return list(values.tolist())
    numbers = values.astype(object)
    numbers[~np.isfinite(values)] = None
    return list(numbers.tolist())


_json = json.JSONEncoder(separators=(",", ":")).encode
