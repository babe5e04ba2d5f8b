"""Launches are copied under numbers of their own; what was copied before is the same launch.

One that runs is, where it is copied to, one that will not go on there. Reservations are not copied.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, insert, select, tuple_, update
from sqlalchemy.orm import Session

from dynstudy.store.database import batches
from dynstudy.store.launches import alive
from dynstudy.store.tables import RUNNING, RunRow, WorkerRow

RUN: Any = RunRow.__table__
WORKER: Any = WorkerRow.__table__
SAME = ("started_at", "host", "pid", "process_started", "command")
"""What tells a launch from all others, in whatever database."""

ONGOING = ("status", "heartbeat_at", "ended_at", "networks", "backend", "device")
"""What changes while it runs."""


class CopiedLaunches:
    """Those of one database that were copied into another one.

    `number_in_target` has their numbers there by those they are copied from.
    """

    def __init__(self) -> None:
        self.number_in_target: dict[int, int] = {}
        self._rows: dict[int, dict[str, Any]] = {}
        self._workers: dict[int, list[dict[str, Any]]] = {}

    def read(self, source: Connection, numbers: Iterable[int]) -> None:
        """Read launches by their numbers, within a snapshot."""
        for batch in batches(numbers):
            with Session(source) as session:
                rows = session.scalars(select(RunRow).where(RunRow.id.in_(batch))).all()
                running = {row.id: alive(row) for row in rows if row.status == RUNNING}
            for row in source.execute(select(RUN).where(RUN.c.id.in_(batch))).mappings():
                facts = {name: value for name, value in row.items() if name not in KEPT_APART}
                if row["id"] in running:
                    facts["status"] = "interrupted" if running[row["id"]] else "lost"
                self._rows[row["id"]] = facts
            for worker in source.execute(
                select(WORKER).where(WORKER.c.run_id.in_(batch))
            ).mappings():
                facts = {name: value for name, value in worker.items() if name != "run_id"}
                self._workers.setdefault(worker["run_id"], []).append(facts)

    def write(self, target: Connection) -> None:
        """Write them into a database that is locked; those that are there are told of anew."""
        there = self._there(target)
        for number, facts in sorted(self._rows.items()):
            same = tuple(facts[name] for name in SAME)
            before = there.get(same)
            if before is None:
                new = target.scalar(
                    insert(RUN).values(facts | {"study_id": None}).returning(RUN.c.id)
                )
                assert new is not None
            else:
                new, heartbeat = before
                if facts["heartbeat_at"] <= heartbeat:
                    self.number_in_target[number] = new
                    continue
                later = {name: facts[name] for name in ONGOING}
                target.execute(update(RUN).where(RUN.c.id == new).values(later))
                target.execute(delete(WORKER).where(WORKER.c.run_id == new))
            self.number_in_target[number] = new
            if workers := self._workers.get(number):
                target.execute(insert(WORKER), [each | {"run_id": new} for each in workers])

    def _there(self, target: Connection) -> dict[tuple[Any, ...], tuple[int, Any]]:
        """The number and the last sign of those that were copied before."""
        columns = [RUN.c[name] for name in SAME]
        wanted = sorted({tuple(facts[name] for name in SAME) for facts in self._rows.values()})
        rows: list[Any] = []
        for first in range(0, len(wanted), 100):
            among = tuple_(*columns[:3]).in_([each[:3] for each in wanted[first : first + 100]])
            rows += target.execute(
                select(RUN.c.id, RUN.c.heartbeat_at, *columns).where(among)
            ).all()
        return {tuple(same): (number, heartbeat) for number, heartbeat, *same in rows}


KEPT_APART = {"id", "study_id"}
"""Numbers, which a database gives."""
