"""Points that are known by what they are alone: those of a database's column, or of a program."""

from typing import Any, Literal, Self

from pydantic import Field

from dynstudy.task.data.array_data import ArrayData
from dynstudy.task.data.points_read import KEPT, PointsRead, Sets


class RecordedData(ArrayData):
    """Points that are not read from anywhere: how many there are, and their digest."""

    kind: Literal["recorded"] = Field(
        "recorded",
        description="points that came from a Python program, or that a database knows of: `read` "
        "says what they are, and they are not to be had from it",
    )
    read: PointsRead = Field(description=KEPT)

    @classmethod
    def of(cls, sets: Sets, **how: Any) -> Self:
        """Points that a program has: all, or those to train on and those to validate on.

        Args:
            sets: the points.
            how: `train_seed`, `standardise` and `validation`.

        Returns:
            The data, which has its points as long as it is in memory.

        Raises:
            ValidationError: they cannot be split so.
        """
        data = cls(read=PointsRead.of(sets), **how)
        data._taken = sets
        return data

    def sets(self) -> Sets:
        """They are not to be read."""
        raise ValueError(f"{self.source}: is known by its digest alone, and not to be had")

    @property
    def source(self) -> str:
        """Their digest."""
        return f"the data {self.read.sha256[:12]}"
