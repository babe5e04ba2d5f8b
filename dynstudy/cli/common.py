"""What commands share: their options, the storage they read, and what they say on stderr."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dynstudy.cli.progress_display import Display
    from dynstudy.store.studies import Storage

StorageOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Database. [default: $DYNSTUDY_STORAGE, $OPTUNA_STORAGE or "
        "sqlite:///storage/dynstudy.db]",
        show_default=False,
    ),
]
FORMATS = ("table", "json", "csv")  # `dynstudy.report.map_text.Format`, which is slow to import


def one_of(*words: str) -> Callable[[str], list[str]]:
    """A shell's completion of an option that takes one of some words."""
    return lambda incomplete: [word for word in words if word.startswith(incomplete)]


FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="|".join(FORMATS),
        help="How to print the rows.",
        autocompletion=one_of(*FORMATS),
    ),
]
BackendOption = Annotated[
    str,
    typer.Option(
        help="auto (gpu where there is a card, else cpu; autograd for what neither can), cpu, gpu, "
        "gpu:NUMBER for one card of several, autograd, or autograd:DEVICE as in autograd:cuda.",
        autocompletion=one_of("auto", "cpu", "gpu", "autograd"),
    ),
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


def tune_optuna() -> None:
    """Let Optuna say as much as was asked for; our import of it has made it silent."""
    if _verbosity == Verbosity.verbose:
        import optuna

        import dynstudy.store.studies  # noqa: F401 - it sets the level when it is imported

        optuna.logging.set_verbosity(optuna.logging.INFO)


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
    from dynstudy.store.database import database_errors, storage_url
    from dynstudy.store.studies import Storage

    tune_optuna()
    found = Storage(storage_url(storage), create=create)
    with database_errors(found.url):
        yield found


def complete_study(context: typer.Context, incomplete: str) -> list[str]:
    """Names of studies for the shell's completion, from the storage that the line names so far."""
    from dynstudy.errors import DynstudyError

    try:
        with opened(context.params.get("storage")) as storage:
            return [name for name in storage.names() if name.startswith(incomplete)]
    except DynstudyError:
        return []


STUDY = typer.Argument(
    help="Name of a study; `dynstudy list` shows them.", autocompletion=complete_study
)
StudyArgument = Annotated[str, STUDY]


def row_format(form: str) -> Any:
    """Read ``--format``."""
    from dynstudy.report.rows import Format

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
    from dynstudy.cli.progress_display import Display
    from dynstudy.errors import Interrupted

    try:
        quiet, verbose = _verbosity == Verbosity.quiet, _verbosity == Verbosity.verbose
        with Display(name, sys.stderr, quiet=quiet, verbose=verbose) as display:
            yield display
    except Interrupted as stop:
        log(str(stop))
        if stop.abandoned:
            os._exit(130)  # Python would wait for the thread
        raise typer.Exit(130) from None
