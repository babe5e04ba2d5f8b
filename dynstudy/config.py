"""The words of a study: protocol, configuration, replicate; their limits, and those of tests.

*Protocol* is what all networks of a study share, a *configuration* is what one cell of a map (or
one trial of a search) fixes, and a *replicate* is one network: a configuration and a seed.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dynstudy.errors import either
from dynstudy.task.losses import LOSSES

MAX_AMPLITUDE = 1e9
MAX_PERIOD = 10**9
MAX_WIDTH = 10_000
MIN_LEARNING_RATE = 1e-9
MAX_LEARNING_RATE = 1e6
MAX_STEPS = 10**9
MAX_PER_DECADE = 1000
MAX_REPLICATES = 100_000
MAX_SEED = 2**32 - 1

EQUIVALENCE = 0.02
"""A gain in accuracy is neutral when it is shown to lie within plus or minus this."""

FEWEST = 6
"""With fewer replicates a cell is not tested."""


def as_whole(value: Any) -> Any:
    """Return a number that is written as 1e4, and whole, as an integer; anything else as it is.

    >>> as_whole(1e4), as_whole(1.5), as_whole("1e4")
    (10000, 1.5, '1e4')
    """
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _integer_or(*words: str, high: int) -> BeforeValidator:
    """Accept a whole number from 0 to `high`, or one of the words."""

    def check(value: Any) -> Any:
        number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= high
        if not number and value not in words:
            allowed = " or ".join(f'"{word}"' for word in words)
            raise ValueError(f"must be a whole number from 0 to {high}, or {allowed}")
        return value

    return BeforeValidator(check)


Tail = Annotated[int | Literal["period", "none"], _integer_or("period", "none", high=MAX_STEPS)]
TrainSeed = Annotated[int | Literal["replicate"], _integer_or("replicate", high=MAX_SEED)]


def _registered(name: str) -> str:
    if name not in LOSSES:
        raise ValueError(f"must be {either(map(repr, LOSSES))}")
    return name


LossName = Annotated[str, AfterValidator(_registered)]


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


class SpiralData(Section):
    """The spirals that a network is trained and validated on (``[protocol.data]``)."""

    points_per_class: int = Field(
        100, ge=1, le=100_000, description="points of each arm of the training spiral"
    )
    classes: int = Field(3, ge=2, le=32, description="arms of a spiral, each a class")
    turns: float = Field(
        2.0, ge=-100, le=100, description="turns of an arm about the origin, outwards"
    )
    noise: float = Field(
        0.2, ge=0, le=100, description="standard deviation of a point's angle, radians"
    )
    train_seed: TrainSeed = Field(
        0,
        description="seed of the training spiral, which all networks share, from 0; or "
        '`"replicate"`: each network has a spiral of its own, drawn from its seed, so that results '
        "hold for spirals at large",
    )
    validation_seed: int = Field(
        1, ge=0, le=MAX_SEED, description="seed of the validation spiral, on which results are read"
    )
    validation_points_per_class: int = Field(
        1000, ge=1, le=100_000, description="points of each arm of the validation spiral"
    )


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
        return {key: _between(number, 1, highest[key], f"{key} ")}
    if not isinstance(value, list | tuple):
        raise ValueError("must be { per_decade = NUMBER }, { every = NUMBER } or a list of steps")
    return tuple(sorted({_between(step, 0, MAX_STEPS, "a step ") for step in value}))


def _between(value: Any, low: int, high: int, what: str) -> int:
    number = as_whole(value)
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise ValueError(f"{what}must be a whole number from {low} to {high}")
    return number


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
    uphill: bool = Field(True, description="whether steps that raise the loss are counted")


class Protocol(Section):
    """What all networks of a study share (``[protocol]``)."""

    steps: int = Field(
        60_000, ge=1, le=MAX_STEPS, description="steps of gradient descent, tail included"
    )
    tail: Tail = Field(
        10_000,
        description="the last so many steps, from 0, run at A = 1, with the static loss; "
        '`"period"`: the last T steps; `"none"`: none; the part of an oscillation that does not '
        "fit before them is static, too",
    )
    dtype: Literal["float32", "float64"] = Field(
        "float32", description="precision in which networks are trained"
    )
    data: SpiralData = Field(SpiralData(), description="what networks are trained and read on")
    curvature: ReadCurvature | None = Field(
        None,
        description="what is read of the landscape along training, where there is such a table; it "
        "changes no network: those of the ledger are trained again only for what is missing",
    )

    @property
    def plain(self) -> Self:
        """The same networks, nothing of the landscape read."""
        return self.model_copy(update={"curvature": None})

    @field_validator("curvature")
    @classmethod
    def _within(cls, asked: ReadCurvature | None, info: ValidationInfo) -> ReadCurvature | None:
        steps = info.data.get("steps", MAX_STEPS)
        records = asked.records if asked is not None else ()
        first = records[-1:] if isinstance(records, tuple) else (records.every or 0,)
        if first and first[0] + 1 > steps:
            raise ValueError(
                f"records has step {first[0]}, and no step after it: training ends after {steps}"
            )
        return asked


def place_name(amplitude: float, period: float) -> str:
    """Return where a cell is in a panel of a map, said so everywhere.

    >>> place_name(37.60603093, 1000.0)
    'A = 37.606, T = 1000'
    """
    return f"A = {amplitude:g}, T = {int(period)}"


def cell_name(cell: Any) -> str:
    """Return what a cell is called everywhere, of its configuration or of a row that has it.

    >>> cell_name(Configuration("dce", 20, 0.1, 30.0, 100))
    'dce, width 20, learning rate 0.1, A = 30, T = 100'
    """
    panel = f"{cell.loss}, width {cell.width}, learning rate {cell.learning_rate:g}"
    static = cell.amplitude is None or math.isnan(cell.amplitude)
    return panel if static else f"{panel}, {place_name(cell.amplitude, cell.period)}"


@dataclass(frozen=True, order=True)
class Configuration:
    """What one cell fixes; amplitude and period are ``None`` for a static loss."""

    loss: str
    width: int
    learning_rate: float
    amplitude: float | None = None
    period: int | None = None

    def __post_init__(self) -> None:
        # A = 1 is the static loss, so it has one name only: ledger, cells and reports agree on it.
        loss = LOSSES[self.loss]
        if self.amplitude is None or self.amplitude == 1 or not loss.dynamical:
            object.__setattr__(self, "loss", loss.static)
            object.__setattr__(self, "amplitude", None)
            object.__setattr__(self, "period", None)

    @property
    def static(self) -> bool:
        """Whether the loss does not change during training."""
        return self.amplitude is None

    def baseline(self) -> Self:
        """The static configuration that this one is judged against.

        Returns:
            The same width and learning rate with the static loss of the family.

        >>> Configuration("dmse2", 20, 0.1, amplitude=10, period=100).baseline()
        Configuration(loss='mse', width=20, learning_rate=0.1, amplitude=None, period=None)
        """
        return type(self)(self.loss, self.width, self.learning_rate)

    def __str__(self) -> str:
        return cell_name(self)


@dataclass(frozen=True, order=True)
class Replicate:
    """One network."""

    configuration: Configuration
    seed: int


@dataclass(frozen=True)
class Cell:
    """A configuration of a map, its replicates, and when they are read."""

    configuration: Configuration
    seeds: range  # of its replicates
    reads: tuple[int, ...]  # ascending steps

    @property
    def replicates(self) -> int:
        """How many networks it has."""
        return len(self.seeds)
