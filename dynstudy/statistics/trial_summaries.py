"""What a trial says of its cell: the mean over its replicates, and a few numbers beside it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynstudy.config import Cell, Configuration
from dynstudy.measure.accuracy import or_none, standard_error
from dynstudy.statistics.baseline import Baseline
from dynstudy.store.ledger import Ledger
from dynstudy.store.trials import FinishedCell


class Summaries:
    """Reads finished cells from the ledger, each baseline (its replicates of some seeds) once."""

    def __init__(self, ledger: Ledger, baseline_seeds: range) -> None:
        self.ledger = ledger
        self._baseline = cache(lambda static: Baseline(ledger, static, baseline_seeds))

    def of(self, all_cells: Iterable[Cell]) -> Iterator[FinishedCell]:
        """Yield cells all of whose replicates are in the ledger, which are read at once.

        A cell has its gain if its baseline is there as well.
        """
        cells = list(all_cells)
        configurations = [cell.configuration for cell in cells]
        trained = self.ledger.trained_between(configurations)
        frame = self.ledger.load(configurations)
        rows_of = frame.groupby("configuration").indices
        columns = {
            "seed": frame.seed.to_numpy(),
            "diverged": frame.diverged_at.notna().to_numpy(),
            "val_accuracy": frame.val_accuracy.to_numpy(float),
            "forgetting": frame.forgetting.to_numpy(float),
        }
        for cell in cells:
            key = self.ledger.key(cell.configuration)
            rows = rows_of[key]
            rows = rows[np.isin(columns["seed"][rows], cell.seeds)]
            of_cell = {name: column[rows] for name, column in columns.items()}
            yield self._finished(cell.configuration, key, of_cell, trained)

    def _finished(
        self,
        configuration: Configuration,
        key: str,
        of_cell: Mapping[str, NDArray[Any]],
        trained: Mapping[Configuration, tuple[datetime, datetime]],
    ) -> FinishedCell:
        accuracies = of_cell["val_accuracy"]
        mean = float(accuracies.mean())
        attributes: dict[str, Any] = {
            "sem": or_none(standard_error(accuracies)),
            "replicates": len(accuracies),
            "diverged": int(of_cell["diverged"].sum()),
        }
        if configuration.period is not None:
            baseline = self._baseline(configuration.baseline())
            if len(baseline.val_accuracy):
                attributes["gain"] = mean - float(baseline.val_accuracy.mean())
                static = baseline.measure("forgetting", configuration.period)
                forgetting = of_cell["forgetting"][~np.isnan(of_cell["forgetting"])]
                if len(forgetting) and len(static):
                    attributes["forgetting"] = float(forgetting.mean() - static.mean())
                    error = math.hypot(standard_error(forgetting), standard_error(static))
                    attributes["forgetting_sem"] = or_none(error)
        return FinishedCell(configuration, mean, attributes, key, trained.get(configuration))
