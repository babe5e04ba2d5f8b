"""The ledger: every network that was ever trained, in SQL, found by what it is.

A replicate's key is the SHA-256 of its content, so that a resumed study, a refined map and a second
study that shares cells all take what is there, and nothing is trained twice.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

import pandas as pd
from sqlalchemy import Engine, func, select

from dynstudy.config import Cell, Configuration, Replicate
from dynstudy.measure.measure import CellReadings, Measure
from dynstudy.measure.measures import MEASURES, not_asked
from dynstudy.measure.records import EIGENVALUES, series_asked
from dynstudy.protocol import Protocol
from dynstudy.store import series
from dynstudy.store.curvature_read import curvature_read, without_curvature
from dynstudy.store.database import batches, rows_among
from dynstudy.store.keys import (
    AS_JSON,
    NULL_BY_DEFAULT,
    configuration_key,
    content,
    network_keys,
)
from dynstudy.store.launches import lock
from dynstudy.store.migrations import column_of, missing_columns, networks_read, read_any
from dynstudy.store.pixels import PixelsNeeded
from dynstudy.store.provenance import Trainer
from dynstudy.store.recording import write_networks
from dynstudy.store.reservations import free
from dynstudy.store.series import NamedSeries, ReadNetwork
from dynstudy.store.tables import ReplicateRow, RunRow
from dynstudy.store.worker_rows import Account, Tally

COLUMNS = ["configuration", "seed", "diverged_at", *MEASURES]
"""Of a network, as it is loaded."""


@dataclass(frozen=True)
class Record:
    """A trained network on its way into the ledger."""

    replicate: Replicate
    diverged_at: int | None
    measures: Mapping[str, float | None]  # by name; None where one is not defined
    series: NamedSeries

    @property
    def val_accuracy(self) -> float:
        """At the end of training; every network has it."""
        return self.measures["val_accuracy"] or 0.0


@dataclass(frozen=True)
class Landing:
    """Networks that were trained together, on their way into the ledger."""

    records: Sequence[Record]
    trainer: Trainer
    worker: str = ""  # its name in a launch, if it is to be counted there
    seconds: float = 0.0  # that the training took


class Ledger:
    """The replicates of one protocol in a database."""

    pixels_needed: PixelsNeeded | None = None
    """Those of its networks that are no rows of ``dynstudy_replicate``, if any are not."""

    def __init__(self, engine: Engine, protocol: Protocol) -> None:
        self.engine, self.protocol = engine, protocol
        self._keys: dict[Configuration, str] = {}
        self._shared_by = lru_cache(maxsize=1000)(self._shared)  # of a chunk, not of a study
        self._account = Account()

    def key(self, configuration: Configuration) -> str:
        """The key of a cell's replicates under this protocol."""
        if configuration not in self._keys:
            self._keys[configuration] = configuration_key(self.protocol, configuration)
        return self._keys[configuration]

    @cached_property
    def _missing(self) -> set[str]:
        """Columns of the database that an older dynstudy made and nobody has written to since."""
        with self.engine.connect() as connection:
            return missing_columns(connection)

    @property
    def unknown(self) -> list[Measure]:
        """The measures that the database does not have for that reason."""
        missing = self._missing - not_asked(self.protocol)
        return [measure for name, measure in MEASURES.items() if name in missing]

    def lacking(self, cells: Sequence[Cell]) -> dict[Configuration, tuple[int, ...]]:
        """The seeds of each cell that have to be trained: unrecorded, or not read where needed."""
        by_key = {self.key(cell.configuration): cell for cell in cells}
        recorded: dict[str, set[int]] = {key: set() for key in by_key}
        with self.engine.connect() as connection:
            for key, seed, diverged_at, steps in networks_read(connection, by_key):
                if diverged_at is not None or steps.issuperset(by_key[key].reads):
                    recorded[key].add(seed)
            if names := series_asked(self.protocol):
                protocols = {
                    key: self.protocol.at(cell.configuration.learning_rate)
                    for key, cell in by_key.items()
                }
                unread = without_curvature(connection, protocols, names)
                for key, seeds in unread.items():
                    recorded[key] -= seeds
        return {
            cell.configuration: tuple(seed for seed in cell.seeds if seed not in recorded[key])
            for key, cell in by_key.items()
        }

    def steps_read(self, configurations: Iterable[Configuration]) -> dict[Configuration, set[int]]:
        """All steps at which any network of each configuration was read."""
        by_key = {self.key(configuration): configuration for configuration in configurations}
        read: dict[Configuration, set[int]] = {each: set() for each in by_key.values()}
        with self.engine.connect() as connection:
            for key, _, _, steps in networks_read(connection, by_key):
                read[by_key[key]] |= steps
        return read

    def eigenvalues_read(self, configuration: Configuration) -> tuple[set[int], int]:
        """All steps at which any network of it has eigenvalues, and at most how many it has."""
        steps, most = set[int](), 0
        with self.engine.connect() as connection:
            for network in curvature_read(connection, [EIGENVALUES], [self.key(configuration)]):
                steps |= network.steps
                most = max(most, network.eigenvalues)
        return steps, most

    def networks(
        self, configurations: Iterable[Configuration], names: Sequence[str] = ()
    ) -> dict[Configuration, dict[int, ReadNetwork]]:
        """The networks of some configurations by seed; with series of these names, or with all."""
        by_key = {self.key(configuration): configuration for configuration in configurations}
        networks: dict[Configuration, dict[int, ReadNetwork]] = {
            each: {} for each in by_key.values()
        }
        row = ReplicateRow
        query = select(row.configuration, row.seed, row.id, row.diverged_at)
        with self.engine.connect() as connection:
            for keys in batches(by_key):
                which = row.configuration.in_(keys)
                series_of = read_any(connection, which, names)
                for key, seed, number, diverged_at in connection.execute(query.where(which)):
                    named = series_of.get(number, {})
                    series.check_counts(self.protocol, number, named)
                    networks[by_key[key]][seed] = diverged_at, named
        return networks

    def replicate_key(self, replicate: Replicate) -> str:
        """The key of a network under this protocol."""
        _, key = self._shared_by(replicate.configuration)
        return key(replicate.seed)

    def add(
        self, records: Sequence[Record], trainer: Trainer, *, run_id: int | None = None
    ) -> None:
        """Record networks that were trained together, as `add_all` does."""
        self.add_all([Landing(records, trainer)], run_id=run_id)

    def add_all(self, chunks: Sequence[Landing], *, run_id: int | None = None) -> None:
        """Record networks, no two of them the same, and their series, all or none.

        A network that is there already was trained again to be read at more steps. If it did the
        same as before, its new readings are added; if not (another machine, another version: long
        trainings amplify rounding), the new training replaces the old one whole, so that no network
        is a mixture of two.

        Args:
            chunks: networks of this protocol.
            run_id: the launch that records them, if one does: they are counted there, and are
                reserved no more.

        Raises:
            StudyTakenError: the launch is not running any more; nothing is recorded.
        """
        networks = {
            row["key"]: (row, record.series)
            for chunk in chunks
            for record, row in self._rows_of(chunk, run_id)
        }
        counted: dict[tuple[int, str], Tally] = {}
        with self.engine.begin() as connection:
            lock(connection)  # what is there stays what it is until all is written
            if run_id is not None:
                did = [(chunk.worker, chunk.trainer, self._tally(chunk)) for chunk in chunks]
                counted = self._account.write(connection, run_id, did)
                free(connection, run_id, networks)
            write_networks(connection, networks)
        self._account.committed(counted)

    def _tally(self, chunk: Landing) -> Tally:
        rates = (record.replicate.configuration.learning_rate for record in chunk.records)
        steps = sum(self.protocol.at(rate).training_steps for rate in rates)
        return Tally(len(chunk.records), steps, chunk.seconds)

    def _rows_of(
        self, chunk: Landing, run_id: int | None
    ) -> Iterator[tuple[Record, dict[str, Any]]]:
        versions = json.dumps(chunk.trainer.versions, sort_keys=True)
        shared = vars(chunk.trainer) | {"versions": versions, "run_id": run_id}
        for record in chunk.records:
            seed = record.replicate.seed
            columns, key = self._shared_by(record.replicate.configuration)
            network = {"seed": seed, "key": key(seed), "diverged_at": record.diverged_at}
            measures = {name: record.measures.get(name) for name in MEASURES}
            yield record, columns | network | measures | shared

    def _shared(self, configuration: Configuration) -> tuple[dict[str, Any], Callable[[int], str]]:
        """What the networks of a configuration share: columns, and how their seeds make keys."""
        values = content(self.protocol, configuration)
        columns = dict.fromkeys(NULL_BY_DEFAULT) | values
        columns |= {
            name: json.dumps(columns[name], sort_keys=True)
            for name in AS_JSON
            if columns[name] is not None
        }
        columns["configuration"] = self.key(configuration)
        return columns, network_keys(values)

    def replicate(self, configuration: Configuration, seed: int) -> Replicate:
        """The network that `load` has under a cell's configuration and a seed."""
        return Replicate(configuration, seed)

    def pixels_trained(self) -> dict[str, Any]:
        """Of networks without a key the numbers (n,) of their launches, or nan, by cells' keys."""
        return {}

    def load(self, configurations: Iterable[Configuration]) -> pd.DataFrame:
        """All recorded replicates of some configurations, a row each, in order of their seeds."""
        keys = [self.key(configuration) for configuration in configurations]
        row = ReplicateRow
        absent = self._missing | not_asked(self.protocol)
        measures = [column_of(name, absent) for name in MEASURES]
        query = select(row.configuration, row.seed, row.diverged_at, *measures)
        with self.engine.connect() as connection:
            # a table is made of tuples much faster than of rows
            rows = map(tuple, rows_among(connection, query, row.configuration, keys))
            frame = pd.DataFrame(rows, columns=COLUMNS)
        return frame.sort_values(["configuration", "seed"], ignore_index=True)

    def trained_between(
        self, configurations: Iterable[Configuration]
    ) -> dict[Configuration, tuple[datetime, datetime]]:
        """Return when networks of some configurations were trained, in UTC, as far as it is kept.

        From the start of the first launch that trained any of them to the end of the last one.
        """
        by_key = {self.key(configuration): configuration for configuration in configurations}
        row, ended = ReplicateRow, func.coalesce(RunRow.ended_at, RunRow.heartbeat_at)
        query = (
            select(row.configuration, func.min(RunRow.started_at), func.max(ended))
            .join(RunRow, RunRow.id == row.run_id)
            .group_by(row.configuration)
        )
        with self.engine.connect() as connection:
            rows = rows_among(connection, query, row.configuration, by_key)
            return {by_key[key]: (started, ended) for key, started, ended in rows}

    def readings(self, configuration: Configuration, seeds: Sequence[int]) -> CellReadings:
        """Points that networks in the order of their seeds had right, nan where unread."""
        networks = self.networks([configuration], series.COUNTS)[configuration]
        ordered = [networks.get(seed, (None, {})) for seed in seeds]
        protocol = self.protocol.at(configuration.learning_rate)
        return series.to_readings(protocol, configuration.period, ordered)


def networks_trained(engine: Engine, needed: Sequence[Mapping[str, range]]) -> list[dict[str, int]]:
    """How many networks of each study's cells the ledger has, by the seeds that their keys need."""
    cell, seed = ReplicateRow.configuration, ReplicateRow.seed
    query = select(cell, func.count(), func.min(seed), func.max(seed)).group_by(cell)
    with engine.connect() as connection:
        grouped = {
            key: (count, range(low, high + 1))
            for key, count, low, high in connection.execute(query)
        }
        # mostly all seeds up to the last are there, and the numbers above say all
        gaps = [key for key, (count, span) in grouped.items() if count != len(span)]
        seeds: dict[str, list[int]] = {}
        for key, number in rows_among(connection, select(cell, seed), cell, gaps):
            seeds.setdefault(key, []).append(number)

    def trained(key: str, wanted: range) -> int:
        if key in seeds:
            return sum(number in wanted for number in seeds[key])
        span = grouped[key][1] if key in grouped else range(0)
        return max(0, min(span.stop, wanted.stop) - max(span.start, wanted.start))

    return [{key: trained(key, wanted) for key, wanted in study.items()} for study in needed]
