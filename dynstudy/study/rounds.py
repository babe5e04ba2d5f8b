"""Replicates in rounds: ``replicates = { min = 6, max = 50 }`` of a map's study file."""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, BeforeValidator, Field

from dynstudy.config import FEWEST, MAX_REPLICATES
from dynstudy.errors import nearest
from dynstudy.section import as_whole
from dynstudy.study.axes import short

GROWTH = 1.5
"""About how many times the replicates of a look the next one has."""


class Rounds(BaseModel, frozen=True, extra="forbid"):
    """From how many replicates to how many a cell may have; in between it may be settled."""

    min: int = Field(
        description=f"networks that every cell has; at least {FEWEST}, below which none is tested"
    )
    max: int = Field(description="networks that no cell has more of; above `min`")

    @property
    def looks(self) -> tuple[int, ...]:
        """The numbers of replicates at which cells are looked at, ascending, in equal ratios.

        >>> Rounds(min=6, max=50).looks, Rounds(min=10, max=12).looks
        ((6, 9, 14, 21, 33, 50), (10, 12))
        """
        steps = max(1, round(math.log(self.max / self.min, GROWTH)))
        ratio = self.max / self.min
        return tuple(math.floor(self.min * ratio ** (k / steps) + 0.5) for k in range(steps + 1))


def counted(*, rounds: bool) -> BeforeValidator:
    """A number of replicates, or where rounds are possible a table of the least and the most."""

    def parse(value: Any) -> int | Rounds:
        if isinstance(value, Mapping):
            if not rounds:
                raise ValueError("must be a whole number; replicates in rounds belong to a map")
            return _rounds(value)
        return _number(value)

    return BeforeValidator(parse)


def _rounds(table: Mapping[str, Any]) -> Rounds:
    for key in table:
        if key not in Rounds.model_fields:
            raise ValueError(f"unknown key {key!r}{nearest(key, ['min', 'max'])}; known: min, max")
    for key in Rounds.model_fields:
        if key not in table:
            raise ValueError(f"rounds need min and max; {key} is missing")
    low, high = (_number(table[key], f"{key} = {short(table[key])}: ") for key in ("min", "max"))
    if low < FEWEST:
        raise ValueError(f"min = {low}: must be at least {FEWEST}, below which nothing is tested")
    if high <= low:
        raise ValueError(
            f"max = {high}: must be above min = {low}; for the same number of replicates in every "
            f"cell write replicates = {low}"
        )
    return Rounds(min=low, max=high)


def _number(value: Any, where: str = "") -> int:
    value = as_whole(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{where}must be a whole number")
    if value < 1:
        raise ValueError(f"{where}must be at least 1")
    if value > MAX_REPLICATES:
        raise ValueError(f"{where}must be at most {MAX_REPLICATES}")
    return value
