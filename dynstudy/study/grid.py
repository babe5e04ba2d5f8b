"""What a map and a boundary study share: a grid of cells, each beside its static loss."""

import math
from collections.abc import Hashable, Iterator
from itertools import product
from typing import Annotated, ClassVar, Self

import optuna
from pydantic import model_validator

from dynstudy.config import Cell, Configuration, Section
from dynstudy.measure.measures import reads
from dynstudy.study.axes import values
from dynstudy.study.over_axes import OverAxes
from dynstudy.study.spec import MAX_CELLS


class GridSpace(Section):
    """The axes of a grid (``[space]``), as ascending values without duplicates."""

    learning_rate: Annotated[tuple[float, ...], values("learning_rate")]
    width: Annotated[tuple[int, ...], values("width")]
    amplitude: Annotated[tuple[float, ...], values("amplitude")] = (1.0,)
    period: Annotated[tuple[int, ...], values("period")] | None = None


class GridSpec(OverAxes):
    """A study over a grid, of which all cells are trained or some."""

    space: GridSpace
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
        grid = sorted(
            {
                Configuration(loss, width, rate, amplitude, period)
                for loss, width, rate, amplitude, period in product(
                    self.loss, space.width, space.learning_rate, space.amplitude, periods or (2,)
                )
            },
            key=lambda c: (c.loss, -c.width, c.learning_rate, c.period or 0, c.amplitude or 0),
        )
        compared_with = {c.baseline() for c in grid if not c.static}
        baselines = compared_with | {c for c in grid if c.static}
        for baseline in sorted(baselines, key=lambda c: (c.loss, -c.width, c.learning_rate)):
            steps = reads(self.protocol, periods if baseline in compared_with else ())
            yield Cell(baseline, range(self.baseline_replicates), steps)
        for configuration in grid:
            if configuration.period is not None:
                steps = reads(self.protocol, (configuration.period,))
                yield Cell(configuration, range(self.most_replicates), steps)

    def cells_to_keep(self, study: optuna.Study) -> Iterator[Cell]:
        """The whole grid: what is not trained yet may be in the ledger already."""
        return self.grid_cells()

    def family(self, configuration: Configuration) -> Hashable:
        """Cells of one loss and width share their control of false discoveries."""
        return configuration.loss, configuration.width

    def described(self) -> str:
        """What is varied and how much of it is trained, in words."""
        return (
            f"{self.axes_said()}: {self.replicates_said} networks a cell and "
            f"{self.baseline_replicates} of each static loss"
        )
