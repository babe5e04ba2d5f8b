"""Points with their classes, from whatever holds them: checked, in the order of the classes.

P points, F features, C classes. What is wrong is a ValueError that says what, and in which row,
counted from 1.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array, Ints

MAX_CLASSES = 1000
MAX_BYTES = 2**31
"""Of all points."""

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Labelled:
    """Points, and the class of each; points of one class stand together, as they came."""

    x: Array  # (P, F)
    y: Ints  # (P,) ascending
    names: tuple[str, ...]  # (C,) of the classes
    columns: tuple[str, ...]  # (F,) what features are called, or nothing
    sha256: str  # of x and y, whatever they are called

    @property
    def points(self) -> Ints:
        """(C,) of each class."""
        return np.bincount(self.y, minlength=len(self.names))


def labelled(
    x: Any, labels: Any, columns: Iterable[Any] = (), classes: Sequence[str] = ()
) -> Labelled:
    """Return points (P, F), or (P, ...), and their classes (P,), which are text or whole numbers.

    Classes are sorted and counted from 0, if they are not those of `classes`.

    Args:
        x: the points.
        labels: the class of each.
        columns: what features are called in messages.
        classes: what the classes are called, where these are points of the same ones.

    Raises:
        ValueError: they are no numbers, not finite or too many; a class is missing, or too many.
    """
    columns = tuple(map(str, columns)) or tuple(map(str, getattr(x, "columns", ())))
    points = _numbers(x, columns)
    values, text = _classes(labels)
    if len(points) != len(values):
        raise ValueError(f"has {len(points)} points and the classes of {len(values)}")
    distinct, y = np.unique(values, return_inverse=True)
    names = tuple(map(text, distinct))
    if classes:
        y = _as_before(names, classes)[y]
        names = tuple(classes)
    if len(names) < 2:
        raise ValueError(f"has points of one class, {names[0]!r}, and needs two classes at least")
    if len(names) > MAX_CLASSES:
        raise ValueError(
            f"has {len(names):,} classes ({names[0]}, {names[1]}, …), and may have {MAX_CLASSES:,}"
        )
    order = np.argsort(y, kind="stable")
    points, y = np.ascontiguousarray(points[order]), y[order].astype(np.int64)
    for array in (points, y):
        array.setflags(write=False)  # several studies may share them
    return Labelled(points, y, names, columns, _digest(points, y))


def labelled_alike(first: Labelled, x: Any, labels: Any, columns: Iterable[str] = ()) -> Labelled:
    """Return points of the same classes as others, their columns in the same order.

    Raises:
        ValueError: they have other columns or classes, or as in `labelled`.
    """
    columns = tuple(map(str, columns)) or tuple(map(str, getattr(x, "columns", ())))
    if first.columns and columns:
        if missing := [name for name in first.columns if name not in columns]:
            raise ValueError(f"has no column {missing[0]!r} to validate on")
        if more := [name for name in columns if name not in first.columns]:
            raise ValueError(f"has a column {more[0]!r} to validate on, and none to train on")
        x = x[list(first.columns)]
    alike = labelled(x, labels, first.columns, first.names)
    features, others = first.x.shape[1], alike.x.shape[1]
    if features != others:
        raise ValueError(f"has {others} features to validate on, and {features} to train on")
    return alike


def _digest(x: Array, y: Ints) -> str:
    """SHA-256 of shape and numbers, the same on any machine."""
    whole = hashlib.sha256(f"points {x.shape}".encode())
    whole.update(x.astype("<f8", copy=False).tobytes())
    whole.update(y.astype("<i8", copy=False).tobytes())
    return whole.hexdigest()


def _as_before(names: Sequence[str], classes: Sequence[str]) -> Ints:
    """Which of the classes each name is."""
    numbers = {name: number for number, name in enumerate(classes)}
    if strangers := [name for name in names if name not in numbers]:
        raise ValueError(f"has the class {strangers[0]!r}, which no training point has")
    if missing := [name for name in classes if name not in names]:
        raise ValueError(f"has no point of the class {missing[0]!r}, which training points have")
    return np.array([numbers[name] for name in names])


def _numbers(x: Any, columns: Sequence[str]) -> Array:
    """The points (P, F) as float64, all finite."""
    values = _array("the points", x)
    if values.ndim < 2:
        raise ValueError(f"has points of shape {values.shape}, and needs (points, features)")
    if values.size * 8 > MAX_BYTES:
        raise ValueError(f"has {values.size:,} numbers, which is too many: more than 2 GB of them")
    if not len(values):
        raise ValueError("has no points")
    values = values.reshape(len(values), -1)
    if not values.shape[1]:
        raise ValueError("has points without features")

    given, text = values, np.full(values.shape, values.dtype.kind not in "biufO")
    if values.dtype.kind == "O":
        numbers = [_number(value) for value in values.ravel()]
        text = np.array([number is None for number in numbers]).reshape(values.shape)
        values = np.array([0 if number is None else number for number in numbers])
        values = values.reshape(text.shape)

    def first(wrong: NDArray[np.bool_]) -> tuple[Any, str]:
        row, column = np.argwhere(wrong)[0]
        name = repr(columns[column]) if column < len(columns) else str(column + 1)
        return given[row, column], f"row {row + 1}, column {name}"

    if text.any():
        value, where = first(text)
        raise ValueError(
            f"has {str(value)[:40]!r} in {where}, and features are numbers; leave it out"
        )
    with np.errstate(over="ignore"):
        values = values.astype(np.float64)
    if np.isnan(values).any():
        _, where = first(np.isnan(values))
        raise ValueError(f"has no number (nan) in {where}; fill it in, or leave the row out")
    if (large := np.abs(values) > LARGEST).any():
        value, where = first(large)
        raise ValueError(
            f"has {_number(value):g} in {where}, which is beyond what float32 can hold"
        )
    return values


def _number(value: Any) -> float | None:
    """What an object is worth, nan where it stands for nothing; None where it is no number."""
    if value is None or type(value).__name__ == "NAType":  # of pandas
        return math.nan
    if not isinstance(value, bool | np.bool_ | int | float | np.integer | np.floating | Decimal):
        return None
    try:
        return float(value)
    except OverflowError:  # of a whole number with hundreds of digits
        return math.inf


def _classes(labels: Any) -> tuple[NDArray[Any], Any]:
    """The class of each point, whatever can be sorted, and how one is called."""
    values = _array("the classes", labels)
    if values.ndim != 1:
        hint = "; give the number of each class, not a column for each" if values.ndim == 2 else ""
        raise ValueError(f"has classes of shape {values.shape}, and needs one for each point{hint}")
    if values.dtype.kind == "O":
        values = _of_objects(values)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "U":
        _refuse(values == "", "has no class in {row}")
        return values, str
    if values.dtype.kind == "f":
        _refuse(~np.isfinite(values), "has no class in {row}")
        _refuse(
            values != np.rint(values),
            "has the class {value:g} in {row}: classes are text or whole numbers",
            values,
        )
        return values, lambda value: str(int(value))
    if values.dtype.kind not in "biu":
        raise ValueError(f"has classes of the type {values.dtype}, which are not text or numbers")
    return values, str


def _of_objects(values: NDArray[Any]) -> NDArray[Any]:
    """Objects, as a table has them, as text or as numbers."""
    missing = np.array([math.isnan(_number(value) or 0) for value in values], bool)
    _refuse(missing, "has no class in {row}")
    text = np.array([isinstance(value, str) for value in values], bool)
    if text.all():
        return values.astype(str)
    if text.any() or any(_number(value) is None for value in values):
        kinds = ", ".join(sorted({type(value).__name__ for value in values}))
        raise ValueError(
            f"has classes of the types {kinds}; all must be text, or all whole numbers"
        )
    return np.array(values.tolist())


def _refuse(wrong: Any, message: str, values: Any = None) -> None:
    """Raise what is said of the first row where something is wrong."""
    rows = np.flatnonzero(wrong)
    if rows.size:
        value = None if values is None else values[rows[0]]
        raise ValueError(message.format(row=f"row {rows[0] + 1}", value=value))


def _array(what: str, values: Any) -> NDArray[Any]:
    """Anything as an array, if it is one."""
    if np.ma.isMaskedArray(values) and np.ma.is_masked(values):
        raise ValueError(f"has masked numbers among {what}; leave these rows out")
    try:
        return np.asarray(values)
    except Exception as error:  # of a library that we do not know
        said = " ".join(str(error).split())[:100]
        raise ValueError(f"has no array of {what}: {said}") from None
