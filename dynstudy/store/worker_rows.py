"""What a launch trained, and what each of its workers did of it.

The launch counts; its counts are written whole, so that writing them again, when it is not known
whether they were written, changes nothing.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Self

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.orm import Session

from dynstudy.errors import StudyTakenError
from dynstudy.store.database import rows_among
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
        self, connection: Connection, run_id: int, worker: str, trainer: Trainer, work: Tally
    ) -> dict[tuple[int, str], Tally]:
        """Add what was trained to a launch, which this is a sign of, and to a worker with a name.

        Returns:
            What counts from now on, once it is committed: `committed` takes it.

        Raises:
            StudyTakenError: the launch is not running any more.
        """
        total = self._of_workers.get((run_id, worker), Tally()) + work
        written = {(run_id, worker): total}
        of_all = (self._of_workers | written).items()
        networks = sum(each.networks for (launch_id, _), each in of_all if launch_id == run_id)
        this = (RunRow.id == run_id, RunRow.status == RUNNING, RunRow.study_id.is_not(None))
        by = {"backend": trainer.backend, "device": trainer.device}
        launch = update(RunRow).where(*this).values(networks=networks, heartbeat_at=now(), **by)
        if not connection.execute(launch).rowcount:
            raise StudyTakenError(TAKEN)
        if worker:
            versions = json.dumps(trainer.versions, sort_keys=True)
            values = asdict(trainer) | asdict(total) | {"versions": versions, "last_at": now()}
            of_worker = (WorkerRow.run_id == run_id, WorkerRow.name == worker)
            if not connection.execute(update(WorkerRow).where(*of_worker).values(values)).rowcount:
                row = {"run_id": run_id, "name": worker} | values
                connection.execute(insert(WorkerRow).values(row))
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
