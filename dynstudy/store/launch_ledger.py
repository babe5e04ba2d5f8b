"""The ledger as one launch sees it: read once, and not read back what the launch itself adds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine

from dynstudy.config import Cell, Configuration, Protocol
from dynstudy.store.ledger import MEASURES, Ledger, Record

COLUMNS = ["configuration", "seed", *MEASURES]


class LaunchLedger(Ledger):
    """The replicates of one protocol; those of remembered cells are kept in memory."""

    def __init__(self, engine: Engine, protocol: Protocol) -> None:
        super().__init__(engine, protocol)
        self._rows: dict[Configuration, dict[int, tuple[Any, ...]]] = {}  # COLUMNS, by seed
        self._static: dict[Configuration, dict[int, Record]] = {}  # trained by this launch, by seed

    def remember(
        self, cells: Sequence[Cell], lacking: Mapping[Configuration, Sequence[int]]
    ) -> None:
        """Read what is recorded of some cells and of their baselines, all of it at once.

        Args:
            cells: the cells.
            lacking: the seeds of each that are not recorded; where others are recorded than are
                remembered, another process added them, and the cell is read again.
        """
        unread = {cell.configuration.baseline() for cell in cells} - self._rows.keys()
        for cell in cells:
            absent = set(cell.seeds).difference(self._rows.get(cell.configuration, ()))
            if cell.configuration not in self._rows or absent.difference(
                lacking[cell.configuration]
            ):
                unread.add(cell.configuration)
        by_key = {self.key(configuration): configuration for configuration in unread}
        self._rows |= {configuration: {} for configuration in unread}
        for row in super().load(unread)[COLUMNS].itertuples(index=False, name=None):
            self._rows[by_key[row[0]]][row[1]] = row

    def add(self, records: Sequence[Record], **origin: Any) -> None:
        """As the ledger's, and remember them.

        Args:
            records: the networks.
            **origin: where they come from.
        """
        super().add(records, **origin)
        for record in records:
            configuration, seed = record.replicate.configuration, record.replicate.seed
            if configuration in self._rows:
                measures = (getattr(record, measure) for measure in MEASURES)
                self._rows[configuration][seed] = (self.key(configuration), seed, *measures)
            if configuration.static:
                self._static.setdefault(configuration, {})[seed] = record

    def load(self, configurations: Iterable[Configuration]) -> pd.DataFrame:
        """As the ledger's, from memory where all of them are remembered."""
        wanted = dict.fromkeys(configurations)
        if not self._rows.keys() >= wanted.keys():
            return super().load(wanted)
        rows = [row for configuration in wanted for row in self._rows[configuration].values()]
        frame = pd.DataFrame(rows, columns=COLUMNS)
        return frame.sort_values(["configuration", "seed"], ignore_index=True)

    def readings(
        self, configuration: Configuration, seeds: Sequence[int]
    ) -> tuple[list[int], NDArray[np.float64]]:
        """As the ledger's, from memory where this launch trained all of them."""
        trained = self._static.get(configuration, {})
        if not trained.keys() >= set(seeds):
            return super().readings(configuration, seeds)
        data = self.protocol.data
        steps = sorted({step for seed in seeds for step in trained[seed].steps})
        correct = np.full((len(seeds), len(steps), data.classes), np.nan)
        for row, seed in zip(correct, seeds, strict=True):
            counts = trained[seed].validation_correct
            row[np.searchsorted(steps, trained[seed].steps)] = np.where(counts < 0, np.nan, counts)
        return steps, correct / data.validation_points_per_class
