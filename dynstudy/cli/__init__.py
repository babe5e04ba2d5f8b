"""The command line: a thin skin. Results go to stdout, all else to stderr; see `main` for exits.

A command is a file of this folder that is called as it: its function ``command``, whose docstring
is its help, and ``EXAMPLES`` of it, which tests parse. A folder, such as ``storage``, is a command
of several: those of its ``COMMANDS``.
"""

import gc
import sys
from errno import ENOENT
from importlib import import_module
from typing import Any

import typer
from typer.exceptions import TyperException

from dynstudy.cli.every_command import EveryCommand, QuietOption, VerboseOption, VersionOption
from dynstudy.cli.session import Verbosity, log, set_verbosity
from dynstudy.cli.streams import unbroken_streams
from dynstudy.errors import DynstudyError, printable

PANELS = {
    "Run": "init run zoom power bench",
    "Look": "list show map dashboard trace train compare scaling dimension figure film",
    "Take away": "export reproduce",
    "Keep house": "rename delete note tag storage",
}
"""What commands are for, and those that are for it, in the order of ``--help``."""

COMMANDS = " ".join(PANELS.values()).split()

app = typer.Typer(
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Hyperparameter studies of dynamical loss functions (arXiv:2410.10690).",
    epilog="Exit status: 0 done, 1 `reproduce` found another result, 2 something you can mend "
    "(one line says what), 130 interrupted.",
)

GARBAGE_AFTER = 100_000
"""Objects made after which Python looks for some that hold each other; 700 by itself."""

EXAMPLES: dict[str, tuple[str, ...]] = {}
"""By command, for its help and its page in ``docs/commands/``."""


def _register(within: typer.Typer, words: str, panel: str | None = None) -> None:
    """Add a command, of one word, or of a folder's and its own."""
    module = import_module(".".join((__name__, *words.split())))
    EXAMPLES[words] = module.EXAMPLES
    epilog = "\n\n".join(("Examples:", *(f"`{line}`" for line in module.EXAMPLES)))
    name = words.split()[-1]
    within.command(name, cls=EveryCommand, epilog=epilog, rich_help_panel=panel)(module.command)


for _panel, _names in PANELS.items():
    for _name in _names.split():
        _module = import_module(f"{__name__}.{_name}")
        if not hasattr(_module, "COMMANDS"):
            _register(app, _name, _panel)
            continue
        _folder = typer.Typer(help=_module.HELP, rich_markup_mode="markdown")
        for _each in _module.COMMANDS:
            _register(_folder, f"{_name} {_each}")
        app.add_typer(_folder, name=_name, rich_help_panel=_panel, no_args_is_help=True)


@app.callback()
def _options(
    context: typer.Context,
    version: VersionOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def each_command(group: Any) -> dict[str, Any]:
    """All commands of a group of Click's by the words that call them, as ``storage check``."""
    flat: dict[str, Any] = {}
    for name, command in group.commands.items():
        within = each_command(command) if hasattr(command, "commands") else {"": command}
        flat |= {f"{name} {word}".strip(): each for word, each in within.items()}
    return flat


def main() -> None:
    """Run the command line and exit: 0 done, 2 an error to mend, 130 interrupted."""
    # a million rows are no garbage, and to look through them again and again takes as long as to
    # read them
    gc.set_threshold(GARBAGE_AFTER)
    run_app(app)


def run_app(to_run: typer.Typer) -> None:
    """Run an application and exit as `main` says."""
    with unbroken_streams() as out:
        status = _status(to_run)
        out.flush()
        if out.error is not None:
            status = _said(f"stdout: cannot be written: {out.error.strerror or out.error}")
    sys.exit(status)


def _status(to_run: typer.Typer) -> int:
    set_verbosity(Verbosity.normal)
    try:
        return to_run(standalone_mode=False) or 0
    except DynstudyError as error:
        return _said(str(error))
    except TyperException as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        message = message.replace("Value error, ", "")  # words of what validates, not of ours
        return _said(f"{message}; {_asked(error)} --help says what there is")
    except (KeyboardInterrupt, typer.Abort):
        log("interrupted")
        return 130
    except OSError as error:
        if error.filename is not None:
            return _said(f"{error.filename}: {error.strerror}")  # of the machine, not of the code
        if error.errno == ENOENT:  # of the one thing that has no name: where we are
            return _said("the folder that this was typed in is gone; go to one that is there (cd)")
        raise


def _asked(error: TyperException) -> str:
    """The command that was typed, as far as it is one."""
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is not None:
        return context.command_path
    return " ".join(["dynstudy", *(word for word in sys.argv[1:2] if word in COMMANDS)])


def _said(message: str) -> int:
    typer.echo(f"error: {printable(message)}", err=True)  # even when quiet
    return 2
