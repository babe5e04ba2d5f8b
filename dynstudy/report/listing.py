"""Which studies there are: a row each, for all of them in a few queries."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import optuna
from sqlalchemy import String, cast, func, select

from dynstudy.config import Cell
from dynstudy.errors import DamagedError
from dynstudy.report.words import Status
from dynstudy.store.launches import running
from dynstudy.store.ledger import Ledger, networks_trained
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.optuna_private import TRIALS
from dynstudy.store.rename_note_tag import tags_of
from dynstudy.store.studies import Storage
from dynstudy.store.study_rows import StudyRow
from dynstudy.store.tables import RunRow
from dynstudy.study.spec import StudySpec


def study_status(running: bool, done: int, total: int) -> Status:
    """Whether a study is running, complete or incomplete."""
    if running:
        return Status.running
    return Status.complete if done >= total else Status.incomplete


def list_rows(
    storage: Storage,
    *,
    status: Status | None = None,
    kind: str | None = None,
    tags: Sequence[str] = (),
    match: str = "*",
    skip: Callable[[DamagedError], None] | None = None,
) -> list[dict[str, Any]]:
    """A row per study, by name; only those that have all `tags` and a name like ``regime-*``.

    A study that is damaged is left out and `skip` is called with what is wrong, if there is one.

    Returns:
        The rows. `networks` are those that the study needs as far as is known, `networks_trained`
        those of them in the ledger, `network_steps` the steps of their trainings; those that end
        at an onset may take fewer.

    Raises:
        DamagedError: a study is damaged, or what all studies share.
    """
    live = running(storage.engine)
    ended = func.max(cast(TRIALS.c.datetime_complete, String))
    trials = (
        select(TRIALS.c.study_id, func.count(), ended)
        .where(cast(TRIALS.c.state, String) == "COMPLETE")
        .group_by(TRIALS.c.study_id)
    )
    time = cast(RunRow.heartbeat_at, String)  # as text, lest one that is none hides all
    heartbeats = select(RunRow.study_id, func.max(time)).group_by(RunRow.study_id)
    with storage.engine.connect() as connection:
        of_trials = connection.execute(trials).all()
        complete: dict[int, int] = {row[0]: row[1] for row in of_trials}
        # a study that Optuna copied has no launch, but trials
        updated: dict[int | None, Any] = {row[0]: _in_utc(row[2]) for row in of_trials}
        updated |= {row[0]: row[1] for row in connection.execute(heartbeats)}
    rows: list[dict[str, Any]] = []
    needed, steps, of_pixels = [], [], []
    for study in storage.studies():
        if not fnmatchcase(study.study_name, match):
            continue
        try:
            spec = storage.spec(study)
            of_study = tags_of(study)
            ledger = ledger_of(storage.engine, spec)
            cells = _cells(storage, study, spec, ledger)
            seeds = {key: cell.seeds for key, cell in cells.items()}
            total = spec.planned_trials(study.user_attrs, len(seeds))
        except DamagedError as error:
            if skip is None:
                raise
            skip(error)
            continue
        if kind not in {None, spec.kind} or not set(tags) <= set(of_study):
            continue
        needed.append(seeds)
        steps.append({key: cell.steps for key, cell in cells.items()})
        of_pixels.append(ledger.pixels_trained())
        done = complete.get(study.number, 0)
        rows.append({
            "study": study.study_name,
            "kind": spec.kind,
            "loss": " ".join(spec.loss),
            "status": study_status(study.number in live, done, total),
            "cells_done": done,
            "cells": total,
            "networks": sum(map(len, seeds.values())),
            "networks_trained": 0,
            "network_steps": 0,
            "updated": (updated.get(study.number) or "")[:19] or None,
            "tags": " ".join(of_study),
        })
    of_studies = networks_trained(storage.engine, needed)
    for row, with_keys, pixels, each in zip(rows, of_studies, of_pixels, steps, strict=True):
        trained = with_keys | {key: len(of_tile) for key, of_tile in pixels.items()}
        row["networks_trained"] = sum(trained.values())
        row["network_steps"] = sum(count * each[key] for key, count in trained.items())
    return [row for row in rows if status in {None, row["status"]}]


def _in_utc(text: str | None) -> str | None:
    """A time of Optuna's, which is local."""
    try:
        return str(datetime.fromisoformat(text or "").astimezone(UTC))
    except ValueError:  # absent, or damaged, which is said where it is needed
        return None


def _cells(storage: Storage, study: StudyRow, spec: StudySpec, ledger: Ledger) -> dict[str, Cell]:
    """The cells that a study needs, by ledger configuration."""
    opened = optuna.load_study(study_name=study.study_name, storage=storage.optuna)
    return {ledger.key(cell.configuration): cell for cell in spec.cells_so_far(opened)}
