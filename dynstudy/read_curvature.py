"""What a study reads of the curvature of the landscape, as a table of its file."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from dynstudy.section import MAX_STEPS, Section, whole_between

MAX_PER_DECADE = 1000


class Records(BaseModel, frozen=True, extra="forbid"):
    """Records of curvature at even distances: of the two keys one."""

    per_decade: int | None = Field(
        None,
        ge=1,
        le=MAX_PER_DECADE,
        description="so many pairs from 1 to 10, from 10 to 100, and so on",
    )
    every: int | None = Field(
        None, ge=1, le=MAX_STEPS, description="a pair every so many steps: N, N + 1, 2N, 2N + 1, …"
    )


def _recorded(value: Any) -> Any:
    """A table of one key, or a list of steps, as ascending steps without duplicates."""
    if isinstance(value, Records):
        return value
    highest = {"per_decade": MAX_PER_DECADE, "every": MAX_STEPS}
    if isinstance(value, dict) and len(value) == 1 and value.keys() <= highest.keys():
        ((key, number),) = value.items()
        return {key: whole_between(number, 1, highest[key], f"{key} ")}
    if not isinstance(value, list | tuple):
        raise ValueError("must be { per_decade = NUMBER }, { every = NUMBER } or a list of steps")
    return tuple(sorted({whole_between(step, 0, MAX_STEPS, "a step ") for step in value}))


class ReadCurvature(Section):
    """What is read of the landscape while networks are trained (``[protocol.curvature]``)."""

    records: Annotated[Records | tuple[int, ...], BeforeValidator(_recorded)] = Field(
        Records(per_decade=12),
        description="steps k before which eigenvalues are read, and before k + 1, since beyond the "
        "edge of stability they have period 2: `{ per_decade = 12 }`, evenly in the logarithm; "
        "`{ every = N }`; or a list of steps, `[]` for none",
        json_schema_extra={"default": "`{ per_decade = 12 }`"},
    )
    eigenvalues: int = Field(
        2, ge=1, le=20, description="how many of the largest eigenvalues of the Hessian"
    )
    smallest: bool = Field(False, description="whether the smallest is read as well")
    onsets: bool = Field(True, description="whether onsets of instabilities are watched for")
    uphill: bool = Field(
        True,
        description="whether steps that raise the loss are counted; `gpu` cannot, nor read `loss`, "
        "so that with either `auto` is `cpu` where there is a card, too",
    )
    loss: bool = Field(
        False,
        description="whether the loss that each step descends is read: its means between the "
        "`records`, 12 a decade by default, and up to the end",
    )


def check_records(asked: ReadCurvature | None, steps: int) -> None:
    """See that curvature is recorded within so many steps of training.

    Raises:
        ValueError: it is not.
    """
    records = asked.records if asked is not None else ()
    first = records[-1:] if isinstance(records, tuple) else (records.every or 0,)
    if first and first[0] + 1 > steps:
        raise ValueError(
            f"records has step {first[0]}, and no step after it: training ends after {steps}"
        )
