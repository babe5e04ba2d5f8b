"""What a trial says of its cell: the mean over its replicates, and a few numbers beside it."""

import math
from functools import cache
from typing import Any

from dynstudy.config import Cell
from dynstudy.measure.accuracy import or_none, standard_error
from dynstudy.statistics.baseline import Baseline
from dynstudy.store.ledger import Ledger
from dynstudy.store.trials import FinishedCell


class Summaries:
    """Reads finished cells from the ledger, each baseline (its replicates of some seeds) once."""

    def __init__(self, ledger: Ledger, baseline_seeds: range) -> None:
        self.ledger = ledger
        self._baseline = cache(lambda static: Baseline(ledger, static, baseline_seeds))

    def of(self, cell: Cell) -> FinishedCell:
        """A cell all of whose replicates are in the ledger; its gain if its baseline is as well."""
        configuration = cell.configuration
        rows = self.ledger.load([configuration])
        rows = rows[rows.seed.isin(cell.seeds)]
        mean = float(rows.val_accuracy.mean())
        attributes: dict[str, Any] = {
            "sem": or_none(standard_error(rows.val_accuracy)),
            "replicates": len(rows),
            "diverged": int(rows.diverged_at.notna().sum()),
        }
        if configuration.period is not None:
            baseline = self._baseline(configuration.baseline())
            if len(baseline.val_accuracy):
                attributes["gain"] = mean - float(baseline.val_accuracy.mean())
                static = baseline.measure("forgetting", configuration.period)
                of_cell = rows.forgetting.dropna()
                if len(of_cell) and len(static):
                    attributes["forgetting"] = float(of_cell.mean() - static.mean())
                    error = math.hypot(standard_error(of_cell), standard_error(static))
                    attributes["forgetting_sem"] = or_none(error)
        key = self.ledger.key(configuration)
        return FinishedCell(
            configuration, mean, attributes, key, self.ledger.trained(configuration)
        )
