"""What columns that hold JSON hold, as it is checked when it is read."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from dynstudy.section import MAX_STEPS
from dynstudy.task.data import AnyData, with_kind

Step = Annotated[int, Field(ge=0, le=MAX_STEPS)]


def ascending(steps: list[int]) -> list[int]:
    """The same, if they are."""
    if sorted(set(steps)) != steps:
        raise ValueError("the steps do not ascend")
    return steps


class ProcessFacts(BaseModel):
    """What tells the process of a launch from all others."""

    pid: int
    namespace: str | None
    ticks: int | None


class Facts(BaseModel):
    """What is read of a launch's provenance."""

    processor: str
    system: str
    versions: dict[str, str]
    overrides: list[str] = []
    process: ProcessFacts | None = None  # of an older dynstudy, the columns say what is known


class PlaneContent(BaseModel):
    """What is read of the content of a plane."""

    loss: str
    steps: int
    tail: int | str
    dtype: str
    data: Annotated[AnyData, BeforeValidator(with_kind)]
