"""What a table of a study file is, and what its whole numbers may be."""

from typing import Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from dynstudy.errors import either

MAX_STEPS = 10**9
MAX_SEED = 2**32 - 1


class Section(BaseModel):
    """A table of a study file: immutable, no unknown keys, no silent conversions, no nan or inf.

    But for one: a whole number may be written as 1e4.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True
    )

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        kinds = {name: field.annotation for name, field in cls.model_fields.items()}
        whole = {name for name, kind in kinds.items() if int in {kind, *get_args(kind)}}
        return {key: as_whole(value) if key in whole else value for key, value in values.items()}


def told_apart(values: Any, by: str, default: type[Section], *others: type[Section]) -> Any:
    """Return a table that says by one of its keys which of several it is, if not the default.

    Raises:
        ValueError: it does not say so, and has a key of others.
    """
    if not isinstance(values, dict) or by in values:
        return values
    (name,) = get_args(default.model_fields[by].annotation)
    for key in values:
        having = [each.model_fields[by].annotation for each in others if key in each.model_fields]
        if having and key not in default.model_fields:
            names = either(repr(name) for each in having for name in get_args(each))
            raise ValueError(
                f"without {by} it is {name!r}, which has no {key}; {by} = {names} has one"
            )
    return {by: name, **values}


def as_whole(value: Any) -> Any:
    """Return a number that is written as 1e4, and whole, as an integer; anything else as it is.

    >>> as_whole(1e4), as_whole(1.5), as_whole("1e4")
    (10000, 1.5, '1e4')
    """
    return int(value) if isinstance(value, float) and value.is_integer() else value


def whole_between(value: Any, low: int, high: int, what: str) -> int:
    """Return a whole number between two; `what` begins the message where it is none."""
    number = as_whole(value)
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise ValueError(f"{what}must be a whole number from {low} to {high}")
    return number


def integer_or(*words: str, high: int, low: int = 0) -> BeforeValidator:
    """Accept a whole number from `low` to `high`, or one of the words."""

    def check(value: Any) -> Any:
        number = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        if not number and value not in words:
            allowed = " or ".join(f'"{word}"' for word in words)
            raise ValueError(f"must be a whole number from {low} to {high}, or {allowed}")
        return value

    return BeforeValidator(check)
