"""Studies over axes: loss, learning rate, width, amplitude and period are varied.

A map and a boundary study share a grid of cells, each beside its static loss.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import product, starmap
from typing import Annotated, Any, ClassVar, Self

import optuna
from pydantic import Field, model_validator

from dynstudy.config import Cell, Configuration
from dynstudy.measure.measures import reads
from dynstudy.read_curvature import check_records
from dynstudy.section import MAX_STEPS, Section
from dynstudy.study.axes import Range, described, values
from dynstudy.study.spec import MAX_CELLS, StudySpec
from dynstudy.task.schedule import oscillations


class OverAxes(StudySpec):
    """A study whose ``[space]`` has an axis for each parameter of a configuration."""

    chooses: ClassVar[bool] = True
    """Whether what is trained next depends on how accurate networks are."""

    space: Any = Field(description="the axes")  # a `Section` with them; each kind says as what

    @model_validator(mode="after")
    def _trainable(self) -> Self:
        period = self.space.period
        if self.dynamical_losses:
            if period is None or "amplitude" not in self.space.model_fields_set:
                absent = "period" if period is None else "amplitude"
                raise ValueError(f"space.{absent} is missing; the dynamical losses need it")
            periods = (period.low, period.high) if isinstance(period, Range) else period
            self._check_oscillations(tuple(int(period) for period in periods))
        if not isinstance(self.protocol.steps, int):
            self._check_rates()
        if self.chooses and self.protocol.until is not None:
            raise ValueError(
                f"protocol.until = {self.protocol.until!r}: only a map's networks may end at their "
                f"first onset; a {self.title} chooses cells by how accurate whole trainings are"
            )
        return self

    @model_validator(mode="after")
    def _of_initial(self) -> Self:
        initial, width = self.protocol.initial, self.space.width
        widths = (width.low, width.high) if isinstance(width, Range) else width
        if initial is not None and set(widths) != {initial.width}:
            said = ", ".join(map(str, widths))
            raise ValueError(
                f"space.width = {said}: must be {initial.width}, the width of the network in "
                f"protocol.initial = {initial.file!r}"
            )
        return self

    def _check_oscillations(self, periods: tuple[int, ...]) -> None:
        steps, tail = self._fewest_steps, self.protocol.tail
        if isinstance(tail, int) and tail >= steps:
            raise ValueError(f"protocol.tail = {tail}: must be below protocol.steps = {steps}")
        for period in periods:
            if not oscillations(steps, tail, period):
                raise ValueError(
                    f"space.period = {period}: no whole oscillation of {period} steps fits before "
                    f"the tail (protocol.steps = {steps}, protocol.tail = {tail!r}); "
                    "lower the period or the tail, or raise the steps"
                )

    def _check_rates(self) -> None:
        """Each learning rate has its own number of steps."""
        rates = self.space.learning_rate
        if isinstance(rates, Range):
            raise ValueError(
                "protocol.steps: { per_learning_rate } needs learning rates that are listed, and "
                f"space.learning_rate is a range from {rates.low:g} to {rates.high:g}: networks "
                "that take different numbers of steps are not trained at once"
            )
        most = self.protocol.at(min(rates)).training_steps
        if most > MAX_STEPS:
            raise ValueError(
                f"space.learning_rate = {min(rates):g}: protocol.steps makes {most} steps of it, "
                f"and {MAX_STEPS} are the most"
            )
        check_records(self.protocol.curvature, self._fewest_steps)

    @property
    def _fewest_steps(self) -> int:
        rates = self.space.learning_rate
        highest = rates.high if isinstance(rates, Range) else max(rates)
        return self.protocol.at(highest).training_steps

    @property
    def widest(self) -> int:
        """The largest of the axis."""
        width = self.space.width
        return int(width.high if isinstance(width, Range) else max(width))

    def axes_said(self) -> str:
        """The axes in words, as far as they matter."""
        space = self.space
        axes = [
            _axis_said("amplitude", space.amplitude if space.period else ()),
            _axis_said("period", space.period or ()),
            _axis_said("width", space.width),
            _axis_said("learning rate", space.learning_rate),
            _axis_said("noise", getattr(space, "noise", None) or ()),
        ]
        return ", ".join(filter(None, axes))


def _axis_said(name: str, axis: Range | Sequence[float]) -> str:
    if isinstance(axis, Range):
        return f"{name} from {axis.low:g} to {axis.high:g}"
    if not axis:
        return ""
    if len(axis) == 1:
        return f"{name} {axis[0]:g}"
    return f"{len(axis)} {name}s ({axis[0]:g} to {axis[-1]:g})"


class GridSpace(Section):
    """The axes of a grid (``[space]``), as ascending values without duplicates."""

    learning_rate: Annotated[tuple[float, ...], values("learning_rate"), described("learning_rate")]
    width: Annotated[tuple[int, ...], values("width"), described("width")]
    amplitude: Annotated[tuple[float, ...], values("amplitude"), described("amplitude")] = (1.0,)
    period: Annotated[Annotated[tuple[int, ...], values("period")] | None, described("period")] = (
        None
    )


class GridSpec(OverAxes):
    """A study over a grid, of which all cells are trained or some."""

    space: GridSpace = Field(
        description="the axes, whose crossings are the cells: each a value, a list, or "
        "`{ low, high, num, log }`, `num` values from `low` to `high`, evenly spread, or with "
        "`log = true` in equal ratios"
    )
    on_grid: ClassVar[bool] = True

    @model_validator(mode="after")
    def _countable(self) -> Self:
        space = self.space
        axes = (self.loss, space.learning_rate, space.width, space.amplitude, space.period or ())
        count = math.prod(max(1, len(axis)) for axis in axes)
        if count > MAX_CELLS:
            raise ValueError(f"space has {count} cells; at most {MAX_CELLS} are allowed")
        return self

    def grid_cells(self) -> Iterator[Cell]:
        """Yield all cells of the grid, baselines first, widest first within a loss.

        A baseline is read wherever a cell that is judged against it is. Nothing is listed twice: at
        A = 1, and for the losses ``ce`` and ``mse``, a cell is the baseline. Where replicates come
        in rounds, a cell has the most that it may have.
        """
        space = self.space
        periods = space.period or ()
        axes = self.loss, space.width, space.learning_rate, space.amplitude, periods or (2,)
        grid = sorted(
            set(starmap(Configuration, product(*axes))),
            key=lambda c: (c.loss, -c.width, c.learning_rate, c.period or 0, c.amplitude or 0),
        )
        compared_with = {c.baseline() for c in grid if not c.static}
        if self.protocol.until is not None:
            compared_with.clear()
        baselines = compared_with | {c for c in grid if c.static}
        for baseline in sorted(baselines, key=lambda c: (c.loss, -c.width, c.learning_rate)):
            protocol = self.protocol.at(baseline.learning_rate)
            steps = reads(protocol, periods if baseline in compared_with else ())
            yield Cell(baseline, self.baseline_seeds, steps)
        for configuration in grid:
            if configuration.period is not None:
                protocol = self.protocol.at(configuration.learning_rate)
                steps = reads(protocol, (configuration.period,))
                yield Cell(configuration, range(self.most_replicates), steps)

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The ends of each axis that is one: of all cells, without listing them."""
        space = self.space
        axes: dict[str, Sequence[float]] = {
            "learning_rate": space.learning_rate,
            "width": space.width,
        }
        if self.dynamical_losses and space.period:
            axes |= {"amplitude": (1.0, *space.amplitude), "period": space.period}
        return {name: (min(axis), max(axis)) for name, axis in axes.items()}

    def cells_to_keep(self, study: optuna.Study) -> Iterator[Cell]:
        """The whole grid: what is not trained yet may be in the ledger already."""
        return self.grid_cells()

    def described(self) -> str:
        """What is varied and how much of it is trained, in words."""
        return (
            f"{self.axes_said()}: {self.replicates_said} networks a cell and "
            f"{self.baseline_replicates} of each static loss"
        )
