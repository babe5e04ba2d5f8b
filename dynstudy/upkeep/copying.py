"""Studies and their networks are copied from one database into another, whichever each is of.

What is copied is what was there at one moment. Launches go first, then networks, in batches, then
each study in one transaction: whenever this is killed, what is there is a ledger with more networks
in it, and doing it again comes to the same end.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

import optuna
from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from dynstudy.errors import StudyBusyError, StudyNotFoundError, nearest
from dynstudy.statistics.labelled_cells import cells_asked_for
from dynstudy.statistics.samples import read_samples, rows_digest
from dynstudy.store.database import database_errors
from dynstudy.store.launches import lock, running_now, way_out
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.needed import networks_needed
from dynstudy.store.optuna_private import STUDIES
from dynstudy.store.studies import Storage
from dynstudy.store.study_rows import StudyRow, read_studies
from dynstudy.store.tables import ReplicateRow, RunRow
from dynstudy.study.spec import StudySpec
from dynstudy.upkeep._copied_launches import CopiedLaunches
from dynstudy.upkeep._copied_networks import Merged, groups, merge, read_networks, verify
from dynstudy.upkeep._copied_pixels import (
    PlaneToCopy,
    launches_of,
    merge_pixels,
    planes,
    rows_of,
    verify_pixels,
)
from dynstudy.upkeep._copied_studies import StudyRows, StudyToCopy, study_waits
from dynstudy.upkeep._finding import HowFar, Inspection
from dynstudy.upkeep._invariants_of_values import wrong_trials
from dynstudy.upkeep._trials_read import StudyRead
from dynstudy.upkeep.snapshot import handed, snapshot

OnSaid = Callable[[str], None]


@dataclass(frozen=True)
class Copied:
    """What was copied."""

    studies: int
    networks: int  # that were not there
    there: int  # that are the same there
    joined: int  # that are the same there, of which one of the two has, or had, more readings
    different: int  # that are others there, trained elsewhere or by other versions, and stay


def copy_studies(
    source: Storage,
    target: Storage,
    names: Sequence[str] = (),
    *,
    say: OnSaid = lambda _: None,
    report: HowFar = lambda *_: None,
) -> Copied:
    """Copy studies with their networks and launches; without names all there is.

    Args:
        source: may be in use.
        target: may be in use, but for the studies that are copied; opened to write.
        names: of the studies.
        say: called with what a person should know, a line at a time.
        report: told how far this is.

    Returns:
        What was copied.

    Raises:
        StorageError: the databases cannot be read or written, or something is not there in the end.
        StudyMismatchError: a study of that name is there and another one.
        StudyBusyError: a study that is there is being run, and would be changed.
    """
    with database_errors(source.url, source.engine), snapshot(source.engine) as connection:
        return _Copy(source, connection, target, say, report).all_of(names)


class _Copy:
    """A copy under way."""

    def __init__(
        self, source: Storage, connection: Connection, target: Storage, say: OnSaid, report: HowFar
    ) -> None:
        self.source, self.connection, self.target = source, connection, target
        self.say, self.report = say, report
        self.rows = {row.number: row for row in read_studies(connection)}
        self.launches, self.merged = CopiedLaunches(), Merged()

    def all_of(self, names: Sequence[str]) -> Copied:
        studies = self._studies(names)
        for study in studies:  # before anything is written
            self._refuse_another(study)
        wanted = self._wanted(studies if names else None)
        specs = [study.spec for study in studies if study.spec is not None]
        of_planes = planes(self.connection, specs if names else None)
        launches = self._launches(studies, wanted, whole=not names)
        launches.update(*(launches_of(self.connection, plane) for plane in of_planes))
        self.launches.read(self.connection, launches)
        with self._writing() as connection:
            self.launches.write(connection)
        self._networks(wanted)
        for plane, rows in rows_of(self.connection, of_planes, partial(self.report, "planes")):
            with self._writing() as connection:
                merge_pixels(connection, plane, rows, self.launches.number_in_target, self.merged)
        for number, study in enumerate(studies):
            self.report(f"study {study.name}", number, len(studies))
            self._study(study)
        self._verify(wanted, of_planes)
        for study in studies:
            self._compare(study)
        merged = self.merged
        numbers = merged.added, merged.there, len(merged.joined), len(merged.different)
        return Copied(len(studies), *numbers)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction in which nobody else writes to the target."""
        errors = database_errors(self.target.url, self.target.engine)
        with errors, self.target.engine.begin() as connection:
            lock(connection)
            yield connection

    def _studies(self, names: Sequence[str]) -> list[StudyToCopy]:
        """Those of some names, or all, Optuna's other ones included."""
        query = select(STUDIES.c.study_id, STUDIES.c.study_name).order_by(STUDIES.c.study_id)
        there = {name: number for number, name in self.connection.execute(query)}
        for name in names:
            if name not in there:
                hint = nearest(name, map(str, there))
                raise StudyNotFoundError(f"study {name!r} is not in {self.source.url}{hint}")
        chosen = dict.fromkeys(names or there)
        return [StudyToCopy(there[name], name, self._spec(there[name])) for name in chosen]

    def _spec(self, number: int) -> StudySpec | None:
        row = self.rows.get(number)
        return None if row is None else self.source.spec(row)

    def _refuse_another(self, study: StudyToCopy) -> None:
        """Find out whether the study that has its name in the target is the same."""
        with self._writing() as connection:
            if (there := _named(connection, study.name)) is not None:
                rows = StudyRows(self.connection, study)
                rows.complete(
                    connection, there, self._spec_there(connection, there), self.target.url
                )
                connection.rollback()  # it only showed that it can be done

    def _spec_there(self, connection: Connection, number: int) -> StudySpec | None:
        row = next((each for each in read_studies(connection) if each.number == number), None)
        return None if row is None else self.target.spec(row)

    def _wanted(self, studies: Sequence[StudyToCopy] | None) -> dict[str, range | None]:
        """The seeds that are copied of each cell; all cells and all seeds, if of no studies."""
        if studies is None:
            query = select(ReplicateRow.configuration).distinct()
            return dict.fromkeys(self.connection.scalars(query))
        wanted: dict[str, range | None] = {}
        for study in studies:
            if study.spec is None:
                continue
            read = cast(optuna.Study, StudyRead(self.connection, self.rows[study.number]))
            for key, seeds in networks_needed(study.spec, read).items():
                before = wanted.get(key, range(0)) or range(0)
                low = min(seeds.start, before.start) if before else seeds.start
                wanted[key] = range(low, max(seeds.stop, before.stop))
        return wanted

    def _launches(
        self, studies: Sequence[StudyToCopy], wanted: dict[str, range | None], *, whole: bool
    ) -> set[int]:
        """Those of the studies, and those that trained the networks."""
        if whole:
            return set(self.connection.scalars(select(RunRow.id)))
        numbers = [study.number for study in studies]
        launched = set(
            self.connection.scalars(select(RunRow.id).where(RunRow.study_id.in_(numbers)))
        )
        trained = select(ReplicateRow.run_id).where(ReplicateRow.run_id.is_not(None)).distinct()
        for keys in groups(wanted):
            among = trained.where(ReplicateRow.configuration.in_(keys))
            launched.update(number for number in self.connection.scalars(among) if number)
        return launched

    def _networks(self, wanted: dict[str, range | None]) -> None:
        done = 0
        for keys in groups(wanted):
            read = read_networks(self.connection, wanted, keys)
            if read.rows:
                with self._writing() as connection:
                    merge(connection, read, self.launches.number_in_target, self.merged)
            done += len(keys)
            self.report("networks", done, len(wanted))

    def _study(self, study: StudyToCopy) -> None:
        rows = StudyRows(self.connection, study)
        with self._writing() as connection:
            number = _named(connection, study.name)
            if number is None:
                number = rows.write(connection)
            else:
                spec = self._spec_there(connection, number)
                changed = rows.complete(connection, number, spec, self.target.url)
                with Session(connection) as session:
                    launch = running_now(session).get(number)
                if changed and launch is not None:
                    raise StudyBusyError(
                        f"study {study.name!r} in {self.target.url} is being run"
                        f"{way_out(launch)}, and copy again"
                    )
            launched = select(RunRow.id).where(RunRow.study_id == study.number)
            its = [self.launches.number_in_target[old] for old in self.connection.scalars(launched)]
            free = RunRow.id.in_(its), RunRow.study_id.is_(None)
            connection.execute(update(RunRow).where(*free).values(study_id=number))
            others = self._of_other_networks(connection, number)
        if others:
            self.say(
                f"study {study.name!r}: {others} trials are the means of networks that stay there"
            )
        if waiting := study_waits(rows):
            self.say(
                f"study {study.name!r}: {waiting} trials wait to be trained; go on with it in one "
                "of the two databases, not in both"
            )

    def _of_other_networks(self, connection: Connection, number: int) -> int:
        """Let trials be the means of the networks that are others there; how many that changes."""
        row = next((each for each in read_studies(connection) if each.number == number), None)
        if not self.merged.different or row is None:
            return 0
        look = Inspection(self.target, connection)
        wrong = list(wrong_trials(look, row, self.target.spec(row)))
        for statement in (each for finding in wrong for each in finding.mending):
            connection.execute(statement)
        return sum(bool(finding.mending) for finding in wrong)

    def _verify(self, wanted: dict[str, range | None], of_planes: Sequence[PlaneToCopy]) -> None:
        """Read back what was written."""
        done = 0
        with (
            database_errors(self.target.url, self.target.engine),
            snapshot(self.target.engine) as there,
        ):
            for keys in groups(wanted):
                read = read_networks(self.connection, wanted, keys)
                verify(read, read_networks(there, wanted, keys), self.merged)
                done += len(keys)
                self.report("verified", done, len(wanted))
            report = partial(self.report, "planes verified")
            for plane, rows in rows_of(self.connection, of_planes, report):
                verify_pixels(there, plane, rows, self.merged)

    def _compare(self, study: StudyToCopy) -> None:
        """Say what a study stands on in both databases."""
        if study.spec is None:
            self.say(f"study {study.name!r}: copied; dynstudy did not make it")
            return
        here = ledger_digest(self.connection, self.rows[study.number], study.spec)
        with (
            database_errors(self.target.url, self.target.engine),
            snapshot(self.target.engine) as connection,
        ):
            row = next(each for each in read_studies(connection) if each.study_name == study.name)
            spec = self.target.spec(row)
            there = ledger_digest(connection, row, spec)
        if here == there:
            self.say(f"study {study.name!r}: ledger rows: SHA-256 {here}, in both")
            return
        self.say(
            f"study {study.name!r}: ledger rows: SHA-256 {here} here and {there} there, where it "
            "has more networks, or others of the same keys, which stay"
        )


def _named(connection: Connection, name: str) -> int | None:
    query = select(STUDIES.c.study_id).where(STUDIES.c.study_name == name)
    number = connection.execute(query).scalar_one_or_none()
    return None if number is None else int(number)


def ledger_digest(connection: Connection, study: StudyRow, spec: StudySpec) -> str:
    """SHA-256 of the rows that a study stands on within a snapshot, as ``dynstudy show`` has it."""
    ledger = ledger_of(handed(connection), spec)
    every = spec.cells(cast(optuna.Study, StudyRead(connection, study)))
    cells = cells_asked_for(ledger, every, spec)
    keys = [ledger.key(cell.configuration) for cell in cells]
    return rows_digest(keys, read_samples(ledger, cells))
