"""What holds for launches: who says that it runs does, and no more networks are its than it had."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, exists, func, select, union_all, update
from sqlalchemy.orm import Session

from dynstudy.store.launches import alive
from dynstudy.store.optuna_private import STUDIES
from dynstudy.store.tables import (
    RUNNING,
    PixelRow,
    ReplicateRow,
    ReservationRow,
    RunRow,
    WorkerRow,
)
from dynstudy.upkeep._finding import FROM_BEFORE, Finding, Inspection, Invariant

RUN: Any = RunRow.__table__
RESERVATION: Any = ReservationRow.__table__
WORKER: Any = WorkerRow.__table__
COMPLETE = "complete"


def _row(number: int) -> str:
    return f"id {number}"


def _gone(look: Inspection) -> Iterator[Finding]:
    with Session(look.connection) as session:
        running = session.scalars(select(RunRow).where(RunRow.status == RUNNING)).all()
        lost = [(row.id, row.pid, row.host) for row in running if not alive(row)]
        session.expunge_all()
    for number, pid, host in lost:
        mending = update(RUN).where(RUN.c.id == number, RUN.c.status == RUNNING)
        yield Finding(
            "dynstudy_run",
            _row(number),
            f"it says that it is running, and its process {pid} on {host} is gone",
            mending=(
                mending.values(status="lost"),
                delete(RESERVATION).where(RESERVATION.c.run_id == number),
            ),
            mends="says that it is lost (as the next dynstudy run of its study does)",
        )


def _of_no_study(look: Inspection) -> Iterator[Finding]:
    is_there = exists(select(STUDIES.c.study_id).where(STUDIES.c.study_id == RUN.c.study_id))
    query = select(RUN.c.id, RUN.c.study_id).where(RUN.c.study_id.is_not(None), ~is_there)
    for number, study in look.connection.execute(query).all():
        mending = update(RUN).where(RUN.c.id == number, RUN.c.study_id == study)
        yield Finding(
            "dynstudy_run",
            _row(number),
            f"study_id is {study}, and there is no such study any more",
            mending=(mending.values(study_id=None),),
            mends="sets it to NULL, as of a study that was deleted",
        )


def _counts(look: Inspection) -> Iterator[Finding]:
    launches = union_all(select(ReplicateRow.run_id), select(PixelRow.run_id)).subquery()
    rows = select(launches.c.run_id, func.count().label("rows")).group_by(launches.c.run_id)
    trained = rows.subquery()
    query = select(RUN.c.id, RUN.c.networks, trained.c.rows)
    query = query.join(trained, trained.c.run_id == RUN.c.id)
    # one that was killed may not have counted its last networks
    query = query.where(trained.c.rows > RUN.c.networks, RUN.c.status == COMPLETE)
    for number, networks, count in look.connection.execute(query).all():
        mending = update(RUN).where(RUN.c.id == number)
        yield Finding(
            "dynstudy_run",
            _row(number),
            f"networks is {networks}, and {count} of the ledger are its",
            mending=(mending.values(networks=count),),
            mends=f"sets it to {count}",
        )


def _reserved(look: Inspection) -> Iterator[Finding]:
    query = select(RUN.c.id, RUN.c.status, func.count()).group_by(RUN.c.id, RUN.c.status)
    query = query.join(RESERVATION, RESERVATION.c.run_id == RUN.c.id)
    for number, status, count in look.connection.execute(
        query.where(RUN.c.status != RUNNING)
    ).all():
        yield Finding(
            "dynstudy_reservation",
            f"run_id {number}",
            f"{count} networks are reserved by a launch that is {status} and trains no more",
            mending=(delete(RESERVATION).where(RESERVATION.c.run_id == number),),
            mends="frees them",
        )


def _workers(look: Inspection) -> Iterator[Finding]:
    trained = func.sum(WORKER.c.networks)
    query = select(RUN.c.id, RUN.c.networks, trained).group_by(RUN.c.id, RUN.c.networks)
    query = query.join(WORKER, WORKER.c.run_id == RUN.c.id).having(trained > RUN.c.networks)
    for number, networks, count in look.connection.execute(query).all():
        said = f"networks is {networks}, and its workers trained {count}"
        yield Finding("dynstudy_run", _row(number), said, FROM_BEFORE)


OF_LAUNCHES = (
    Invariant("running", "a launch that says it is running has a process", _gone),
    Invariant("reserved", "what is reserved is of a launch that runs", _reserved),
    Invariant("launches", "the study of a launch is there, or was deleted", _of_no_study),
    Invariant("workers", "the workers of a launch trained no more than it", _workers),
    Invariant("trained", "a launch trained at least the networks that say so", _counts),
)
