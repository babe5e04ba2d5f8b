"""The command line: a thin skin. Results go to stdout, all else to stderr; see `main` for exits."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from dynstudy._version import __version__
from dynstudy.errors import DynstudyError

if TYPE_CHECKING:
    from dynstudy.search.storage import Storage

app = typer.Typer(
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Hyperparameter studies of dynamical loss functions (arXiv:2410.10690).",
    epilog="Exit status: 0 done, 2 something you can mend (one line says what), 130 interrupted.",
)

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
StudyArgument = Annotated[str, typer.Argument(help="Name of a study; `dynstudy list` shows them.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"dynstudy {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="Study file (TOML); see `studies/`.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override, as in space.width=[20,50]."),
    ] = None,
    backend: Annotated[
        str, typer.Option(help="auto, cpu, autograd, or autograd:DEVICE as in autograd:cuda.")
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count and estimate; train and write nothing.")
    ] = False,
    extend: Annotated[
        bool, typer.Option("--extend", help="Let an existing study grow to more cells.")
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Launch a study, or resume it: only what is missing is trained."""
    from dynstudy.search.spec import load_spec

    spec = load_spec(file, set_ or [])
    if dry_run:
        from dynstudy.estimate import estimate

        for line in estimate(spec, backend=backend, storage=storage, extend=extend).lines():
            typer.echo(line)
        return

    from dynstudy import runner
    from dynstudy.report.progress import Display

    with Display(spec.name, sys.stderr) as display:
        done = runner.run(
            spec,
            storage=storage,
            backend=backend,
            extend=extend,
            report=display.update,
            log=display.log,
        )
    _log(
        f"{done.study}: {done.trained} networks trained, {done.reused} taken from the ledger, "
        f"{done.diverged} diverged, {done.cells} cells, {done.seconds:.1f} s"
    )
    if done.interrupted:
        _log("interrupted; the same command resumes it")
        if done.abandoned:
            os._exit(130)  # Python would wait for the thread
        raise typer.Exit(130)


@app.command("list")
def list_studies(storage: StorageOption = None, form: FormatOption = "table") -> None:
    """List the studies in the storage."""
    from dynstudy.report.overview import list_rows
    from dynstudy.report.table import print_rows

    shape = _format(form)
    with _opened(storage) as opened:
        rows = list_rows(opened)
    if not rows:
        _log("there are no studies yet")
    print_rows(rows, shape, sys.stdout)


@app.command()
def show(
    study: StudyArgument,
    top: Annotated[int, typer.Option(help="How many of the best cells.", min=1)] = 5,
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Show one study: progress, best cells, study file and provenance."""
    from dynstudy.report.overview import overview, print_overview

    shape = _format(form)
    with _opened(storage) as opened:
        found = overview(opened, study, top)
    print_overview(found, shape, sys.stdout)


@app.command("map")
def draw_map(
    study: StudyArgument,
    out: Annotated[Path, typer.Option(help="Folder for the PNG and the CSV.")] = Path("results"),
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Print the regime map of a study, and write it as PNG and CSV."""
    from dynstudy.report.files import write_map
    from dynstudy.report.regime_map import regime_map
    from dynstudy.report.table import Format, frame_rows, print_map, print_rows

    shape = _format(form)
    with _opened(storage) as opened:
        found = regime_map(opened, study)
    written = write_map(found, out)
    if shape is Format.table:
        print_map(found, sys.stdout)
    else:
        print_rows(frame_rows(found.frame), shape, sys.stdout)
        for note in found.notes:
            _log(f"note: {note}")
    sys.stdout.flush()  # the table first, where both go to one terminal
    for path in written:
        _log(f"wrote {path}")


@contextmanager
def _opened(storage: str | None) -> Iterator["Storage"]:
    """A database to read from."""
    from dynstudy.search.database import database_errors, storage_url
    from dynstudy.search.storage import Storage

    opened = Storage(storage_url(storage))
    with database_errors(opened.url):
        yield opened


def _format(form: str) -> Any:
    from dynstudy.report.table import Format

    try:
        return Format(form)
    except ValueError:
        raise typer.BadParameter(f"--format {form!r} is not one of {', '.join(Format)}") from None


def _log(message: str) -> None:
    typer.echo(message, err=True)


def main() -> None:
    """Run the command line and exit: 0 done, 2 an error to mend, 130 interrupted."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except DynstudyError as error:
        _log(f"error: {error}")
        sys.exit(2)
    except TyperException as error:
        _log(f"error: {' '.join(error.format_message().split())}")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        _log("interrupted")
        sys.exit(130)
    except BrokenPipeError:
        # the reader went away (`| head`): nothing is wrong, and nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
