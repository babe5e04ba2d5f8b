"""What commands share: their options, the storage they read, and what they say on stderr."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dynstudy.report.progress import Display
    from dynstudy.search.storage import Storage

StorageOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Database. [default: $DYNSTUDY_STORAGE, $OPTUNA_STORAGE or "
        "sqlite:///storage/dynstudy.db]",
        show_default=False,
    ),
]
FormatOption = Annotated[
    str, typer.Option("--format", metavar="table|json|csv", help="How to print the rows.")
]
BackendOption = Annotated[
    str, typer.Option(help="auto, cpu, autograd, or autograd:DEVICE as in autograd:cuda.")
]


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


def verbosity() -> Verbosity:
    """What was chosen."""
    return _verbosity


def log(message: str, level: Verbosity = Verbosity.normal) -> None:
    """Say something on stderr, unless that is more than was asked for."""
    if _verbosity >= level:
        typer.echo(message, err=True)


@contextmanager
def opened(storage: str | None, *, create: bool = False) -> Iterator["Storage"]:
    """Open a database for a command.

    Args:
        storage: what ``--storage`` says.
        create: to write into it, and to make what is missing; otherwise it is only read.

    Yields:
        The storage.

    Raises:
        StorageError: it cannot be used, or breaks while it is.
    """
    from dynstudy.search.database import database_errors, storage_url
    from dynstudy.search.storage import Storage

    found = Storage(storage_url(storage), create=create)
    with database_errors(found.url):
        yield found


def complete_study(incomplete: str) -> list[str]:
    """Names of studies for the shell's completion, from the default storage."""
    from dynstudy.errors import DynstudyError

    try:
        with opened(None) as storage:
            return [name for name in storage.names() if name.startswith(incomplete)]
    except DynstudyError:
        return []


StudyArgument = Annotated[
    str,
    typer.Argument(
        help="Name of a study; `dynstudy list` shows them.", autocompletion=complete_study
    ),
]


def row_format(form: str) -> Any:
    """Read ``--format``."""
    from dynstudy.report.table import Format

    try:
        return Format(form)
    except ValueError:
        raise typer.BadParameter(f"--format {form!r} is not one of {', '.join(Format)}") from None


@contextmanager
def progress_display(name: str) -> Iterator["Display"]:
    """Show progress on stderr, unless quiet.

    Args:
        name: what is being done.

    Yields:
        The display.

    Raises:
        Exit: with status 130, when told to stop.
    """
    from dynstudy.errors import Interrupted
    from dynstudy.report.progress import Display

    try:
        with Display(name, sys.stderr, quiet=_verbosity == Verbosity.quiet) as display:
            yield display
    except Interrupted as stop:
        log(str(stop))
        if stop.abandoned:
            os._exit(130)  # Python would wait for the thread
        raise typer.Exit(130) from None
