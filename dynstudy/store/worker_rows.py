"""What a launch trained, and what each of its workers did of it.

The launch counts; its counts are written whole, so that writing them again, when it is not known
whether they were written, changes nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.orm import Session

from dynstudy.errors import StudyTakenError
from dynstudy.store.database import batches, insert_rows, rows_among
from dynstudy.store.launches import TAKEN, now
from dynstudy.store.migrations import WORKERS_SINCE, version
from dynstudy.store.provenance import Trainer
from dynstudy.store.tables import RUNNING, RunRow, WorkerRow


@dataclass(frozen=True)
class Tally:
    """What was trained."""

    networks: int = 0
    network_steps: int = 0  # of all of them
    seconds: float = 0.0  # that their training took where it was done

    def __add__(self, other: Self) -> "Tally":
        return Tally(
            self.networks + other.networks,
            self.network_steps + other.network_steps,
            self.seconds + other.seconds,
        )


class Account:
    """What a launch trained, as its process counts it; one ledger counts all that it records."""

    def __init__(self) -> None:
        self._of_workers: dict[tuple[int, str], Tally] = {}

    def write(
        self, connection: Connection, run_id: int, did: Sequence[tuple[str, Trainer, Tally]]
    ) -> dict[tuple[int, str], Tally]:
        """Add what workers did to a launch, which this is a sign of, and to those with a name.

        Returns:
            What counts from now on, once it is committed: `committed` takes it.

        Raises:
            StudyTakenError: the launch is not running any more.
        """
        written: dict[tuple[int, str], Tally] = {}
        rows: dict[str, dict[str, Any]] = {}
        for worker, trainer, tally in did:
            this = (run_id, worker)
            written[this] = (written.get(this) or self._of_workers.get(this, Tally())) + tally
            versions = json.dumps(trainer.versions, sort_keys=True)
            row = vars(trainer) | {"run_id": run_id, "name": worker, "versions": versions}
            rows[worker] = row | asdict(written[this]) | {"last_at": now()}
        of_all = (self._of_workers | written).items()
        networks = sum(each.networks for (launch, _), each in of_all if launch == run_id)
        last = {name: getattr(did[-1][1], name) for name in ("backend", "device")} if did else {}
        held = (RunRow.id == run_id, RunRow.status == RUNNING, RunRow.study_id.is_not(None))
        change = update(RunRow).where(*held).values(networks=networks, heartbeat_at=now(), **last)
        if not connection.execute(change).rowcount:
            raise StudyTakenError(TAKEN)
        of_launch = delete(WorkerRow).where(WorkerRow.run_id == run_id)
        names = sorted(rows.keys() - {""})
        for batch in batches(names):
            connection.execute(of_launch.where(WorkerRow.name.in_(batch)))
        insert_rows(connection, WorkerRow, [rows[name] for name in names])
        return written

    def committed(self, written: Mapping[tuple[int, str], Tally]) -> None:
        """Count what was written, and only now: what is tried again counts once."""
        self._of_workers |= written


def workers_of(engine: Engine, run_ids: Iterable[int]) -> dict[int, list[WorkerRow]]:
    """Return the workers of some launches, by launch, in the order of their names.

    Those of launches of an older dynstudy are not known.
    """
    by_launch: dict[int, list[WorkerRow]] = {}
    with Session(engine, expire_on_commit=False) as session:
        if version(session.connection()) >= WORKERS_SINCE:
            query = select(WorkerRow).order_by(WorkerRow.name)
            for (row,) in rows_among(session, query, WorkerRow.run_id, run_ids):
                by_launch.setdefault(row.run_id, []).append(row)
    return by_launch
