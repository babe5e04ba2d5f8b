"""What a column holds is checked as it is read, so that nothing is computed from a damaged value.

A value that cannot be what dynstudy wrote (somebody edited the file, or a disk did) raises a
`DamagedError`, which `in_its_row` makes say where the value stands.
"""

import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import NoneType
from typing import Any

import numpy as np
import sqlalchemy
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Boolean, DateTime, Dialect, Engine, Float, Integer, String, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeDecorator, TypeEngine

from dynstudy.arrays import Array
from dynstudy.errors import DamagedError, StorageError
from dynstudy.study.axes import short
from dynstudy.study.validation_messages import one_line

WAYS_OUT = {
    "dynstudy_replicate": "delete this row, and dynstudy run trains the network again",
    "dynstudy_pixel": "delete this row, and dynstudy run trains the network again",
    "dynstudy_series": "delete this row, and dynstudy run trains the network again",
    "dynstudy_steps": "delete the rows of dynstudy_series that have it, then this row, and "
    "dynstudy run trains their networks again",
    "dynstudy_reservation": "delete this row, and dynstudy run trains the network again",
    "dynstudy_worker": "delete this row, which only tells what was trained where",
}
ANOTHER_WAY = "mend it, or take a copy of the database from before"

LARGEST = 2**63
"""Above SQL's whole numbers."""

INFINITY = float("inf")
FINITE = -sys.float_info.max, sys.float_info.max

Check = Callable[[Any], object]
"""Raises a `ValueError` that says what a value must be."""


class DamagedValueError(DamagedError):
    """A value of a column of ours; it knows not yet in which row."""

    def __init__(self, table: str, column: str, value: Any, problem: str) -> None:
        super().__init__(damaged(table, "", column, value, problem))
        self.table, self.column, self.value, self.problem = table, column, value, problem


def damaged(table: str, row: str, column: str, value: Any, problem: str) -> str:
    """What is wrong with a value, where, and the way out, in one line."""
    where = f"table {table}, {row}{', ' * bool(row)}{column} = {short(value)}"
    return f"{where}: is damaged: {problem}; {WAYS_OUT.get(table, ANOTHER_WAY)}"


def in_its_row(error: DamagedValueError, engine: Engine) -> str:
    """As the error, with the first row that has such a value."""
    columns = [column.name for column in TABLES[error.table].primary_key]
    untyped = sqlalchemy.table(error.table, *map(sqlalchemy.column, {*columns, error.column}))
    query = sqlalchemy.select(*(untyped.c[name] for name in columns))
    same = untyped.c[error.column].is_not_distinct_from(sqlalchemy.literal(error.value))
    try:
        with engine.connect() as connection:
            row = connection.execute(query.where(same).limit(1)).first()
    except (SQLAlchemyError, StorageError):
        row = None
    if row is None:  # somebody mended it meanwhile
        return str(error)
    keys = ", ".join(f"{name} {value}" for name, value in zip(columns, row, strict=True))
    return damaged(error.table, keys, error.column, error.value, error.problem)


TABLES: dict[str, Table] = {}
"""Those whose columns are checked, by name."""


def check_columns(table: Table) -> None:
    """Check each column of a table as it is read: by its type, and by ``check`` of its ``info``."""
    TABLES[table.name] = table
    for column in table.columns:
        name = f"{table.name}.{column.name}"
        column.type = Checked(name, column.type, column.info.get("check"))


class Checked(TypeDecorator[Any]):
    """The type of a column that refuses what was not written there; NULL is left to SQL."""

    impl = String  # stands in for that of each
    cache_ok = True

    def __init__(self, name: str, kind: TypeEngine[Any], check: Check | None = None) -> None:
        super().__init__()
        self.impl = kind  # type: ignore[assignment]
        self.name, self.kind, self.check = name, kind, check

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """How a value is read and checked."""
        read = self.impl_instance.result_processor(dialect, coltype)
        table, column = self.name.split(".")
        right, check = _check_of(self.kind), self.check

        def careful(value: Any) -> Any:
            if value is None:
                return None
            try:
                result = value if read is None else read(value)
                right(value, result)
                if check is not None:
                    check(result)
            except (ValueError, TypeError) as problem:
                raise DamagedValueError(table, column, value, one_line(str(problem))) from None
            return result

        return careful

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the most that a number may be."""
        if isinstance(self.check, Within):
            return self.check.low, self.check.high
        return (0, LARGEST) if isinstance(self.kind, Integer) else FINITE


def checked_numbers(rows: Sequence[Sequence[Any]], types: Sequence[Any]) -> Array | None:
    """Return numbers, checked as their columns would one by one, but as arrays: an atlas has many.

    Args:
        rows: as the driver gives them.
        types: `Checked` ones of their columns.

    Returns:
        (columns, rows), nan where there is NULL; None where any value is damaged.
    """
    values = np.empty((len(types), len(rows)))
    for kind, column, of in zip(types, zip(*rows, strict=True), values, strict=True):
        try:
            of[:] = array("d", column)  # which takes numbers alone, and at once
            nulls = 0
        except TypeError:
            if not set(map(type, column)) <= {int, float, NoneType}:
                return None
            of[:] = column
            nulls = column.count(None)
        low, high = kind.ends
        right = (of >= low) & (of <= high)
        if isinstance(kind.kind, Integer):
            right &= of == np.floor(of)
        # a database may hold nan, which is right no more than what is out of bounds
        if np.count_nonzero(~right) != nulls:
            return None
    return values


def _check_of(kind: TypeEngine[Any]) -> Callable[[Any, Any], None]:
    """What a value of a type is, as the driver gives it and as it is read."""
    if isinstance(kind, Boolean):
        return _truth
    return next(check for of, check in _CHECKS.items() if isinstance(kind, of))


def _truth(raw: Any, _: Any) -> None:
    if raw not in {0, 1}:
        raise ValueError("must be 0 or 1")


def _whole(_: Any, value: Any) -> None:
    if type(value) is not int or not 0 <= value < LARGEST:
        raise ValueError("must be a whole number, at least 0")


def _finite(_: Any, value: Any) -> None:
    if type(value) not in {float, int} or not -INFINITY < value < INFINITY:
        raise ValueError("must be a finite number")


def _text(_: Any, value: Any) -> None:
    if type(value) is not str:
        raise ValueError("must be text")


def _time(_: Any, value: Any) -> None:
    if not isinstance(value, datetime):
        raise TypeError("must be a time")


_CHECKS = {Integer: _whole, Float: _finite, DateTime: _time, String: _text}
"""`Boolean` aside; `Text` is a `String`."""


@dataclass(frozen=True)
class Within:
    """A number between two, both included."""

    low: float
    high: float

    def __call__(self, value: float) -> None:
        """Check it."""
        if not self.low <= value <= self.high:
            raise ValueError(f"must be from {self.low:g} to {self.high:g}")


def json_of(what: Any) -> Check:
    """JSON of a type; what was checked is remembered, since most networks share it with others."""
    adapter = TypeAdapter(what)

    @lru_cache(maxsize=1024)
    def check(text: str) -> None:
        try:
            adapter.validate_json(text, strict=True)
        except ValidationError as error:
            raise ValueError(f"must be JSON as dynstudy writes it: {_first(error)}") from None

    return check


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    keys = ".".join(map(str, problem["loc"]))
    message = problem["msg"].removeprefix("Value error, ")
    return f"{keys}: {message}" if keys else message
