"""A database is held against everything that should hold for it, and mended where it can be."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from dynstudy.errors import DamagedError, StorageError, StudyBusyError
from dynstudy.store.launches import lock, running
from dynstudy.store.migrations import TABLES_OF_NETWORKS, missing_columns, version
from dynstudy.store.optuna_private import TRIALS
from dynstudy.store.studies import Storage
from dynstudy.store.tables import SCHEMA_VERSION, PixelRow, ReplicateRow, RunRow, SeriesRow
from dynstudy.upkeep._finding import Finding, HowFar, Inspection
from dynstudy.upkeep._invariants_of_launches import OF_LAUNCHES
from dynstudy.upkeep._invariants_of_networks import OF_NETWORKS
from dynstudy.upkeep._invariants_of_planes import OF_PLANES
from dynstudy.upkeep._invariants_of_studies import OF_STUDIES
from dynstudy.upkeep._invariants_of_tables import FILE, MISSING, OF_TABLES
from dynstudy.upkeep._invariants_of_values import OF_VALUES
from dynstudy.upkeep.snapshot import snapshot

INVARIANTS = (*OF_TABLES, *OF_STUDIES, *OF_NETWORKS, *OF_PLANES, *OF_VALUES, *OF_LAUNCHES)
"""All of them; each says in one sentence what holds."""


@dataclass
class Condition:
    """What was looked at, and what is wrong with it."""

    looked: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def broken(self) -> list[Finding]:
        """What is not as it should be."""
        return [finding for finding in self.findings if finding.broken]


def schema_version(storage: Storage) -> int:
    """The version of the tables of a database."""
    with storage.engine.connect() as connection:
        return version(connection)


def outdated(storage: Storage) -> str:
    """Why not all of a database can be looked at, since an older dynstudy made it; or nothing."""
    with storage.engine.connect() as connection:
        number = version(connection)
        if number < SCHEMA_VERSION:
            return f"its schema is {number}, and this dynstudy's {SCHEMA_VERSION}"
        for table in TABLES_OF_NETWORKS:
            if missing := missing_columns(connection, table):
                return f"{table.__tablename__} has no column {min(missing)} yet"
    return ""


def refuse_outdated(storage: Storage) -> None:
    """Raise a `StorageError` where an older dynstudy made a database."""
    if why := outdated(storage):
        raise StorageError(
            f"storage {storage.url}: {why}; dynstudy storage upgrade brings it up to date"
        )


def check_database(storage: Storage, report: HowFar = lambda *_: None) -> Condition:
    """Return what is wrong with a database, as it is at one moment, whoever writes to it meanwhile.

    Raises:
        StorageError: an older dynstudy made it, or it cannot be read at all.
    """
    refuse_outdated(storage)
    with snapshot(storage.engine) as connection:
        look = Inspection(storage, connection, report)
        findings = list(_violations(look))
        return Condition(_looked_at(connection, findings), findings)


def _violations(look: Inspection) -> Iterator[Finding]:
    damaged, whole = False, True
    for invariant in INVARIANTS:
        look.report(invariant.holds, 0, 0)
        try:
            for finding in invariant.violations(look):
                damaged |= finding.broken
                yield finding
                if finding.table == FILE or finding.problem == MISSING:
                    whole = False
        except DamagedError as error:  # which keeps it from being looked at to the end
            if not damaged:
                yield Finding("of the database", "", str(error), "mend it")
        if not whole:
            return


def _looked_at(connection: Connection, findings: list[Finding]) -> str:
    """How much was looked at, in words."""
    if any(finding.table == FILE or finding.problem == MISSING for finding in findings):
        return "looked at the tables alone, since they are not whole"
    counts: dict[str, Any] = {
        "networks": select(func.count()).select_from(ReplicateRow),
        "series": select(func.count()).select_from(SeriesRow),
        "pixels": select(func.count()).select_from(PixelRow),
        "trials": select(func.count()).select_from(TRIALS),
        "launches": select(func.count()).select_from(RunRow),
    }
    numbers = {name: connection.scalar(query) for name, query in counts.items()}
    parts = [f"{count} {name}" for name, count in numbers.items() if count or name != "pixels"]
    return f"looked at {', '.join(parts)}"


def mend_all(
    storage: Storage, say: Callable[[Finding], None], report: HowFar = lambda *_: None
) -> None:
    """Mend what can be, invariant after invariant, each in a transaction in which nobody writes.

    What one leaves right the next can build on: trials are the means of networks that are mended.

    Args:
        storage: opened to write.
        say: called with each finding that was mended.
        report: told how far this is.

    Raises:
        StudyBusyError: a study is being run.
    """
    for invariant in INVARIANTS:
        report(invariant.holds, 0, 0)
        mended: list[Finding] = []
        with storage.engine.begin() as connection:
            lock(connection)
            refuse_while_running(storage)
            with suppress(DamagedError):  # as `check_database` says
                mended += invariant.violations(Inspection(storage, connection, report))
            for statement in (each for finding in mended for each in finding.mending):
                connection.execute(statement)
        for finding in mended:
            if finding.mending:
                say(finding)


def refuse_while_running(storage: Storage) -> None:
    """Raise a `StudyBusyError` where any study is being run."""
    if busy := running(storage.engine):
        raise StudyBusyError(
            f"storage {storage.url}: {len(busy)} of its studies "
            f"{'is' if len(busy) == 1 else 'are'} being run, which mending would disturb; wait, or "
            "stop them first"
        )
