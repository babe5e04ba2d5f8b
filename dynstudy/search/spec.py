"""The study file: TOML in, one immutable `StudySpec` out, or one line that says what is wrong."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from dynstudy.config import (
    BASELINES,
    MAX_AMPLITUDE,
    MAX_LEARNING_RATE,
    MAX_PERIOD,
    MAX_REPLICATES,
    MAX_WIDTH,
    MIN_LEARNING_RATE,
    Loss,
    Protocol,
    Section,
)
from dynstudy.errors import SpecError, nearest
from dynstudy.task.schedule import oscillations

MAX_VALUES = 10_000
MAX_CELLS = 1_000_000
BASELINE_FACTOR = 4
"""A baseline is shared by many cells, so it has at least this many times their replicates."""


def _axis(low: float, high: float, *, integer: bool = False) -> Any:
    """One axis of the space: a value, a list, or { low, high, num, log }, as ascending values."""
    what = "whole numbers" if integer else "numbers"
    bounds = f"{what} from {low:g} to {high:g}"

    def number(value: Any, where: str = "") -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{where}{_shown(value)} is not a number; allowed are {bounds}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{where}{value} is not finite; allowed are {bounds}")
        return value

    def member(value: Any) -> float:
        if not low <= number(value) <= high or (integer and not isinstance(value, int)):
            raise ValueError(f"{_shown(value)} is not allowed; allowed are {bounds}")
        return value

    def span(table: Mapping[str, Any]) -> Iterable[float]:
        known = ("low", "high", "num", "log")
        for key in table:
            if key not in known:
                raise ValueError(f"unknown key {key!r}{nearest(key, known)}; known: {known}")
        missing = [key for key in ("low", "high", "num") if key not in table]
        if missing:
            raise ValueError(f"a range of a map needs low, high and num; {missing[0]} is missing")
        start, stop = number(table["low"], "low = "), number(table["high"], "high = ")
        num, log = table["num"], table.get("log", False)
        if isinstance(num, bool) or not isinstance(num, int) or not 1 <= num <= MAX_VALUES:
            raise ValueError(f"num = {_shown(num)} is not a whole number from 1 to {MAX_VALUES}")
        if not isinstance(log, bool):
            raise ValueError(f"log = {_shown(log)} is neither true nor false")
        if start > stop:
            raise ValueError(f"low = {_shown(start)} is above high = {_shown(stop)}")
        if log and start <= 0:
            raise ValueError(f"low = {_shown(start)} must be positive where log = true")
        for name, end in (("low", start), ("high", stop)):
            if not low <= end <= high:
                raise ValueError(f"{name} = {_shown(end)} is not allowed; allowed are {bounds}")
        values = (np.geomspace if log else np.linspace)(start, stop, num)
        if integer:
            return [math.floor(value + 0.5) for value in values]
        # 12 digits, so that the last bits of a logarithm do not make another study of it
        return [float(f"{value:.12g}") for value in values]

    def parse(value: Any) -> tuple[float, ...]:
        if isinstance(value, Mapping):
            values = list(span(value))
        elif isinstance(value, list | tuple):
            values = list(value)
        else:
            values = [value]
        if not values:
            raise ValueError(f"is empty; allowed are {bounds}")
        if len(values) > MAX_VALUES:
            raise ValueError(f"has {len(values)} values; at most {MAX_VALUES} are allowed")
        return tuple(sorted({(int if integer else float)(member(value)) for value in values}))

    return BeforeValidator(parse)


class Space(Section):
    """The axes of a map (``[space]``), as ascending values without duplicates."""

    learning_rate: Annotated[tuple[float, ...], _axis(MIN_LEARNING_RATE, MAX_LEARNING_RATE)]
    width: Annotated[tuple[int, ...], _axis(1, MAX_WIDTH, integer=True)]
    amplitude: Annotated[tuple[float, ...], _axis(1, MAX_AMPLITUDE)] = (1.0,)
    period: Annotated[tuple[int, ...], _axis(2, MAX_PERIOD, integer=True)] | None = None


class StudySpec(Section):
    """One study file, resolved: every default filled in, every axis a tuple of values."""

    name: str = Field(min_length=1, max_length=200)
    kind: Literal["map"]
    loss: tuple[Loss, ...]
    replicates: int = Field(ge=1, le=MAX_REPLICATES)
    baseline_replicates: int = Field(0, ge=0, le=BASELINE_FACTOR * MAX_REPLICATES)
    protocol: Protocol = Protocol()
    space: Space

    @field_validator("name")
    @classmethod
    def _printable(cls, name: str) -> str:
        if not name.isprintable() or name != name.strip():
            raise ValueError("must be printable, on one line, with no space at either end")
        return name

    @field_validator("loss", mode="before")
    @classmethod
    def _losses(cls, value: Any) -> tuple[str, ...]:
        losses = [value] if isinstance(value, str) else value
        if not isinstance(losses, list | tuple) or not losses:
            raise ValueError(f"must be one of {', '.join(BASELINES)}, or a list of them")
        for loss in losses:
            if not isinstance(loss, str) or loss not in BASELINES:
                hint = nearest(str(loss), BASELINES)
                raise ValueError(f"{loss!r} is not one of {', '.join(BASELINES)}{hint}")
        return tuple(loss for loss in BASELINES if loss in losses)

    @model_validator(mode="before")
    @classmethod
    def _default_baseline(cls, values: Any) -> Any:
        replicates = values.get("replicates") if isinstance(values, dict) else None
        if isinstance(replicates, int) and "baseline_replicates" not in values:
            return values | {"baseline_replicates": BASELINE_FACTOR * replicates}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.baseline_replicates < BASELINE_FACTOR * self.replicates:
            raise ValueError(
                f"baseline_replicates = {self.baseline_replicates}: must be at least "
                f"{BASELINE_FACTOR} x replicates = {BASELINE_FACTOR * self.replicates}, "
                "since all cells share it"
            )
        space = self.space
        axes = (self.loss, space.learning_rate, space.width, space.amplitude, space.period or ())
        count = math.prod(max(1, len(axis)) for axis in axes)
        if count > MAX_CELLS:
            raise ValueError(f"space has {count} cells; at most {MAX_CELLS} are allowed")
        if any(loss != BASELINES[loss] for loss in self.loss):
            if self.space.period is None or "amplitude" not in self.space.model_fields_set:
                absent = "period" if self.space.period is None else "amplitude"
                raise ValueError(f"space.{absent} is missing; the dynamical losses need it")
            self._check_oscillations(self.space.period)
        return self

    def _check_oscillations(self, periods: tuple[int, ...]) -> None:
        steps, tail = self.protocol.steps, self.protocol.tail
        if isinstance(tail, int) and tail >= steps:
            raise ValueError(f"protocol.tail = {tail}: must be below protocol.steps = {steps}")
        for period in periods:
            if not oscillations(steps, tail, period):
                raise ValueError(
                    f"space.period = {period}: no whole oscillation of {period} steps fits before "
                    f"the tail (protocol.steps = {steps}, protocol.tail = {tail!r}); "
                    "lower the period or the tail, or raise the steps"
                )

    def resolved(self) -> dict[str, Any]:
        """The file with every default filled in, as plain lists, numbers and strings."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def of(cls, values: Mapping[str, Any], source: str = "study") -> Self:
        """Check the contents of a study file.

        Args:
            values: what the file says.
            source: its name in error messages.

        Returns:
            The resolved study.

        Raises:
            SpecError: a value is not allowed; names its key, the value and what is.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            problems = error.errors(include_url=False)
            # a misspelt key is missing as well: name the misspelling
            problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise SpecError(f"{source}: {_explain(problems[0])}{more}") from None


def load_spec(path: str | Path, overrides: Iterable[str] = ()) -> StudySpec:
    """Read a study file.

    Args:
        path: the TOML file.
        overrides: ``KEY=VALUE`` each, as in ``space.width=[20, 50]``; they replace what the file
            says, and their values are TOML (or bare text).

    Returns:
        The resolved study.

    Raises:
        SpecError: the file cannot be read, is not TOML, or says what is not allowed.
    """
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"{path}: no such study file") from None
    except IsADirectoryError:
        raise SpecError(f"{path}: is a folder, not a study file") from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # tomllib.TOMLDecodeError and UnicodeDecodeError are such
        reason = "is binary" if isinstance(error, UnicodeDecodeError) else str(error)
        raise SpecError(f"{path}: not a TOML file: {_one_line(reason)}") from None
    except RecursionError:
        raise SpecError(f"{path}: not a study file: nested too deeply") from None
    for override in overrides:
        _override(values, override)
    return StudySpec.of(values, str(path))


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    *tables, last = (part.strip() for part in key.split("."))
    if not equals or not last or not all(tables):
        raise SpecError(f"--set {override!r}: must be KEY=VALUE, as in space.width=[20,50]")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        if text.strip()[:1] in {"[", "{", '"', "'"}:
            raise SpecError(f"--set {override!r}: the value is not TOML") from None
        value = text
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise SpecError(f"--set {override!r}: {table!r} is a value, not a table")
    values[last] = value


def _shown(value: Any) -> str:
    """A value in an error message, shortened; very large integers cannot even be printed."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _explain(problem: ErrorDetails) -> str:
    """Turn pydantic's finding into: key = value: what is allowed."""
    kind, context = problem["type"], problem.get("ctx", {})
    location = [part for part in problem["loc"] if not isinstance(part, int)]
    key = ".".join(map(str, location))
    if kind == "extra_forbidden":
        known = _known_keys([str(part) for part in location[:-1]])
        hint = nearest(str(location[-1]), known) or f"; known: {', '.join(known)}"
        return f"unknown key {key!r}{hint}"
    if kind == "missing":
        return f"key {key!r} is missing"
    value = problem["input"]
    allowed = {
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "literal_error": "must be {expected}",
        "finite_number": "must be finite",
        "int_type": "must be a whole number",
        "float_type": "must be a number",
        "string_type": "must be text in quotes",
        "string_too_short": "must not be empty",
        "string_too_long": "must have at most {max_length} characters",
        "model_type": "must be a table",
        "value_error": "{error}",
    }.get(kind)
    message = allowed.format(**context) if allowed else _one_line(problem["msg"])
    return f"{key} = {_shown(value)}: {message}" if key else message


def _known_keys(tables: list[str]) -> list[str]:
    """The keys of a table of the study file."""
    section: type[Section] = StudySpec
    for table in tables:
        section = section.model_fields[table].annotation  # type: ignore[assignment]
    return list(section.model_fields)
