"""A launch from end to end: the study is claimed, what it lacks is trained, and its end is told."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from rich.markup import escape

from dynstudy.launch.backend_check import check_backend, check_study
from dynstudy.launch.executors import on_this_machine
from dynstudy.launch.executors.executor import Executor
from dynstudy.launch.interrupts import Interrupts
from dynstudy.launch.own_model import try_model
from dynstudy.launch.progress import Progress
from dynstudy.launch.progress_display import listeners
from dynstudy.launch.run_atlas import run_atlas
from dynstudy.launch.run_boundary import run_boundary
from dynstudy.launch.run_map import run_map
from dynstudy.launch.run_search import run_search
from dynstudy.launch.training import Training
from dynstudy.measure.records import curvature_said
from dynstudy.notebook import html_table
from dynstudy.store.database import database_errors, storage_url
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.launches import claim
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.patience import PATIENCE_SECONDS, Patience
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from dynstudy.study.task import Task

RUNS: dict[str, Callable[[Any, optuna.Study, Training], tuple[int, int]]] = {
    "map": run_map,
    "search": run_search,
    "boundary": run_boundary,
    "atlas": run_atlas,
}
"""By kind of study, what trains it: the cells that it is to have, and how many are not trials."""


@dataclass(frozen=True)
class Summary:
    """What a launch did."""

    study: str
    cells: int  # of the study
    trained: int  # networks
    reused: int  # networks that the ledger had
    diverged: int  # of those trained
    seconds: float
    interrupted: bool
    abandoned: bool  # the training thread could not be stopped and ends with the process
    storage: Storage = field(repr=False)  # where it is
    ledger: LaunchLedger = field(repr=False)  # which has its networks in memory

    def __str__(self) -> str:
        return (
            f"{self.study}: {self.trained} networks trained, {self.reused} taken from the ledger, "
            f"{self.diverged} diverged, {self.cells} cells, {self.seconds:.1f} s"
        )

    def __rich__(self) -> str:
        return escape(str(self))

    def _repr_html_(self) -> str:
        how = "interrupted; the same call resumes it" if self.interrupted else "done"
        facts = {
            "networks trained": f"{self.trained}",
            "taken from the ledger": f"{self.reused}",
            "diverged": f"{self.diverged}",
            "cells": f"{self.cells}",
            "seconds": f"{self.seconds:.1f}",
        }
        return html_table(f"{self.study}: {how}, in {self.storage.url}", [facts])


def run(
    spec: StudySpec,
    *,
    task: Task | None = None,
    storage: str | Path | Storage | None = None,
    backend: str = "auto",
    workers: int | None = None,
    executor: Executor | None = None,
    patience: float = PATIENCE_SECONDS,
    extend: bool = False,
    take_over: bool = False,
    overrides: Sequence[str] = (),
    report: Callable[[Progress], None] | None = None,
    log: Callable[[str], None] | None = None,
) -> Summary:
    """Launch a study or resume it: train what the ledger lacks, record it, make cells trials.

    The first Ctrl-C lets the chunk in flight finish and be recorded; the second one drops it.

    Args:
        spec: the study, from `dynstudy.load_spec`.
        task: data, model and optimiser in the place of the study's.
        storage: the path of an SQLite file, a database URL or an open storage; if None, the
            environment's or the default.
        backend: see `dynstudy.train.train`.
        workers: so many processes on this machine train; if None, this one does, or one for each
            card where there are several.
        executor: what trains instead, such as the workers of a scheduler
            (`dynstudy.launch.executors.dask.connect`); it is ended with the launch.
        patience: seconds to wait for a database, or for workers, that are not there.
        extend: let an existing study grow to a superset of its cells, or of the curvature read.
        take_over: take the study from a launch that gives no sign; if it lives, it records nothing
            any more and ends.
        overrides: what replaced values of the study file, to be kept with the launch.
        report: called about ten times a second with the progress; a notebook shows a bar if neither
            this nor `log` is given.
        log: called with what a person should know besides, a line at a time.

    Returns:
        What was done.

    Raises:
        SpecError: a model, data or a file is not there, or cannot be trained.
        StorageError: the database cannot be used.
        StudyMismatchError: the study exists and means something else.
        StudyBusyError: another process is running it.
        StudyTakenError: another launch took the study over meanwhile.
        BackendError: the backend is not on this machine, or cannot train such networks.
        ClusterError: nothing can be trained there any more, or a network ended all that trained it;
            what was recorded stays.
    """
    if task is not None:
        spec = task.of(spec)
    with ExitStack() as stack:
        # what is wrong is found before anything is written
        if executor is not None:
            stack.enter_context(executor)
            check_study(spec)
        else:
            trained_by = check_backend(backend, spec)
            executor = stack.enter_context(on_this_machine(trained_by, workers, patience))
        began = time.monotonic()
        report, log = stack.enter_context(listeners(spec.name, report, log))
        opened = _opened(storage)
        stack.enter_context(database_errors(opened.url, opened.engine))
        say = log or (lambda _: None)
        interrupts = Interrupts(say)
        patiently = Patience(patience, say, lambda: interrupts.stopped, opened.url)
        study = patiently(opened.open_study, spec, extend=extend, take_over=take_over)
        number = patiently(opened.study_id, study)
        launches = claim(
            opened.engine,
            number,
            spec,
            backend,
            overrides,
            take_over=take_over,
            patience=patiently,
        )
        with launches as launch:
            ledger = ledger_of(opened.engine, spec)
            training = Training(
                ledger, launch, executor, report, log, patience=patiently, interrupts=interrupts
            )
            if note := try_model(spec):
                training.said_first.append(f"note: {note}")
            if spec.untested:
                training.said_first.append(f"note: {spec.untested}")
            if spec.protocol.curvature is not None:
                training.said_first.append(f"curvature: {curvature_said(spec.protocol)}")
            with interrupts.answered():
                cells, left = RUNS[spec.kind](spec, study, training)
            launch.interrupted = training.stopped and left > 0
            training.complain()
    networks = training.progress.done, training.reused, training.diverged
    ended = time.monotonic() - began, launch.interrupted, training.abandoned
    return Summary(spec.name, cells, *networks, *ended, opened, ledger)


def _opened(storage: str | Path | Storage | None) -> Storage:
    return storage if isinstance(storage, Storage) else Storage(storage_url(storage), create=True)
