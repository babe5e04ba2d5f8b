"""What a static loss does, which every cell of its family is judged against."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dynstudy.config import Configuration
from dynstudy.measure.forgetting import forgetting, lasting
from dynstudy.measure.readings import forgetting_window
from dynstudy.store.ledger import Ledger


class Baseline:
    """The replicates of a static configuration, read from the ledger when they are needed.

    Args:
        ledger: where they are.
        configuration: the static configuration.
        seeds: of the replicates that count.
    """

    def __init__(self, ledger: Ledger, configuration: Configuration, seeds: range) -> None:
        rows = ledger.load([configuration])
        rows = rows[rows.seed.isin(seeds)]
        self.ledger, self.configuration = ledger, configuration
        self.val_accuracy: NDArray[np.float64] = rows.val_accuracy.to_numpy(float)  # (R,)
        self.finite_seeds: list[int] = rows.seed[rows.diverged_at.isna()].tolist()
        self._known: dict[int, tuple[NDArray[np.float64], ...]] = {}  # by period

    @cached_property
    def _readings(self) -> tuple[list[int], NDArray[np.float64]]:
        return self.ledger.readings(self.configuration, self.finite_seeds)

    def forgetting(self, period: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The static loss's forgetting and unrecovered accuracy, read at the steps of a period.

        Args:
            period: T of the cell to compare with.

        Returns:
            Both per network that did not diverge and was read there, possibly none.
        """
        lost, missing, _ = self.kinds(period)
        return lost, missing

    def lasting(self, period: int) -> NDArray[np.float64]:
        """The static loss's lasting forgetting, read at the steps of a period.

        Args:
            period: T of the cell to compare with.

        Returns:
            Per network that did not diverge and was read there, possibly none.
        """
        return self.kinds(period)[2]

    def kinds(self, period: int) -> tuple[NDArray[np.float64], ...]:
        """Forgetting, unrecovered and lasting of the networks of which each is known."""
        if period not in self._known:
            protocol = self.ledger.protocol
            span = forgetting_window(protocol, period)
            steps, accuracies = self._readings
            place = {step: index for index, step in enumerate(steps)}
            wanted = [*span.middles.tolist(), *span.ends.tolist(), protocol.steps]
            kinds = [np.empty(0)] * 3
            if all(step in place for step in wanted):
                found = accuracies[:, [place[step] for step in wanted]]
                middle, end, final = np.split(found, [span.count, 2 * span.count], axis=1)
                kinds = [
                    *forgetting(middle, end, span.first),
                    lasting(end, final[:, 0], span.first),
                ]
            self._known[period] = tuple(values[np.isfinite(values)] for values in kinds)
        return self._known[period]
