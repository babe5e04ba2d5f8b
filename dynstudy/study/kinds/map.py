"""A map: every cell of a grid is trained."""

from dataclasses import replace
from typing import ClassVar, Literal

import optuna
from pydantic import Field

from dynstudy.config import Cell
from dynstudy.measure.records import reads_no_less
from dynstudy.study.over_axes import GridSpec
from dynstudy.study.spec import StudySpec
from dynstudy.study.tried import replicates_told


class MapSpec(GridSpec):
    """A study that trains every cell of a grid."""

    kind: Literal["map"] = Field(description="every cell of a grid is trained")
    title: ClassVar[str] = "map"
    chooses: ClassVar[bool] = False

    def cells(self, study: optuna.Study) -> list[Cell]:
        """The grid, whatever of it is trained."""
        return list(self.grid_cells())

    def cells_ahead(self) -> list[Cell]:
        """The grid."""
        return list(self.grid_cells())

    def cells_so_far(self, study: optuna.Study) -> list[Cell]:
        """The grid; a cell that is not settled yet needs at least the fewest replicates."""
        if self.rounds is None:
            return self.cells(study)
        counts, fewest = replicates_told(study), self.fewest_replicates
        return [
            cell
            if cell.configuration.static
            else replace(cell, seeds=range(counts.get(cell.configuration, fewest)))
            for cell in self.grid_cells()
        ]

    def grows_to(self, new: StudySpec) -> bool:
        """Whether another study file is a map of the same with more cells, or more read."""
        if not isinstance(new, MapSpec) or not reads_no_less(new.protocol, self.protocol):
            return False
        same = ("replicates", "baseline_replicates")
        before, after = ({cell.configuration for cell in spec.grid_cells()} for spec in (self, new))
        # with rounds, more cells would unsettle those that were settled beside fewer
        grown = before == after if self.rounds else before <= after
        return grown and all(getattr(self, key) == getattr(new, key) for key in same)
