"""A boundary study: of a grid, the cells which tell most of where its regimes end are trained."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import optuna
from pydantic import Field, model_validator

from dynstudy.config import FEWEST, Cell
from dynstudy.errors import DamagedError, either
from dynstudy.section import MAX_SEED, Section
from dynstudy.study.axes import short
from dynstudy.study.over_axes import GridSpec
from dynstudy.study.rounds import counted
from dynstudy.study.spec import MAX_CELLS, StudySpec
from dynstudy.study.tried import finished
from dynstudy.task.losses import LOSSES

ENDED = "dynstudy:ended"
"""Study attribute: the budget with which a study ended, and how many trials it had then."""


class Boundary(Section):
    """How a boundary study chooses (``[boundary]``)."""

    cells: int = Field(
        ge=3, le=MAX_CELLS, description="most cells that are trained of each loss and learning rate"
    )
    batch: int = Field(
        12,
        ge=2,
        le=1000,
        description="cells that are chosen and trained together, below `cells`; the first batch "
        "fills the space",
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of the first batch")


class BoundarySpec(GridSpec):
    """A study that chooses which cells of a grid to train."""

    kind: Literal["boundary"] = Field(
        description="the cells of a grid that tell most of where regimes end are trained, the "
        "others predicted"
    )
    replicates: Annotated[int, counted(rounds=False)] = Field(
        description=f"networks of each cell, seeds 0, 1, ...; at least {FEWEST}, below which no "
        "cell is tested"
    )
    boundary: Boundary = Field(description="how cells are chosen")
    title: ClassVar[str] = "boundary study"

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
        if sum(amplitude > 1 for amplitude in self.space.amplitude) < 2:
            raise ValueError(
                f"space.amplitude = {short(list(self.space.amplitude))}: a boundary study needs at "
                "least two amplitudes above 1 to find a boundary between; give a list, or "
                "{ low, high, num, log }"
            )
        if self.boundary.batch >= self.boundary.cells:
            raise ValueError(
                f"boundary.batch = {self.boundary.batch}: must be below boundary.cells = "
                f"{self.boundary.cells}, since the first batch only fills the space"
            )
        return self

    def static_cells(self) -> list[Cell]:
        """The baselines, which are trained whatever is chosen."""
        return [cell for cell in self.grid_cells() if cell.configuration.static]

    def candidates(self) -> list[list[Cell]]:
        """The dynamical cells of each loss and learning rate, which are chosen among."""
        grouped: dict[tuple[str, float], list[Cell]] = {}
        for cell in self.grid_cells():
            configuration = cell.configuration
            if not configuration.static:
                key = configuration.loss, configuration.learning_rate
                grouped.setdefault(key, []).append(cell)
        return list(grouped.values())

    def cells(self, study: optuna.Study) -> list[Cell]:
        """Those of the grid that are trained so far."""
        trained = finished(study)
        return [cell for cell in self.grid_cells() if cell.configuration in trained]

    def cells_ahead(self) -> list[Cell]:
        """Baselines, and of each loss and learning rate as many cells as may be trained."""
        drawn, rng = self.static_cells(), np.random.default_rng(0)
        for group in self.candidates():
            chosen = rng.permutation(len(group))[: self.boundary.cells]
            drawn += [group[index] for index in sorted(chosen)]
        return drawn

    def planned_trials(self, attributes: Mapping[str, Any], cells: int = 0) -> int:
        """The budget, or what a study has that ended before it was spent."""
        ended = attributes.get(ENDED, (None, 0))
        try:
            budget, trials = ended
            trials = int(trials)
        except (ValueError, TypeError):
            raise DamagedError(
                f"table study_user_attributes, study {self.name!r}, key {ENDED!r}: {short(ended)} "
                "is damaged: must be two whole numbers; delete this row, and dynstudy run writes it"
            ) from None
        if budget == self.boundary.cells:
            return trials
        chosen = sum(min(self.boundary.cells, len(group)) for group in self.candidates())
        return len(self.static_cells()) + chosen

    def grows_to(self, new: StudySpec) -> bool:
        """Whether another study file is the same with a larger budget."""
        if not isinstance(new, BoundarySpec) or new.boundary.cells <= self.boundary.cells:
            return False
        larger = self.boundary.model_copy(update={"cells": new.boundary.cells})
        return self.model_copy(update={"boundary": larger}) == new

    def described(self) -> str:
        """What is varied and how much of it is trained, in words."""
        return (
            f"{super().described()}, at most {self.boundary.cells} cells of each loss and learning "
            "rate chosen"
        )
