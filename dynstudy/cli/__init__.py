"""The command line: a thin skin. Results go to stdout, all else to stderr; see `main` for exits."""

import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from dynstudy._version import __version__
from dynstudy.cli import (
    bench,
    beside,
    dashboard,
    launch,
    look,
    manage,
    power,
    replay,
    scaling,
    take,
    trace,
    train,
)
from dynstudy.cli.common import Verbosity, log, set_verbosity
from dynstudy.cli.examples import epilog
from dynstudy.errors import DynstudyError

app = typer.Typer(
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Hyperparameter studies of dynamical loss functions (arXiv:2410.10690).",
    epilog="Exit status: 0 done, 1 `reproduce` found another result, 2 something you can mend "
    "(one line says what), 130 interrupted.",
)

app.command("run")(launch.run)
app.command("list")(look.list_studies)
app.command("show")(look.show)
app.command("map")(look.draw_map)
app.command("export")(take.export)
app.command("reproduce")(take.reproduce)
app.command("train")(train.train)
app.command("trace")(trace.trace)
app.command("dashboard")(dashboard.dashboard)
app.command("bench")(bench.bench)
app.command("compare")(beside.compare)
app.command("figure")(beside.figure)
app.command("scaling")(scaling.scaling)
app.command("power")(power.power)
app.command("replay")(replay.replay)
app.command("diff")(look.diff)
app.command("rename")(manage.rename)
app.command("delete")(manage.delete)
app.command("note")(manage.note)
app.command("tag")(manage.tag)

for _command in app.registered_commands:
    _command.epilog = epilog(_command.name or "")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"dynstudy {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="More on stderr: each chunk, and Optuna's messages."),
    ] = False,
) -> None:
    if quiet and verbose:
        raise typer.BadParameter("--quiet and --verbose exclude each other")
    set_verbosity(Verbosity.quiet if quiet else Verbosity.verbose if verbose else Verbosity.normal)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line and exit: 0 done, 2 an error to mend, 130 interrupted."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except DynstudyError as error:
        _fail(str(error))
    except TyperException as error:
        _fail(" ".join(error.format_message().split()))
    except (KeyboardInterrupt, typer.Abort):
        log("interrupted")
        sys.exit(130)
    except BrokenPipeError:
        # the reader went away (`| head`): nothing is wrong, and nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _fail(message: str) -> None:
    typer.echo(f"error: {message}", err=True)  # even when quiet
    sys.exit(2)
