"""What every command does: open the storage, print rows, say things as loud as was asked."""

import logging
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dynstudy.errors import printable
from dynstudy.report.words import Format

if TYPE_CHECKING:
    from dynstudy.launch.progress_display import Display
    from dynstudy.report.rows import Rows
    from dynstudy.store.studies import Storage


class Verbosity(IntEnum):
    """How much is said on stderr."""

    quiet = 0
    normal = 1
    verbose = 2


_verbosity = Verbosity.normal


def set_verbosity(verbosity: Verbosity) -> None:
    """Choose for all that follows in this process."""
    global _verbosity
    _verbosity = verbosity
    # it tells of each folder of the user's that it may not write to, and does without
    logging.getLogger("matplotlib").setLevel(
        logging.WARNING if verbosity == Verbosity.verbose else logging.ERROR
    )


def verbosity() -> Verbosity:
    """What was chosen."""
    return _verbosity


def log(message: str, level: Verbosity = Verbosity.normal) -> None:
    """Say something on stderr, unless that is more than was asked for."""
    if _verbosity >= level:
        typer.echo(printable(message, keep="\n"), err=True)


def log_files(written: Iterable[Path], notes: Iterable[str] = ()) -> None:
    """Say what a reader of the table has to know, and which files were written."""
    sys.stdout.flush()  # what is printed first, where both go to one terminal
    for note in notes:
        log(f"note: {note}")
    for path in written:
        log(f"wrote {path}")


def show_rows(rows: "Rows", form: Format, last: Collection[str] = ()) -> None:
    """Print rows, as `print_rows` does, before anything more is said on stderr."""
    from dynstudy.report.rows import print_rows

    print_rows(rows, form, sys.stdout, last)
    sys.stdout.flush()


def tune_optuna() -> None:
    """Let Optuna say as much as was asked for; our import of it has made it silent."""
    if _verbosity == Verbosity.verbose:
        import optuna

        import dynstudy.store.studies  # noqa: F401 - it sets the level when it is imported

        optuna.logging.set_verbosity(optuna.logging.INFO)


@contextmanager
def opened(storage: str | None) -> Iterator["Storage"]:
    """Open a database for a command, which makes none where there is none."""
    from dynstudy.store.database import database_errors, storage_url
    from dynstudy.store.studies import Storage

    tune_optuna()
    database = Storage(storage_url(storage))
    with database_errors(database.url, database.engine):
        yield database


@contextmanager
def progress_display(name: str) -> Iterator["Display"]:
    """Show progress on stderr unless quiet; it exits with status 130 when told to stop."""
    from dynstudy.errors import Interrupted
    from dynstudy.launch.progress_display import Display

    try:
        quiet, verbose = _verbosity == Verbosity.quiet, _verbosity == Verbosity.verbose
        with Display(name, sys.stderr, quiet=quiet, verbose=verbose) as display:
            yield display
    except Interrupted as stop:
        log(str(stop))
        if stop.abandoned:
            os._exit(130)  # Python would wait for the thread
        raise typer.Exit(130) from None


@contextmanager
def step_display(name: str, networks: int, steps: int) -> Iterator[Callable[[int], None]]:
    """Show how far networks are that are trained side by side; call what it yields with a step."""
    from dynstudy.launch.progress import Progress

    progress = Progress(networks=networks, work=float(steps))
    with progress_display(name) as display:

        def on_step(step: int) -> None:
            progress.work_done = float(step)
            progress.steps_done = float(step) * networks
            display.update(progress)

        yield on_step


@contextmanager
def reported(name: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show on a terminal, unless quiet, how far something is that may take long.

    What it yields is called with what is done now, how much of it is, and how much there is.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr, force_jupyter=False),
        transient=True,
        disable=_verbosity == Verbosity.quiet or not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(name, total=None)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{name}: {what}", completed=done, total=total or None)

        yield report
