"""What every command takes: how loud it is, before its name or after, and whole numbers as 1e4."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from dynstudy._version import __version__
from dynstudy.cli.session import Verbosity, set_verbosity, verbosity
from dynstudy.errors import DynstudyError

MOST_DIGITS = 18


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"dynstudy {__version__}")
        raise typer.Exit


def _choose_verbosity(parameter: typer.CallbackParam, asked: bool) -> None:
    chosen = Verbosity[str(parameter.name)]
    if not asked:
        return
    if verbosity() not in {Verbosity.normal, chosen}:
        raise DynstudyError("--quiet and --verbose exclude each other")
    set_verbosity(chosen)


VersionOption = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", callback=_choose_verbosity, help="Nothing on stderr but errors."),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        callback=_choose_verbosity,
        help="More on stderr: each chunk, and Optuna's messages.",
    ),
]


def _shared() -> list[Any]:
    app = typer.Typer(add_completion=False)

    @app.command()
    def _(
        quiet: QuietOption = False, verbose: VerboseOption = False, version: VersionOption = False
    ) -> None:
        """Nothing: its options are what is wanted."""

    options: list[Any] = get_command(app).params
    for option in options:
        option.expose_value = False  # its callback has done all
    return options


SHARED: list[Any] = _shared()


class EveryCommand(TyperCommand):
    """A command with the options that all have."""

    def __init__(self, name: str | None, *, params: list[Any] | None = None, **rest: Any) -> None:
        for parameter in params or []:
            if parameter.type_descriptor.annotation is int:
                parameter.process_value = _read_first(parameter.process_value)
        super().__init__(name, params=[*(params or []), *SHARED], **rest)


def _read_first(process: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def read(context: Any, value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = whole_number(value)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from None
        return process(context, value)

    return read


def whole_number(text: str) -> int:
    """Read a whole number, however it is written.

    Raises:
        ValueError: it is none.

    >>> whole_number("10_000"), whole_number("1e4"), whole_number("1.5e1")
    (10000, 10000, 15)
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    # 1e999999999 is one, too, and fills the memory
    if not number.is_finite() or number.adjusted() > MOST_DIGITS or number != int(number):
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)
