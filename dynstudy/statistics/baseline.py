"""What a static loss does, which every cell of its family is judged against."""

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dynstudy.config import Configuration
from dynstudy.measure.measure import CellReadings
from dynstudy.measure.measures import MEASURES
from dynstudy.store.ledger import Ledger


class Baseline:
    """The replicates of a static configuration with some seeds; readings are loaded when needed."""

    def __init__(self, ledger: Ledger, configuration: Configuration, seeds: range) -> None:
        rows = ledger.load([configuration])
        rows = rows[rows.seed.isin(seeds)]
        self.ledger, self.configuration = ledger, configuration
        self.val_accuracy: NDArray[np.float64] = rows.val_accuracy.to_numpy(float)  # (R,)
        self.finite_seeds: list[int] = rows.seed[rows.diverged_at.isna()].tolist()
        self._measured: dict[tuple[str, int], NDArray[np.float64]] = {}  # by measure and period

    @cached_property
    def _readings(self) -> CellReadings:
        return self.ledger.readings(self.configuration, self.finite_seeds)

    def measure(self, name: str, period: int) -> NDArray[np.float64]:
        """A measure of the static loss at the steps of a period, per finite network read there."""
        if (name, period) not in self._measured:
            values = MEASURES[name].of(replace(self._readings, period=period))
            self._measured[name, period] = values[np.isfinite(values)]
        return self._measured[name, period]
