"""Deleting a study, and on request the networks that no other study needs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import optuna
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from dynstudy.arrays import Array
from dynstudy.errors import StorageError, StudyBusyError
from dynstudy.store import pixels, series
from dynstudy.store.database import batches, rows_among
from dynstudy.store.launches import lock, running_now
from dynstudy.store.migrations import WORKERS_SINCE, version
from dynstudy.store.needed import networks_needed, pixels_needed
from dynstudy.store.optuna_private import STUDIES, TRIALS
from dynstudy.store.rename_note_tag import refuse_if_running
from dynstudy.store.reservations import free_of_ended
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow, RunRow


@dataclass(frozen=True)
class Deletion:
    """What goes with a study."""

    study: str
    number: int  # Optuna's
    trials: int
    purge: bool
    networks: tuple[int, ...]  # rows of dynstudy_replicate that go with it
    pixels: Mapping[int, Array]  # by the row of their plane, those that do: `IN_PLANE` (columns, n)
    shared: int  # networks of the study that other studies need as well
    last_launch: int  # of any study when this was counted

    @property
    def count(self) -> int:
        """How many networks go with it."""
        return len(self.networks) + sum(each.shape[1] for each in self.pixels.values())


def plan_deletion(storage: Storage, name: str, *, purge: bool = False) -> Deletion:
    """Count what would go with a study; with `purge`, its networks that no other study needs."""
    study = storage.study(name)
    number = storage.study_id(study)
    with Session(storage.engine) as session:
        last = _last_launch(session)
        query = select(func.count()).where(TRIALS.c.study_id == number)
        trials = int(session.execute(query).scalar_one())
    recorded = _recorded(storage, study) if purge else {}
    shared = _needed_elsewhere(storage, name, set(recorded.values())) if recorded else set()
    spare = tuple(row for row, network in recorded.items() if network not in shared)
    of_planes, elsewhere = _spare_pixels(storage, study) if purge else ({}, 0)
    stay = len(recorded) - len(spare) + elsewhere
    return Deletion(name, number, trials, purge, spare, of_planes, stay, last)


def _last_launch(session: Session) -> int:
    return session.execute(select(func.max(RunRow.id))).scalar_one_or_none() or 0


NetworkKey = tuple[str, int]  # configuration and seed


def _recorded(storage: Storage, study: optuna.Study) -> dict[int, NetworkKey]:
    """The networks of a study that the ledger has, by their row."""
    needed = networks_needed(storage.spec(study), study)
    query = select(ReplicateRow.id, ReplicateRow.configuration, ReplicateRow.seed)
    with storage.engine.connect() as connection:
        rows = rows_among(connection, query, ReplicateRow.configuration, needed)
        return {row: (key, seed) for row, key, seed in rows if seed in needed[key]}


def _needed_elsewhere(storage: Storage, name: str, networks: set[NetworkKey]) -> set[NetworkKey]:
    """Those of some networks that other studies need."""
    shared: set[NetworkKey] = set()
    for other in storage.names():
        if other != name:
            study = storage.study(other)
            needed = networks_needed(storage.spec(study), study)
            shared |= {(key, seed) for key, seed in networks if seed in needed.get(key, ())}
    return shared


def _spare_pixels(storage: Storage, study: optuna.Study) -> tuple[dict[int, Array], int]:
    """The pixels of an atlas that no other one needs, by their planes, and how many others do."""
    mine = pixels_needed(storage.engine, storage.spec(study))
    spare: dict[int, Array] = {}
    shared = 0
    if mine is None:
        return spare, shared
    others = [storage.study(name) for name in storage.names() if name != study.study_name]
    needed = [pixels_needed(storage.engine, storage.spec(other)) for other in others]
    with storage.engine.connect() as connection:
        for number, plane in pixels.planes_among(connection, mine.planes).items():
            parts = []
            for part in pixels.read_pixels(connection, [number], mine.bounds, pixels.IN_PLANE):
                columns = dict(zip(pixels.IN_PLANE, part, strict=True))
                here, elsewhere = mine.among(plane, columns), np.zeros(part.shape[1], bool)
                for other in needed:
                    if other is not None and plane in other.planes:
                        elsewhere |= other.among(plane, columns)
                parts.append(part[:, here & ~elsewhere])
                shared += int((here & elsewhere).sum())
            if parts:
                spare[number] = np.hstack(parts)
    return spare, shared


def delete_study(storage: Storage, planned: Deletion) -> None:
    """Delete a study, all or nothing; its launches stay in ``dynstudy_run``, without a study."""
    if planned.purge:
        storage.upgrade()
    # Optuna deletes in this session of its own and commits it, with all that we do in it before.
    with storage.optuna.scoped_session() as session:
        lock(session)
        _check_unchanged(session, planned)
        series.remove(session, planned.networks)
        for batch in batches(planned.networks):
            session.execute(delete(ReplicateRow).where(ReplicateRow.id.in_(batch)))
        if planned.purge:
            series.remove_unused_steps(session)
            for plane, of_plane in planned.pixels.items():
                pixels.remove_pixels(session.connection(), plane, of_plane)
            pixels.remove_empty_planes(session.connection())
        launches = RunRow.study_id == planned.number
        session.execute(update(RunRow).where(launches).values(study_id=None))
        if version(session.connection()) >= WORKERS_SINCE:
            free_of_ended(session.connection())
        storage.optuna.delete_study(planned.number)
    if planned.study in storage.names():  # Optuna is silent on a broken constraint
        raise StorageError(f"study {planned.study!r}: the database refused to delete it")


def _check_unchanged(session: Session, planned: Deletion) -> None:
    """Refuse where somebody else is at work, or was since the deletion was planned."""
    refuse_if_running(session, planned.number, planned.study)
    if planned.purge and running_now(session):
        raise StudyBusyError(
            f"study {planned.study!r}: another study is being run and may take networks from the "
            "ledger; purge when it is done, or delete without --purge"
        )
    names = select(STUDIES.c.study_name).where(STUDIES.c.study_id == planned.number)
    unchanged = session.execute(names).scalar_one_or_none() == planned.study
    if not unchanged or _last_launch(session) != planned.last_launch:
        raise StorageError(
            f"study {planned.study!r}: the storage changed meanwhile, nothing is deleted; try again"
        )
