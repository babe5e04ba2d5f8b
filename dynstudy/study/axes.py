"""One axis of a study's space, as a study file may write it.

A map lists values: a value, a list, or ``{ low, high, num, log }``. A search draws from a range,
``{ low, high, log }``, or from a list of choices.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, Field

from dynstudy.config import (
    MAX_AMPLITUDE,
    MAX_LEARNING_RATE,
    MAX_NOISE,
    MAX_PERIOD,
    MAX_WIDTH,
    MIN_LEARNING_RATE,
)
from dynstudy.errors import nearest
from dynstudy.section import as_whole

MAX_VALUES = 10_000


class Range(BaseModel, frozen=True, extra="forbid"):
    """What a search draws a parameter from."""

    low: float | int = Field(description="the least that may be drawn")
    high: float | int = Field(description="the most that may be drawn")
    log: bool = Field(False, description="whether it is drawn evenly in its logarithm")


@dataclass(frozen=True)
class _Bounds:
    """What a parameter may be at all."""

    low: float
    high: float
    meaning: str
    integer: bool = False

    def __str__(self) -> str:
        what = "whole numbers" if self.integer else "numbers"
        return f"{what} from {self.low:g} to {self.high:g}"

    def number(self, value: Any, where: str = "") -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{where}{short(value)} is not a number; allowed are {self}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{where}{value} is not finite; allowed are {self}")
        return value

    def member(self, value: Any) -> float:
        value = as_whole(value) if self.integer else value
        inside = self.low <= self.number(value) <= self.high
        if not inside or (self.integer and not isinstance(value, int)):
            raise ValueError(f"{short(value)} is not allowed; allowed are {self}")
        return value

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value; None if it is allowed."""
        try:
            self.member(value)
        except ValueError as error:
            return str(error)
        return None

    def listed(self, value: Any) -> tuple[float, ...]:
        values = list(value) if isinstance(value, list | tuple) else [value]
        if not values:
            raise ValueError(f"is empty; allowed are {self}")
        if len(values) > MAX_VALUES:
            raise ValueError(f"has {len(values)} values; at most {MAX_VALUES} are allowed")
        kind = int if self.integer else float
        return tuple(sorted({kind(self.member(value)) for value in values}))

    def ends(self, table: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[float, float, bool]:
        """Check a table's keys, and read what all ranges have."""
        for key in table:
            if key not in keys:
                raise ValueError(
                    f"unknown key {key!r}{nearest(key, keys)}; known: {', '.join(keys)}"
                )
        for key in keys[:-1]:  # all but log
            if key not in table:
                needed = ", ".join(keys[:-2]) + f" and {keys[-2]}"
                raise ValueError(f"a range needs {needed}; {key} is missing")
        low, high = self.number(table["low"], "low = "), self.number(table["high"], "high = ")
        log = table.get("log", False)
        if not isinstance(log, bool):
            raise ValueError(f"log = {short(log)} is neither true nor false")
        if low > high:
            raise ValueError(f"low = {short(low)} is above high = {short(high)}")
        if log and low <= 0:
            raise ValueError(f"low = {short(low)} must be positive where log = true")
        for name, end in (("low", low), ("high", high)):
            if not self.low <= end <= self.high:
                raise ValueError(f"{name} = {short(end)} is not allowed; allowed are {self}")
        return low, high, log


BOUNDS = {
    "learning_rate": _Bounds(
        MIN_LEARNING_RATE, MAX_LEARNING_RATE, "learning rate η of gradient descent"
    ),
    "width": _Bounds(1, MAX_WIDTH, "units of the hidden layer", integer=True),
    "amplitude": _Bounds(
        1,
        MAX_AMPLITUDE,
        "A: how many times the others' weight a class has at the peak of its turn, 1 being the "
        "static loss; a dynamical loss needs it",
    ),
    "period": _Bounds(
        2, MAX_PERIOD, "T: steps that a class's turn takes; a dynamical loss needs it", integer=True
    ),
    "noise": _Bounds(
        0,
        MAX_NOISE,
        "standard deviation of a spiral's points in angle, radians, instead of protocol.data.noise",
    ),
}


def described(parameter: str) -> Any:
    """What a parameter is, as part of a field's annotation."""
    return Field(description=BOUNDS[parameter].meaning)


def values(parameter: str) -> BeforeValidator:
    """An axis of a map, as ascending values without duplicates."""
    bounds = BOUNDS[parameter]

    def spread(table: Mapping[str, Any]) -> Iterable[float]:
        start, stop, log = bounds.ends(table, ("low", "high", "num", "log"))
        num = as_whole(table["num"])
        if isinstance(num, bool) or not isinstance(num, int) or not 1 <= num <= MAX_VALUES:
            raise ValueError(f"num = {short(num)} is not a whole number from 1 to {MAX_VALUES}")
        even = (np.geomspace if log else np.linspace)(start, stop, num)
        if bounds.integer:
            return [math.floor(value + 0.5) for value in even]
        # 12 digits, so that the last bits of a logarithm do not make another study of it
        return [float(f"{value:.12g}") for value in even]

    def parse(value: Any) -> tuple[float, ...]:
        return bounds.listed(list(spread(value)) if isinstance(value, Mapping) else value)

    return BeforeValidator(parse)


def choices(parameter: str) -> BeforeValidator:
    """An axis of a search: a `Range`, or a tuple of the values to choose from."""
    bounds = BOUNDS[parameter]
    kind: Callable[[float], float] = int if bounds.integer else float

    def parse(value: Any) -> Range | tuple[float, ...]:
        if not isinstance(value, Mapping):
            return bounds.listed(value)
        if "num" in value:
            raise ValueError("num belongs to a map; a search draws from all of low to high")
        start, stop, log = bounds.ends(value, ("low", "high", "log"))
        if bounds.integer:
            start, stop = bounds.member(start), bounds.member(stop)
        return Range(low=kind(start), high=kind(stop), log=log)

    return BeforeValidator(parse)


def _typed(value: Any) -> str:
    """A value as it stands in a study file."""
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(_typed, value))}]"
        case dict():
            pairs = (f"{key} = {_typed(inner)}" for key, inner in value.items())
            return f"{{ {', '.join(pairs)} }}"
    return repr(value)


def short(value: Any) -> str:
    """A value in an error message, shortened; very large integers cannot even be printed."""
    try:
        text = _typed(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
