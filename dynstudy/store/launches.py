"""Launches of a study: who runs it now, what it was run with, how it ended."""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, event, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dynstudy.errors import Interrupted, StorageError, StudyBusyError, StudyTakenError
from dynstudy.store import reservations
from dynstudy.store.patience import IMPATIENT, Patience
from dynstudy.store.processes import is_there
from dynstudy.store.provenance import provenance
from dynstudy.store.tables import RUNNING, Meta, RunRow
from dynstudy.study.spec import StudySpec

TAKEN = (
    "another launch took this study over, or it was deleted; what was not recorded is dropped, and "
    "the same command goes on with the study when nobody else runs it"
)

BEAT_SECONDS = 60
LOST_AFTER = timedelta(minutes=10)
"""A launch that gave no sign for this long is taken for dead; should it go on, it is fenced."""


class Launch:
    """A launch in progress, as its row in the database."""

    def __init__(self, engine: Engine, number: int, study_id: int) -> None:
        self.engine, self.id, self.interrupted = engine, number, False
        self.patiently = IMPATIENT
        """How its end is written; with patience, once there is some."""
        self._row = RunRow.id == number, RunRow.study_id == study_id
        # while nobody else took the study over, or deleted it
        self._held = (*self._row, RunRow.status == RUNNING)

    def reserve(self, keys: Iterable[str]) -> set[str]:
        """Reserve networks by their keys, until they are recorded or this launch ends.

        Whether a network that was granted is still to be trained is looked up after this: another
        launch may have recorded it, and freed it, before.

        Returns:
            Those that no other launch, which may be alive, is training.

        Raises:
            StudyTakenError: another launch took the study over, or it was deleted.
        """
        wanted = set(keys)
        with Session(self.engine) as session, session.begin():
            lock(session)
            if not self._write(session):
                raise StudyTakenError(TAKEN)
            holders = reservations.holders(session.connection(), wanted)
            others = RunRow.id.in_({*holders.values()} - {self.id})
            unfinished = select(RunRow).where(others, RunRow.status == RUNNING)
            training = {
                row.id
                for row in session.scalars(unfinished)
                if row.study_id is not None and alive(row)
            }
            granted = {key for key in wanted if holders.get(key) not in training}
            new = {key for key in granted if holders.get(key) != self.id}
            reservations.hold(session.connection(), self.id, new)
        return granted

    def release(self, keys: Iterable[str]) -> None:
        """Let other launches train networks that this one has reserved, and does not train."""
        with self.engine.begin() as connection:
            lock(connection)
            reservations.free(connection, self.id, keys)

    def end(self, status: str) -> bool:
        """Say how it ended, and return whether the study was its own until then."""
        # it may have said so before, when the answer was lost
        ended = (*self._row, RunRow.status.in_([RUNNING, status]))
        with self.engine.begin() as connection:
            lock(connection)
            held = self._write(connection, ended, status=status, ended_at=now())
            reservations.free_of_ended(connection)
        return held

    def _write(
        self,
        connection: Connection | Session,
        row: Sequence[ColumnElement[bool]] = (),
        **values: Any,
    ) -> bool:
        """Change its row, which is a sign of life; false if it lost the study."""
        this = update(RunRow).where(*(row or self._held))
        result: Any = connection.execute(this.values(heartbeat_at=now(), **values))
        return bool(result.rowcount)

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """Let this thread commit nothing to the database once the study is no longer its own.

        Looked up in the very transaction that is committed, and locked until it is: who takes a
        study over does so before or after, never in between.
        """
        thread = threading.get_ident()
        query = select(RunRow.id).where(*self._held).with_for_update()

        def check(connection: Connection) -> None:
            if threading.get_ident() == thread and connection.execute(query).first() is None:
                raise StudyTakenError(TAKEN)

        event.listen(self.engine, "commit", check)
        try:
            yield
        finally:
            event.remove(self.engine, "commit", check)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Say that it is alive, whatever else it does, from a thread of its own."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(BEAT_SECONDS):
                # no reason to lose what is trained
                with suppress(SQLAlchemyError, StorageError), self.engine.begin() as connection:
                    self._write(connection)

        thread = threading.Thread(target=beat, name="dynstudy-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def claim(
    engine: Engine,
    study_id: int,
    spec: StudySpec,
    backend: str,
    overrides: Sequence[str] = (),
    *,
    take_over: bool = False,
    patience: Patience | None = None,
) -> Iterator[Launch]:
    """Yield a launch that keeps others off a study.

    With `take_over` it takes the study from a launch that may be alive; that one commits nothing
    any more. With `patience` it waits for a database that is not there just now.

    Raises:
        StudyBusyError: another launch may be alive.
        StudyTakenError: another launch took the study over meanwhile, or it was deleted.
    """
    patience = patience or IMPATIENT
    facts = provenance() | {"overrides": list(overrides)}
    columns = ("host", "pid", "process_started", "git_commit", "git_clean", "command")
    row = {
        "study_id": study_id,
        "status": RUNNING,
        "started_at": now(),
        "backend": backend,
        "provenance": json.dumps(facts),
        "spec": json.dumps(spec.resolved(), sort_keys=True),
        **{name: facts[name] for name in columns},
    }
    launch = Launch(engine, patience(_entered, engine, spec, row, take_over), study_id)
    launch.patiently = patience
    try:
        with launch.beating(), launch.fenced():
            yield launch
    except StudyTakenError:
        raise
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt | Interrupted)
        held = True
        with suppress(SQLAlchemyError, StorageError):  # which may be the error that ended it
            held = launch.end("interrupted" if stopped else "failed")
        if not held and not stopped:  # Optuna does not know why it does not find what it looks for
            raise StudyTakenError(TAKEN) from error
        raise
    if not launch.patiently(launch.end, "interrupted" if launch.interrupted else "complete"):
        raise StudyTakenError(TAKEN)


def _entered(engine: Engine, spec: StudySpec, row: dict[str, Any], take_over: bool) -> int:
    """The number of a launch's row, which keeps others off from then on."""
    with Session(engine) as session, session.begin():
        lock(session)
        of_study = RunRow.study_id == row["study_id"]
        for other in session.scalars(select(RunRow).where(of_study, RunRow.status == RUNNING)):
            if (other.started_at, other.provenance) == (row["started_at"], row["provenance"]):
                return other.id  # this one; the answer was lost when it was entered
            if alive(other) and not take_over:
                raise StudyBusyError(
                    f"study {spec.name!r} is being run by process {other.pid} on {other.host}"
                    f"{way_out(other)}, or take it over with --take-over"
                )
            other.status = "lost"
        made = RunRow(**row, heartbeat_at=now())
        session.add(made)
        session.flush()
        reservations.free_of_ended(session.connection())
        return made.id


def launches(engine: Engine, study_id: int) -> list[RunRow]:
    """All launches of a study, oldest first."""
    with Session(engine, expire_on_commit=False) as session:
        query = select(RunRow).where(RunRow.study_id == study_id).order_by(RunRow.id)
        return list(session.scalars(query))


def running(engine: Engine) -> dict[int, RunRow]:
    """The launches that may be alive, by the number of their study."""
    with Session(engine, expire_on_commit=False) as session:
        return running_now(session)


def running_now(session: Session) -> dict[int, RunRow]:
    """As `running`, within a transaction."""
    rows = session.scalars(select(RunRow).where(RunRow.status == RUNNING))
    return {row.study_id: row for row in rows if row.study_id is not None and alive(row)}


def way_out(launch: RunRow) -> str:
    """What to do about a launch that runs a study; of one that may be dead, until when."""
    if is_there(_process(launch)):
        return "; wait for it, or stop it first"
    last, free = (f"{time:%Y-%m-%d %H:%M:%S}" for time in (launch.heartbeat_at, _free_at(launch)))
    return f": its last sign was at {last} UTC; if it is dead, wait until {free} UTC"


def lock(session: Session | Connection) -> None:
    """Keep launches, and changes of studies, off the database until the transaction ends.

    A write locks SQLite, and the row of PostgreSQL: who comes second looks only then.
    """
    session.execute(update(Meta).where(Meta.key == "schema_version").values(value=Meta.value))


def now() -> datetime:
    """The time in UTC, as it is kept."""
    return datetime.now(UTC).replace(tzinfo=None)


def alive(launch: RunRow) -> bool:
    """Whether a launch gave a sign lately and is not known to be gone."""
    process = _process(launch)
    there = is_there(process)
    if there and process.get("namespace") is None:
        return True  # an older dynstudy, which gives no sign where a chunk takes long
    return there is not False and now() < _free_at(launch)


def _free_at(launch: RunRow) -> datetime:
    return min(launch.heartbeat_at, datetime.max - LOST_AFTER) + LOST_AFTER


def _process(launch: RunRow) -> dict[str, Any]:
    """As it told itself; an older dynstudy's launch did so in its columns alone."""
    columns = {name: getattr(launch, name) for name in ("host", "pid", "process_started")}
    return columns | (json.loads(launch.provenance).get("process") or {})
