"""What a study file says, resolved: one immutable `StudySpec`, of one of the kinds."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from dynstudy.config import (
    MAX_AMPLITUDE,
    MAX_LEARNING_RATE,
    MAX_PERIOD,
    MAX_REPLICATES,
    MAX_SEED,
    MAX_WIDTH,
    MIN_LEARNING_RATE,
    Protocol,
    Section,
)
from dynstudy.errors import SpecError, either, nearest
from dynstudy.measure.accuracy import FEWEST
from dynstudy.study.axes import Range, choices, shown, values
from dynstudy.study.rounds import Rounds, counted
from dynstudy.study.samplers import AnySearch
from dynstudy.study.validation_messages import explain
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import oscillations

MAX_CELLS = 1_000_000
BASELINE_FACTOR = 4
"""A baseline is shared by many cells, so it has at least this many times their replicates."""


class MapSpace(Section):
    """The axes of a map (``[space]``), as ascending values without duplicates."""

    learning_rate: Annotated[tuple[float, ...], values(MIN_LEARNING_RATE, MAX_LEARNING_RATE)]
    width: Annotated[tuple[int, ...], values(1, MAX_WIDTH, integer=True)]
    amplitude: Annotated[tuple[float, ...], values(1, MAX_AMPLITUDE)] = (1.0,)
    period: Annotated[tuple[int, ...], values(2, MAX_PERIOD, integer=True)] | None = None


FloatAxis = Range | tuple[float, ...]
IntAxis = Range | tuple[int, ...]


class SearchSpace(Section):
    """What a search draws from (``[space]``): ranges, or values to choose from."""

    learning_rate: Annotated[FloatAxis, choices(MIN_LEARNING_RATE, MAX_LEARNING_RATE)]
    width: Annotated[IntAxis, choices(1, MAX_WIDTH, integer=True)]
    amplitude: Annotated[FloatAxis, choices(1, MAX_AMPLITUDE)] = (1.0,)
    period: Annotated[IntAxis, choices(2, MAX_PERIOD, integer=True)] | None = None


class StudySpec(Section):
    """One study file, resolved: every default filled in.

    `of` makes the class of `KINDS` of it that its ``kind`` names.
    """

    name: str = Field(min_length=1, max_length=200)
    kind: str
    loss: tuple[str, ...]
    replicates: Annotated[int | Rounds, counted(rounds=True)]
    baseline_replicates: int = Field(0, ge=0, le=BASELINE_FACTOR * MAX_REPLICATES)
    protocol: Protocol = Protocol()
    space: MapSpace | SearchSpace

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
            raise ValueError(f"must be one of {', '.join(LOSSES)}, or a list of them")
        for loss in losses:
            if not isinstance(loss, str) or loss not in LOSSES:
                hint = nearest(str(loss), LOSSES)
                raise ValueError(f"{loss!r} is not one of {', '.join(LOSSES)}{hint}")
        return tuple(loss for loss in LOSSES if loss in losses)

    @model_validator(mode="before")
    @classmethod
    def _default_baseline(cls, values: Any) -> Any:
        replicates = values.get("replicates") if isinstance(values, dict) else None
        if isinstance(replicates, dict):
            replicates = replicates.get("max")
        elif isinstance(replicates, Rounds):
            replicates = replicates.max
        if isinstance(replicates, int) and "baseline_replicates" not in values:
            return values | {"baseline_replicates": BASELINE_FACTOR * replicates}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        least = BASELINE_FACTOR * self.most_replicates
        if self.baseline_replicates < least:
            of = "replicates" if self.rounds is None else "replicates.max"
            raise ValueError(
                f"baseline_replicates = {self.baseline_replicates}: must be at least "
                f"{BASELINE_FACTOR} x {of} = {least}, since all cells share it"
            )
        period = self.space.period
        if self.dynamical_losses:
            if period is None or "amplitude" not in self.space.model_fields_set:
                absent = "period" if period is None else "amplitude"
                raise ValueError(f"space.{absent} is missing; the dynamical losses need it")
            periods = (period.low, period.high) if isinstance(period, Range) else period
            self._check_oscillations(tuple(int(period) for period in periods))
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

    @property
    def rounds(self) -> Rounds | None:
        """How replicates are added where a cell is not settled; None where all have as many."""
        return self.replicates if isinstance(self.replicates, Rounds) else None

    @property
    def fewest_replicates(self) -> int:
        """The fewest that a cell of a complete study has."""
        return self.replicates.min if isinstance(self.replicates, Rounds) else self.replicates

    @property
    def most_replicates(self) -> int:
        """The most that a cell may have."""
        return self.replicates.max if isinstance(self.replicates, Rounds) else self.replicates

    @property
    def dynamical_losses(self) -> tuple[str, ...]:
        """Those that A and T matter to."""
        return tuple(loss for loss in self.loss if LOSSES[loss].dynamical)

    @property
    def directions(self) -> list[Literal["maximize", "minimize"]]:
        """What Optuna is told about the study's values."""
        return ["maximize"]

    def resolved(self) -> dict[str, Any]:
        """The file with every default filled in, as plain lists, numbers and strings."""
        return self.model_dump(mode="json", exclude_none=True)

    @classmethod
    def of(cls, values: Mapping[str, Any], source: str = "study") -> "AnySpec":
        """Check the contents of a study file.

        Args:
            values: what the file says.
            source: its name in error messages.

        Returns:
            The resolved study, of its kind.

        Raises:
            SpecError: a value is not allowed; names its key, the value and what is.
        """
        kind = values.get("kind")
        if "kind" not in values:
            raise SpecError(f"{source}: key 'kind' is missing; it is one of {', '.join(KINDS)}")
        if not isinstance(kind, str) or kind not in KINDS:
            allowed = " or ".join(map(repr, KINDS))
            raise SpecError(f"{source}: kind = {shown(kind)}: must be {allowed}")
        model = KINDS[kind]
        try:
            return model.model_validate(dict(values))
        except ValidationError as error:
            raise SpecError(f"{source}: {explain(error, model)}") from None


class MapSpec(StudySpec):
    """A study that trains every cell of a grid."""

    kind: Literal["map", "boundary"]
    space: MapSpace

    @model_validator(mode="after")
    def _countable(self) -> Self:
        space = self.space
        axes = (self.loss, space.learning_rate, space.width, space.amplitude, space.period or ())
        count = math.prod(max(1, len(axis)) for axis in axes)
        if count > MAX_CELLS:
            raise ValueError(f"space has {count} cells; at most {MAX_CELLS} are allowed")
        return self


class Boundary(Section):
    """How a boundary study chooses (``[boundary]``)."""

    cells: int = Field(ge=3, le=MAX_CELLS)  # at most, of each loss and learning rate
    batch: int = Field(12, ge=2, le=1000)  # chosen and trained together; the first fills the space
    seed: int = Field(0, ge=0, le=MAX_SEED)  # of the first batch


class BoundarySpec(MapSpec):
    """A map that trains only the cells which tell most of where its regimes end."""

    kind: Literal["boundary"]
    replicates: Annotated[int, counted(rounds=False)]
    boundary: Boundary

    @model_validator(mode="after")
    def _choosable(self) -> Self:
        if not self.dynamical_losses:
            dynamical = either(name for name, loss in LOSSES.items() if loss.dynamical)
            raise ValueError(f"a boundary study needs a dynamical loss: {dynamical}")
        if self.replicates < FEWEST:
            raise ValueError(
                f"replicates = {self.replicates}: a boundary study needs at least {FEWEST}, below "
                "which no cell is tested"
            )
        amplitudes = [own for own in self.space.amplitude if own > 1]
        if len(amplitudes) < 2:
            raise ValueError(
                f"space.amplitude = {shown(list(self.space.amplitude))}: a boundary study needs at "
                "least two amplitudes above 1 to find a boundary between; give a list, or "
                "{ low, high, num, log }"
            )
        if self.boundary.batch >= self.boundary.cells:
            raise ValueError(
                f"boundary.batch = {self.boundary.batch}: must be below boundary.cells = "
                f"{self.boundary.cells}, since the first batch only fills the space"
            )
        return self


class SearchSpec(StudySpec):
    """A study whose cells are chosen by a sampler, for the best of them."""

    kind: Literal["search"]
    replicates: Annotated[int, counted(rounds=False)]
    maximize: Literal["val_accuracy", "gain"] = "val_accuracy"
    minimize: Literal["width"] | None = None
    search: AnySearch
    space: SearchSpace

    @model_validator(mode="after")
    def _searchable(self) -> Self:
        conditional = 0 < len(self.dynamical_losses) < len(self.loss)
        if conditional and self.search.sampler in {"gp", "qmc"}:
            raise ValueError(
                f"search.sampler = {self.search.sampler!r}: needs the same parameters in every "
                "trial; choose only dynamical losses or only static ones, or the sampler 'tpe'"
            )
        return self

    @property
    def directions(self) -> list[Literal["maximize", "minimize"]]:
        """What Optuna is told about the study's values: the width is the second one."""
        return ["maximize", "minimize"] if self.minimize else ["maximize"]


AnySpec = MapSpec | SearchSpec  # a BoundarySpec is a MapSpec
KINDS: dict[str, type[AnySpec]] = {"map": MapSpec, "search": SearchSpec, "boundary": BoundarySpec}
