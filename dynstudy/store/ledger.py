"""The ledger: every network that was ever trained, in SQL, found by what it is.

A replicate's key is the SHA-256 of its content, so that a resumed study, a refined map and a second
study that shares cells all take what is there, and nothing is trained twice.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from dynstudy.config import Cell, Configuration, Protocol, Replicate
from dynstudy.store.database import batches
from dynstudy.store.keys import configuration_key, content, digest
from dynstudy.store.migrations import has_lasting
from dynstudy.store.tables import Base, ReadingRow, ReplicateRow


@dataclass(frozen=True)
class Record:
    """A trained network on its way into the ledger."""

    replicate: Replicate
    diverged_at: int | None
    train_accuracy: float
    val_accuracy: float
    val_accuracy_before_tail: float | None
    forgetting: float | None
    unrecovered: float | None
    steps: tuple[int, ...]  # (M,) at which it was read
    correct: NDArray[np.int32]  # (M, C)
    validation_correct: NDArray[np.int32]  # (M, C)
    lasting: float | None = None


MEASURES = (
    "diverged_at",
    "train_accuracy",
    "val_accuracy",
    "val_accuracy_before_tail",
    "forgetting",
    "unrecovered",
    "lasting",
)


class Ledger:
    """The replicates of one protocol in a database."""

    def __init__(self, engine: Engine, protocol: Protocol) -> None:
        self.engine, self.protocol = engine, protocol

    def key(self, configuration: Configuration) -> str:
        """The key of a cell's replicates under this protocol."""
        return configuration_key(self.protocol, configuration)

    @cached_property
    def knows_lasting(self) -> bool:
        """Whether the database has it: not where an older dynstudy made it and it is only read."""
        return has_lasting(self.engine)

    def lacking(self, cells: Sequence[Cell]) -> dict[Configuration, tuple[int, ...]]:
        """The seeds of each cell that have to be trained: unrecorded, or not read where needed."""
        by_key = {self.key(cell.configuration): cell.configuration for cell in cells}
        found: dict[Configuration, set[int]] = {cell.configuration: set() for cell in cells}
        query = select(ReplicateRow.configuration, ReplicateRow.seed)
        for rows in self._in_batches(query, ReplicateRow.configuration, by_key):
            for key, seed in rows:
                found[by_key[key]].add(seed)
        for cell in cells:
            # A dynamical cell is always read at the same steps; what a baseline is read for depends
            # on the studies that share it.
            if cell.configuration.static and found[cell.configuration]:
                found[cell.configuration] = self._fully_read(cell)
        return {
            cell.configuration: tuple(
                seed for seed in cell.seeds if seed not in found[cell.configuration]
            )
            for cell in cells
        }

    def steps_read(self, configuration: Configuration) -> set[int]:
        """All steps at which any network of a configuration was read."""
        query = (
            select(ReadingRow.step)
            .join(ReplicateRow, ReadingRow.replicate_id == ReplicateRow.id)
            .where(ReplicateRow.configuration == self.key(configuration))
            .distinct()
        )
        with self.engine.connect() as connection:
            return set(connection.scalars(query))

    def _fully_read(self, cell: Cell) -> set[int]:
        """The seeds of a cell that were read at all its steps, or diverged and have no readings."""
        query = (
            select(ReplicateRow.seed, ReplicateRow.diverged_at, ReadingRow.step)
            .outerjoin(
                ReadingRow,
                (ReadingRow.replicate_id == ReplicateRow.id)
                & (ReadingRow.subset == "validation")
                & (ReadingRow.class_ == 0),
            )
            .where(ReplicateRow.configuration == self.key(cell.configuration))
        )
        steps: dict[int, set[int | None]] = {}
        diverged = set()
        with self.engine.connect() as connection:
            for seed, diverged_at, step in connection.execute(query):
                steps.setdefault(seed, set()).add(step)
                if diverged_at is not None:
                    diverged.add(seed)
        return diverged | {seed for seed, read in steps.items() if read.issuperset(cell.reads)}

    def add(
        self,
        records: Sequence[Record],
        *,
        backend: str,
        device: str,
        versions: Mapping[str, str],
        run_id: int | None = None,
    ) -> None:
        """Record networks and their readings, all or none.

        A network that is there already was trained again to be read at more steps. If it did the
        same as before, its new readings are added; if not (another machine, another version: long
        trainings amplify rounding), the new training replaces the old one whole, so that no network
        is a mixture of two.

        Args:
            records: the networks, no two of them the same.
            backend: what trained them.
            device: where.
            versions: of what matters to the arithmetic.
            run_id: the launch that trained them.
        """
        shared = {
            "backend": backend,
            "device": device,
            "versions": json.dumps(versions, sort_keys=True),
            "run_id": run_id,
        }
        rows = {}
        for record in records:
            row = self._row(record) | shared
            rows[str(row["key"])] = row
        readings = dict(zip(rows, map(_readings, records), strict=True))
        with self.engine.begin() as connection:
            for key, number in self._numbers(connection, rows).items():
                if self._differs(connection, number, rows[key]["diverged_at"], readings[key]):
                    connection.execute(delete(ReadingRow).where(ReadingRow.replicate_id == number))
                    connection.execute(
                        update(ReplicateRow).where(ReplicateRow.id == number).values(rows[key])
                    )
            connection.execute(self._insert_new(ReplicateRow), list(rows.values()))
            numbers = self._numbers(connection, rows)
            values = [
                {
                    "replicate_id": numbers[key],
                    "step": step,
                    "subset": subset,
                    "class": label,
                    "correct": count,
                }
                for key, places in readings.items()
                for (step, subset, label), count in places.items()
            ]
            if values:
                connection.execute(self._insert_new(ReadingRow), values)

    def _row(self, record: Record) -> dict[str, Any]:
        values = content(self.protocol, record.replicate.configuration)
        return (
            dict.fromkeys(("amplitude", "period", "tail"))
            | values
            | {
                "configuration": digest(values),
                "seed": record.replicate.seed,
                "key": digest(values | {"seed": record.replicate.seed}),
                "data": json.dumps(values["data"], sort_keys=True),
            }
            | {measure: getattr(record, measure) for measure in MEASURES}
        )

    def _differs(
        self,
        connection: Connection,
        number: int,
        diverged_at: int | None,
        readings: Mapping[tuple[int, str, int], int],
    ) -> bool:
        """Whether a network that was trained again did something else than what is stored."""
        stored = select(ReplicateRow.diverged_at).where(ReplicateRow.id == number)
        if connection.execute(stored).scalar_one() != diverged_at:
            return True
        columns = (ReadingRow.step, ReadingRow.subset, ReadingRow.class_, ReadingRow.correct)
        before = select(*columns).where(ReadingRow.replicate_id == number)
        return any(
            readings.get((step, subset, label), correct) != correct
            for step, subset, label, correct in connection.execute(before)
        )

    def _numbers(self, connection: Connection, keys: Iterable[str]) -> dict[str, int]:
        """The rows that are there, by key."""
        found: dict[str, int] = {}
        for some in batches(keys):
            query = select(ReplicateRow.key, ReplicateRow.id).where(ReplicateRow.key.in_(some))
            found.update((key, number) for key, number in connection.execute(query))
        return found

    def load(self, configurations: Iterable[Configuration]) -> pd.DataFrame:
        """All recorded replicates of some configurations, a row each, in order of their seeds."""
        keys = [self.key(configuration) for configuration in configurations]
        columns = (
            ReplicateRow.id,
            ReplicateRow.configuration,
            ReplicateRow.seed,
            ReplicateRow.diverged_at,
            ReplicateRow.train_accuracy,
            ReplicateRow.val_accuracy,
            ReplicateRow.val_accuracy_before_tail,
            ReplicateRow.forgetting,
            ReplicateRow.unrecovered,
            ReplicateRow.lasting if self.knows_lasting else null().label("lasting"),
            ReplicateRow.run_id,
        )
        rows = [
            tuple(row)  # a table is made of tuples much faster than of rows
            for batch in self._in_batches(select(*columns), ReplicateRow.configuration, keys)
            for row in batch
        ]
        frame = pd.DataFrame(rows, columns=[column.key for column in columns])
        return frame.sort_values(["configuration", "seed"], ignore_index=True)

    def readings(
        self, configuration: Configuration, seeds: Sequence[int]
    ) -> tuple[list[int], NDArray[np.float64]]:
        """Everything read of some networks of a configuration on the validation set.

        Args:
            configuration: theirs.
            seeds: theirs.

        Returns:
            The steps (M,) at which any was read, and the accuracies on each class
            (seeds, M, C), nan where not read.
        """
        data = self.protocol.data
        query = (
            select(ReplicateRow.seed, ReadingRow.step, ReadingRow.class_, ReadingRow.correct)
            .join(ReadingRow, ReadingRow.replicate_id == ReplicateRow.id)
            .where(ReplicateRow.configuration == self.key(configuration))
            .where(ReadingRow.subset == "validation")
        )
        row_of = {seed: index for index, seed in enumerate(seeds)}
        with self.engine.connect() as connection:
            rows = [row for row in map(tuple, connection.execute(query)) if row[0] in row_of]
        steps = sorted({step for _, step, _, _ in rows})
        place = {step: index for index, step in enumerate(steps)}
        found = np.full((len(seeds), len(steps), data.classes), np.nan)
        for seed, step, label, correct in rows:
            found[row_of[seed], place[step], label] = correct
        return steps, found / data.validation_points_per_class

    def _insert_new(self, table: type[Base]) -> Any:
        dialect = {"sqlite": sqlite, "postgresql": postgresql}[self.engine.dialect.name]
        return dialect.insert(table).on_conflict_do_nothing()

    def _in_batches(self, query: Any, column: Any, values: Iterable[str]) -> Iterator[Any]:
        with self.engine.connect() as connection:
            for some in batches(values):
                yield connection.execute(query.where(column.in_(some))).all()


def _readings(record: Record) -> dict[tuple[int, str, int], int]:
    """Correct answers by step, set and class, where it was read."""
    return {
        (step, subset, label): count
        for subset, counts in (
            ("train", record.correct),
            ("validation", record.validation_correct),
        )
        for step, of_class in zip(record.steps, counts.tolist(), strict=True)
        for label, count in enumerate(of_class)
        if count >= 0
    }
