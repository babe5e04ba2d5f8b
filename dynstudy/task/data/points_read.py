"""What was read of points, as databases and exports have it."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field

from dynstudy.section import Section
from dynstudy.task.data.labelled import Labelled

NAMED = 10
"""Classes, at most, that are said one by one."""

Sets = tuple[Labelled, Labelled | None]
"""All points, or those to train on and those to validate on."""


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _positive(counts: tuple[int, ...]) -> tuple[int, ...]:
    if len(counts) < 2 or min(counts) < 1:
        raise ValueError("must be the points of each of two classes or more, all at least 1")
    return counts


Counts = Annotated[tuple[int, ...], BeforeValidator(_tuple), AfterValidator(_positive)]
Names = Annotated[tuple[str, ...], BeforeValidator(_tuple)]


class PointsRead(Section):
    """What was read, as databases and exports have it; a study file leaves it out."""

    sha256: str = Field(description="of the points and their classes")
    features: int = Field(ge=1, description="numbers of a point")
    points: Counts = Field(description="points of each class")
    validation_sha256: str | None = Field(None, description="likewise of points to validate on")
    validation_points: Counts | None = Field(None, description="likewise")
    names: Names = Field((), description="what the classes are called")

    @classmethod
    def of(cls, sets: Sets) -> Self:
        """What is in some points."""
        first, second = sets
        return cls(
            sha256=first.sha256,
            features=first.x.shape[1],
            points=tuple(first.points.tolist()),
            validation_sha256=None if second is None else second.sha256,
            validation_points=None if second is None else tuple(second.points.tolist()),
            names=first.names,
        )

    def __str__(self) -> str:
        counts = [
            f"{name} ({count})" for name, count in zip(self.class_names, self.points, strict=True)
        ]
        more = ["…"] * (len(counts) > NAMED)
        return (
            f"{sum(self.points)} points of {self.features} features; {len(counts)} classes: "
            f"{', '.join(counts[:NAMED] + more)}"
        )

    @property
    def class_names(self) -> tuple[str, ...]:
        """(C,) as they were in what was read."""
        return self.names or tuple(map(str, range(len(self.points))))

    def content(self) -> dict[str, Any]:
        """What it is, whatever classes are called."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"names"})


KEPT = "what was read, which dynstudy writes where it keeps a study; leave it out"
UNREAD = PointsRead(sha256="", features=1, points=(1, 1))
