"""What studies over axes share: loss, learning rate, width, amplitude and period are varied."""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import model_validator

from dynstudy.study.axes import Range
from dynstudy.study.spec import StudySpec
from dynstudy.task.schedule import oscillations


class OverAxes(StudySpec):
    """A study whose ``[space]`` has an axis for each parameter of a configuration."""

    space: Any  # a `Section` with the five axes; each kind says as what

    @model_validator(mode="after")
    def _trainable(self) -> Self:
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
        ]
        return ", ".join(filter(None, axes))


def _axis_said(name: str, values: Range | Sequence[float]) -> str:
    if isinstance(values, Range):
        return f"{name} from {values.low:g} to {values.high:g}"
    if not values:
        return ""
    if len(values) == 1:
        return f"{name} {values[0]:g}"
    return f"{len(values)} {name}s ({values[0]:g} to {values[-1]:g})"
