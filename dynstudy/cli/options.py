"""Options and arguments that several commands take."""

import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from dynstudy.cli.session import opened
from dynstudy.errors import DynstudyError
from dynstudy.report.words import Format

N = TypeVar("N", int, float)

StorageOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Database. [default: $DYNSTUDY_STORAGE, $OPTUNA_STORAGE or "
        "sqlite:///storage/dynstudy.db]",
        show_default=False,
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the rows.")]
FolderOption = Annotated[Path, typer.Option("--out", help="Folder for the PNG and the CSV.")]
BACKENDS = str(Path(__file__).parents[1] / "train" / "backends")


def backend_names() -> list[str]:
    """Those of the folder's public modules, none of which is imported."""
    modules = pkgutil.iter_modules([BACKENDS])
    return [module.name for module in modules if module.name[0] != "_"]


BackendOption = Annotated[
    str,
    typer.Option(
        help="auto (gpu where there is a card, else cpu; autograd for what neither can), "
        f"{', '.join(backend_names())}, gpu:NUMBER for one card of several, or autograd:DEVICE as "
        "in autograd:cuda.",
        autocompletion=lambda: ["auto", *backend_names()],
    ),
]

WorkersOption = Annotated[
    int | None,
    typer.Option(
        help="Train in so many processes on this machine, which share its cores, or have a card "
        "each. [default: this process, or one for each of several cards]",
        min=1,
        max=4096,
        show_default=False,
    ),
]


def complete_study(context: typer.Context, incomplete: str) -> list[str]:
    """Names of studies for the shell's completion, from the storage that the line names so far."""
    try:
        with opened(context.params.get("storage")) as storage:
            return [name for name in storage.names() if name.startswith(incomplete)]
    except DynstudyError:
        return []


StudyArgument = Annotated[
    str,
    typer.Argument(
        help="Name of a study; `dynstudy list` shows them.", autocompletion=complete_study
    ),
]


def numbers(option: str, text: str, read: Callable[[str], N], example: str) -> tuple[N, ...]:
    """Read the numbers of an option, each once; a `DynstudyError` shows an `example` of them.

    >>> numbers("--widths", "20, 100,20", int, "20,100")
    (20, 100)
    """
    try:
        return tuple(dict.fromkeys(read(part) for part in text.split(",")))
    except ValueError:
        what = "numbers" if read is float else "whole numbers"
        raise DynstudyError(
            f"{option} {text!r}: must be {what} with commas between, as in {example}"
        ) from None
