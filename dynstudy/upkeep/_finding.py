"""What is wrong with a row of a database, and what mends it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, TableClause
from sqlalchemy.sql.base import Executable

from dynstudy.store.studies import Storage

REPLAYED = (
    "dynstudy delete {study!r} and dynstudy run make its trials anew: networks stay in the ledger, "
    "and none is trained again"
)
"""The way out of whatever is wrong with the trials of a study whose cells are those of a grid."""

FROM_BEFORE = "take a copy of the database from before"

HowFar = Callable[[str, int, int], None]
"""Told what is looked at, how many of them are done, and how many there are."""


@dataclass(frozen=True)
class Finding:
    """A row that is not as dynstudy leaves it."""

    table: str
    row: str
    problem: str
    way_out: str = ""  # of one that is not mended
    mending: tuple[Executable, ...] = field(default=(), repr=False)  # run in one transaction
    mends: str = ""  # what these do
    broken: bool = True  # else worth to know, and no more

    def __str__(self) -> str:
        way_out = f"--mend {self.mends}" if self.mending else self.way_out
        where = f"table {self.table}, {self.row}: " if self.row else f"table {self.table}: "
        return f"{where}{self.problem}{'; ' * bool(way_out)}{way_out}"

    @property
    def facts(self) -> dict[str, Any]:
        """As a program reads it."""
        names = ("table", "row", "problem", "way_out", "mends")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Inspection:
    """What an invariant is held against."""

    storage: Storage
    connection: Connection  # a snapshot, or a transaction that has the database to itself
    report: HowFar = lambda *_: None


@dataclass(frozen=True)
class Invariant:
    """What holds for every database that dynstudy alone has written to."""

    name: str
    holds: str  # in one sentence
    violations: Callable[[Inspection], Iterator[Finding]]


def untyped(name: str, *columns: str) -> TableClause:
    """A table whose values are read as they are, whatever they are."""
    return sqlalchemy.table(name, *map(sqlalchemy.column, columns))
