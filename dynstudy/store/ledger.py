"""The ledger: every network that was ever trained, in SQL, found by what it is.

A replicate's key is the SHA-256 of its content, so that a resumed study, a refined map and a second
study that shares cells all take what is there, and nothing is trained twice.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, func, insert, select, update

from dynstudy.config import Cell, Configuration, Protocol, Replicate
from dynstudy.measure.measure import CellReadings, Measure
from dynstudy.measure.measures import MEASURES
from dynstudy.store import series
from dynstudy.store.database import rows_among
from dynstudy.store.keys import configuration_key, content, digest
from dynstudy.store.launches import lock
from dynstudy.store.migrations import column_of, missing_columns, read_any
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import VALIDATION, NamedSeries, Network, Series
from dynstudy.store.tables import ReplicateRow


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


class Ledger:
    """The replicates of one protocol in a database."""

    def __init__(self, engine: Engine, protocol: Protocol) -> None:
        self.engine, self.protocol = engine, protocol

    def key(self, configuration: Configuration) -> str:
        """The key of a cell's replicates under this protocol."""
        return configuration_key(self.protocol, configuration)

    @cached_property
    def _missing(self) -> set[str]:
        """Columns of the database that an older dynstudy made and nobody has written to since."""
        return missing_columns(self.engine)

    @property
    def unknown(self) -> list[Measure]:
        """The measures that the database does not have for that reason."""
        return [measure for name, measure in MEASURES.items() if name in self._missing]

    def lacking(self, cells: Sequence[Cell]) -> dict[Configuration, tuple[int, ...]]:
        """The seeds of each cell that have to be trained: unrecorded, or not read where needed."""
        by_key = {self.key(cell.configuration): cell.configuration for cell in cells}
        recorded: dict[Configuration, set[int]] = {cell.configuration: set() for cell in cells}
        query = select(ReplicateRow.configuration, ReplicateRow.seed)
        for key, seed in self._rows_of(query, by_key):
            recorded[by_key[key]].add(seed)
        for cell in cells:
            # A dynamical cell is always read at the same steps; what a baseline is read for depends
            # on the studies that share it.
            if cell.configuration.static and recorded[cell.configuration]:
                recorded[cell.configuration] = self._fully_read(cell)
        return {
            cell.configuration: tuple(
                seed for seed in cell.seeds if seed not in recorded[cell.configuration]
            )
            for cell in cells
        }

    def steps_read(self, configuration: Configuration) -> set[int]:
        """All steps at which any network of a configuration was read."""
        networks = self._networks(configuration).values()
        return {step for _, named in networks for each in named.values() for step in each.steps}

    def _networks(self, configuration: Configuration) -> dict[int, Network]:
        """The networks of a configuration by seed."""
        which = ReplicateRow.configuration == self.key(configuration)
        query = select(ReplicateRow.seed, ReplicateRow.id, ReplicateRow.diverged_at).where(which)
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
            series_of = read_any(connection, which)
        return {seed: (step, series_of.get(number, {})) for seed, number, step in rows}

    def _fully_read(self, cell: Cell) -> set[int]:
        """The seeds of a cell that were read at all its steps, or diverged and have no readings."""
        unread = Series((), np.empty(0))
        return {
            seed
            for seed, (diverged_at, named) in self._networks(cell.configuration).items()
            if diverged_at is not None or {*named.get(VALIDATION, unread).steps} >= {*cell.reads}
        }

    def add(
        self, records: Sequence[Record], trainer: Trainer, *, run_id: int | None = None
    ) -> None:
        """Record networks, no two of them the same, and their series, all or none.

        A network that is there already was trained again to be read at more steps. If it did the
        same as before, its new readings are added; if not (another machine, another version: long
        trainings amplify rounding), the new training replaces the old one whole, so that no network
        is a mixture of two.
        """
        versions = json.dumps(trainer.versions, sort_keys=True)
        shared = asdict(trainer) | {"versions": versions, "run_id": run_id}
        configurations = {record.replicate.configuration for record in records}
        contents = {each: self._content(each) for each in configurations}
        rows = [self._row(record, contents) | shared for record in records]
        by_key = {row["key"]: (record, row) for row, record in zip(rows, records, strict=True)}
        with self.engine.begin() as connection:
            lock(connection)  # what is there stays what it is until all is written
            before = self._numbers(connection, by_key)
            new = [row for row in rows if row["key"] not in before]
            if new:
                connection.execute(insert(ReplicateRow), new)
            numbers = self._numbers(connection, (row["key"] for row in new))
            written = {number: by_key[key][0].series for key, number in numbers.items()}
            for key, number in before.items():
                written[number] = self._joined(connection, number, *by_key[key])
            series.remove(connection, before.values())
            series.write(connection, written)

    def _joined(
        self, connection: Connection, number: int, record: Record, row: Mapping[str, Any]
    ) -> NamedSeries:
        """The series of a network that was trained again; its row is replaced if it differs."""
        this = ReplicateRow.id == number
        union = series.join(series.read(connection, this).get(number, {}), record.series)
        query = select(ReplicateRow.diverged_at).where(this)
        if union is None or connection.scalar(query) != record.diverged_at:
            connection.execute(update(ReplicateRow).where(this).values(row))
            return record.series
        return union

    def _content(self, configuration: Configuration) -> tuple[dict[str, Any], dict[str, Any]]:
        """What goes into the keys of a configuration's networks, and the columns they share."""
        values = content(self.protocol, configuration)
        data = json.dumps(values["data"], sort_keys=True)
        columns = dict.fromkeys(("amplitude", "period", "tail")) | values
        return values, columns | {"configuration": digest(values), "data": data}

    def _row(self, record: Record, contents: Mapping[Configuration, Any]) -> dict[str, Any]:
        values, columns = contents[record.replicate.configuration]
        seed = {"seed": record.replicate.seed}
        network = seed | {"key": digest(values | seed), "diverged_at": record.diverged_at}
        return columns | network | {name: record.measures.get(name) for name in MEASURES}

    def _numbers(self, connection: Connection, keys: Iterable[str]) -> dict[str, int]:
        """The rows that are there, by key."""
        query = select(ReplicateRow.key, ReplicateRow.id)
        return dict(map(tuple, rows_among(connection, query, ReplicateRow.key, keys)))

    def load(self, configurations: Iterable[Configuration]) -> pd.DataFrame:
        """All recorded replicates of some configurations, a row each, in order of their seeds."""
        keys = [self.key(configuration) for configuration in configurations]
        row = ReplicateRow
        measures = [column_of(name, self._missing) for name in MEASURES]
        columns = row.id, row.configuration, row.seed, row.diverged_at, *measures, row.run_id
        # a table is made of tuples much faster than of rows
        rows = map(tuple, self._rows_of(select(*columns), keys))
        frame = pd.DataFrame(rows, columns=[column.key for column in columns])
        return frame.sort_values(["configuration", "seed"], ignore_index=True)

    def readings(self, configuration: Configuration, seeds: Sequence[int]) -> CellReadings:
        """Everything read of networks in the order of their seeds, nan where one was not read."""
        networks = self._networks(configuration)
        ordered = [networks.get(seed, (None, {})) for seed in seeds]
        return series.to_readings(self.protocol, configuration.period, ordered)

    def _rows_of(self, query: Any, configurations: Iterable[str]) -> Iterator[Any]:
        with self.engine.connect() as connection:
            yield from rows_among(connection, query, ReplicateRow.configuration, configurations)


def networks_trained(engine: Engine, needed: Sequence[Mapping[str, range]]) -> list[int]:
    """How many networks of each study the ledger has, by the seeds that its cells' keys need."""
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

    return [sum(trained(key, wanted) for key, wanted in study.items()) for study in needed]
