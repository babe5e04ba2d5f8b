"""Programs in processes that are forked from this one, which has imported all that they need.

To start Python, and to import what a launch needs, takes longer than the studies that are hit.
"""

import atexit
import importlib
import logging
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import dask
from distributed.config import initialize_logging

from tests.command import SIGNALS, SURROUNDINGS

LOST_SECONDS = 2.0
"""A launch that gives no sign for so long is taken for dead."""

SILENT_SECONDS = 2.0
"""A worker that gives no sign for so long is given up."""

CONSTANTS: dict[str, Any] = {
    "dynstudy.launch.chunks.CHUNK_SECONDS": 0.05,  # many chunks in a second
    "dynstudy.store.launches.BEAT_SECONDS": 0.3,
    "dynstudy.store.launches.LOST_AFTER": timedelta(seconds=LOST_SECONDS),
    "dynstudy.store.connections.BUSY_SECONDS": 5,  # SQLite waits so long for a stopped writer
    "dynstudy.launch.wanted.POLL_SECONDS": 0.2,
    "dynstudy.launch.executors.cluster_workers.SILENT_SECONDS": SILENT_SECONDS,
    "dynstudy.launch.executors.dask.LOOK_SECONDS": 0.1,
    "dynstudy.launch.executors.local_cluster.RESTART_SECONDS": 0.1,
    "dynstudy.cli.launching.page_after_launch": lambda *_, **__: (
        None
    ),  # it takes longer than the study
}
"""What is otherwise in these processes, by where it stands."""


class Launched:
    """A function in a process of its own, and what it says in files.

    Args:
        folder: to run it in.
        name: of the files of what it says.
        does: what is done there.
        environment: besides this process's.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        does: Callable[[], Any],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.said = name, folder / f"{name}.txt"
        context = multiprocessing.get_context("fork")
        variables = SURROUNDINGS | {"DYNSTUDY_THREADS": "1"} | dict(environment or {})
        arguments = (folder, self.said, does, variables)
        self.process = context.Process(target=_become, args=arguments, name=name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
            self.process.start()
        assert self.process.pid is not None
        self.pid = self.process.pid

    def __str__(self) -> str:
        return f"{self.name}, process {self.pid}"

    @property
    def lines(self) -> str:
        """What it said so far."""
        return self.said.read_text(encoding="utf-8", errors="replace") if self.said.exists() else ""

    @property
    def status(self) -> int | None:
        """Its exit status, or less than 0 if a signal ended it; None while it runs."""
        return self.process.exitcode

    def send(self, number: signal.Signals) -> bool:
        """Send it a signal, if it still runs, which is returned."""
        if self.status is not None:
            return False
        os.kill(self.pid, number)
        return True

    def ends(self, seconds: float) -> bool:
        """Wait for its end; returns whether it came."""
        self.process.join(seconds)
        return self.status is not None

    def end(self) -> None:
        """Let it and what it started come to an end, whatever state they are in."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            self.process.kill()
        self.process.join()


@contextmanager
def ending() -> Iterator[list[Launched]]:
    """Processes that do not outlive this context: put them into the list."""
    processes: list[Launched] = []
    try:
        yield processes
    finally:
        for each in processes:
            each.end()


def dynstudy_main(*arguments: str) -> Callable[[], None]:
    """Return what the command line does with arguments."""

    def does() -> None:
        from dynstudy.cli import main

        sys.argv = ["dynstudy", *arguments]
        main()

    return does


def _become(
    folder: Path, said: Path, does: Callable[[], Any], variables: Mapping[str, str]
) -> None:
    """Be a process as the shell would start it."""
    os.setsid()
    atexit._clear()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.update(variables)
    with Path(os.devnull).open() as nobody, said.open("a", encoding="utf-8") as out:
        os.dup2(nobody.fileno(), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    for handler in logging.getLogger("optuna").handlers:
        if type(handler) is logging.StreamHandler:
            handler.setStream(sys.stderr)
    logging.getLogger().handlers.clear()
    initialize_logging(dask.config.config)  # which Dask does when it is imported, but not for tests
    warnings.resetwarnings()
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)
    sys.modules["__main__"].__package__ = None
    for name, value in CONSTANTS.items():
        module, _, constant = name.rpartition(".")
        assert hasattr(importlib.import_module(module), constant), name
        setattr(importlib.import_module(module), constant, value)
    try:
        does()
    finally:
        atexit._run_exitfuncs()
