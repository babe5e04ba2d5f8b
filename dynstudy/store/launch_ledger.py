"""The ledger as one launch sees it: read once, and not read back what the launch itself adds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from dynstudy.config import Cell, Configuration
from dynstudy.measure.measure import CellReadings
from dynstudy.measure.measures import MEASURES
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import COLUMNS, Landing, Ledger
from dynstudy.store.series import COUNTS, ReadNetwork, to_readings


class LaunchLedger(Ledger):
    """The replicates of one protocol; those of remembered cells are kept in memory."""

    def __init__(self, engine: Engine, protocol: Protocol) -> None:
        super().__init__(engine, protocol)
        self._rows: dict[Configuration, dict[int, tuple[Any, ...]]] = {}  # COLUMNS, by seed
        self._static: dict[Configuration, dict[int, ReadNetwork]] = {}  # by seed
        self._trained: dict[Configuration, tuple[datetime, datetime]] = {}

    def remember(
        self, cells: Sequence[Cell], lacking: Mapping[Configuration, Sequence[int]]
    ) -> None:
        """Read what is recorded of some cells and of their baselines, all of it at once.

        `lacking` has the seeds of each that are not recorded; where others are recorded than are
        remembered, another process added them, and the cell is read again.
        """
        unread = {cell.configuration.baseline() for cell in cells} - self._rows.keys()
        for cell in cells:
            configuration = cell.configuration
            absent = set(cell.seeds).difference(self._rows.get(configuration, ()))
            if configuration not in self._rows or absent.difference(lacking[configuration]):
                unread.add(configuration)
        by_key = {self.key(configuration): configuration for configuration in unread}
        self._rows |= {configuration: {} for configuration in unread}
        for row in super().load(unread).itertuples(index=False, name=None):
            self._rows[by_key[row[0]]][row[1]] = row
        static = [each for each in unread if each.static]
        self._static |= self.networks(static, COUNTS)
        self._trained = super().trained_between(unread) | self._trained

    def was_trained(
        self, configurations: Iterable[Configuration], began: datetime, ended: datetime
    ) -> None:
        """Remember from when to when this launch trained networks of some configurations."""
        for configuration in configurations:
            first, last = self._trained.get(configuration, (began, ended))
            self._trained[configuration] = min(first, began), max(last, ended)

    def trained_between(
        self, configurations: Iterable[Configuration]
    ) -> dict[Configuration, tuple[datetime, datetime]]:
        """As the ledger's, but to the chunk where this launch trained them."""
        wanted = dict.fromkeys(configurations)
        times = {each: self._trained[each] for each in wanted if each in self._trained}
        unread = wanted.keys() - self._rows.keys()
        return (super().trained_between(unread) if unread else {}) | times

    def add_all(self, chunks: Sequence[Landing], *, run_id: int | None = None) -> None:
        """As the ledger's, and remember them."""
        super().add_all(chunks, run_id=run_id)
        for record in (record for chunk in chunks for record in chunk.records):
            configuration, seed = record.replicate.configuration, record.replicate.seed
            if configuration in self._rows:
                measures = (record.measures.get(name) for name in MEASURES)
                key = self.key(configuration)
                self._rows[configuration][seed] = (key, seed, record.diverged_at, *measures)
            if configuration.static:
                networks = self._static.setdefault(configuration, {})
                networks[seed] = record.diverged_at, record.series

    def load(self, configurations: Iterable[Configuration]) -> pd.DataFrame:
        """As the ledger's, from memory where all of them are remembered."""
        wanted = dict.fromkeys(configurations)
        if not self._rows.keys() >= wanted.keys():
            return super().load(wanted)
        rows = [row for configuration in wanted for row in self._rows[configuration].values()]
        frame = pd.DataFrame(rows, columns=COLUMNS)
        return frame.sort_values(["configuration", "seed"], ignore_index=True)

    def readings(self, configuration: Configuration, seeds: Sequence[int]) -> CellReadings:
        """As the ledger's, from memory where all of them are remembered."""
        networks = self._static.get(configuration, {})
        if not networks.keys() >= set(seeds):
            return super().readings(configuration, seeds)
        ordered = [networks[seed] for seed in seeds]
        protocol = self.protocol.at(configuration.learning_rate)
        return to_readings(protocol, configuration.period, ordered)
