"""Launches of a study: who runs it now, what it was run with, how it ended."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dynstudy.errors import Interrupted, StudyBusyError
from dynstudy.store.provenance import provenance
from dynstudy.store.tables import Meta, RunRow
from dynstudy.study.spec import StudySpec

BEAT_SECONDS = 60
LOST_AFTER = timedelta(minutes=10)
"""A launch on another host that gave no sign for this long is taken for dead."""


class Launch:
    """A launch in progress, as its row in the database."""

    def __init__(self, engine: Engine, number: int) -> None:
        self.engine, self.id, self.interrupted = engine, number, False
        self.beaten_at = _now()

    def beat(self) -> None:
        """Say once a minute that it is alive."""
        if _now() - self.beaten_at > timedelta(seconds=BEAT_SECONDS):
            with suppress(SQLAlchemyError):  # no reason to lose what is in training
                self._set()

    def recorded(self, networks: int, backend: str, device: str) -> None:
        """Say that so many networks more are in the ledger, and what trained them."""
        self._set(networks=RunRow.networks + networks, backend=backend, device=device)

    def end(self, status: str) -> None:
        """Say how it ended."""
        self._set(status=status, ended_at=_now())

    def _set(self, **values: Any) -> None:
        self.beaten_at = _now()
        with self.engine.begin() as connection:
            row = update(RunRow).where(RunRow.id == self.id)
            connection.execute(row.values(heartbeat_at=self.beaten_at, **values))


@contextmanager
def claim(
    engine: Engine, study_id: int, spec: StudySpec, backend: str, overrides: Sequence[str] = ()
) -> Iterator[Launch]:
    """Yield a launch that keeps others off a study, or raise a `StudyBusyError` for a live one."""
    facts = provenance() | {"overrides": list(overrides)}
    columns = ("host", "pid", "process_started", "git_commit", "git_clean", "command")
    with Session(engine) as session, session.begin():
        lock(session)
        unfinished = select(RunRow).where(RunRow.study_id == study_id, RunRow.status == "running")
        for other in session.scalars(unfinished):
            if alive(other):
                raise StudyBusyError(
                    f"study {spec.name!r} is being run by process {other.pid} on {other.host}; "
                    "wait for it, or stop it first"
                )
            other.status = "lost"
        row = RunRow(
            study_id=study_id,
            status="running",
            started_at=_now(),
            heartbeat_at=_now(),
            backend=backend,
            provenance=json.dumps(facts),
            spec=json.dumps(spec.resolved(), sort_keys=True),
            **{name: facts[name] for name in columns},
        )
        session.add(row)
        session.flush()
        launch = Launch(engine, row.id)
    try:
        yield launch
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt | Interrupted)
        launch.end("interrupted" if stopped else "failed")
        raise
    launch.end("interrupted" if launch.interrupted else "complete")


def launches(engine: Engine, study_id: int) -> list[RunRow]:
    """All launches of a study, oldest first."""
    with Session(engine, expire_on_commit=False) as session:
        query = select(RunRow).where(RunRow.study_id == study_id).order_by(RunRow.id)
        return list(session.scalars(query))


def running(engine: Engine) -> set[int]:
    """Numbers of the studies that a live process is running."""
    with Session(engine) as session:
        return running_now(session)


def running_now(session: Session) -> set[int]:
    """As `running`, within a transaction."""
    rows = session.scalars(select(RunRow).where(RunRow.status == "running"))
    return {row.study_id for row in rows if row.study_id is not None and alive(row)}


def lock(session: Session | Connection) -> None:
    """Keep launches, and changes of studies, off the database until the transaction ends.

    A write locks SQLite, and the row of PostgreSQL: who comes second looks only then.
    """
    session.execute(update(Meta).where(Meta.key == "schema_version").values(value=Meta.value))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def alive(launch: RunRow) -> bool:
    """Whether the process of a launch is still there, as far as one can tell from here."""
    if launch.host != socket.gethostname():
        return _now() - launch.heartbeat_at < LOST_AFTER
    try:
        return abs(psutil.Process(launch.pid).create_time() - launch.process_started) < 2
    except psutil.Error:
        return False
