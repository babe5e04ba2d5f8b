"""What holds for the options of every command."""

from typing import Any

import pytest
from typer.exceptions import TyperException
from typer.main import get_command

from dynstudy.cli import PANELS, app, each_command
from dynstudy.cli.every_command import whole_number
from tests.cli.three_studies import Command

CALLED: dict[str, Any] = each_command(get_command(app))
WHOLE = [
    (name, parameter)
    for name, command in CALLED.items()
    for parameter in command.params
    if parameter.type_descriptor.annotation is int
]


@pytest.mark.parametrize("before", [True, False])
def test_how_loud_a_command_is_may_be_said_before_and_after_its_name(
    before: bool, command: Command
) -> None:
    def err(*flags: str) -> str:
        words = ["note", "small"]
        status, _, said = command(*([*flags, *words] if before else [*words, *flags]))
        assert status == 0
        return said

    assert err() == err("--verbose") == "small has no note\n"
    assert err("--quiet") == err("-q") == ""
    assert err() == "small has no note\n"  # the next command is as loud as ever


@pytest.mark.parametrize(
    "words", [["-q", "-v", "list"], ["-q", "list", "-v"], ["list", "--verbose", "--quiet"]]
)
def test_nothing_is_quiet_and_verbose(words: list[str], command: Command) -> None:
    assert command(*words) == (2, "", "error: --quiet and --verbose exclude each other\n")


def test_every_command_has_them(command: Command) -> None:
    for each in CALLED.values():
        options = {text for parameter in each.params for text in parameter.opts}
        assert {"--quiet", "--verbose", "--version"} <= options
    assert command("show", "--version") == command("--version")


@pytest.mark.parametrize(("name", "parameter"), WHOLE, ids=[f"{n}-{p.name}" for n, p in WHOLE])
def test_a_whole_number_is_read_however_it_is_written(name: str, parameter: Any) -> None:
    context = CALLED[name].context_class(CALLED[name])
    for text in ("2", "2e0", "20e-1", "0.2e1", "2.0"):
        value = parameter.process_value(context, text)
        assert (value, type(value)) == (2, int)
    for text in ("1.5", "2x", "inf", "nan", "1e999999999", ""):
        with pytest.raises(TyperException, match=f"'{text}' is not a whole number"):
            parameter.process_value(context, text)


def test_there_are_such_options_and_lists_of_them(command: Command) -> None:
    assert {("show", "top"), ("power", "maps")} <= {(name, each.name) for name, each in WHOLE}
    _, out, _ = command("power", "--maps", "2e0", "--replicates", "1e1,2e1", "--format", "csv")
    assert [row.split(",")[1] for row in out.splitlines()] == [
        "replicates",
        *["10"] * 4,
        *["20"] * 4,
    ]


def test_digits_are_exact() -> None:
    assert whole_number("1234567890123456789") == 1234567890123456789


def test_help_is_in_panels(command: Command) -> None:
    _, out, _ = command("--help")
    lines = iter(out.splitlines())
    for panel, names in PANELS.items():
        assert any(f"─ {panel} ─" in line for line in lines)
        for name in names.split():
            assert any(line.startswith(f"│ {name} ") for line in lines)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["power", "mine.toml"], "extra argument(s) (mine.toml); dynstudy power --help says"),
        (["show"], "Missing argument 'study'; dynstudy show --help says"),
        (["tag", "small", "--add", "x"], "No such option: --add; dynstudy tag --help says"),
        (["shw"], "Did you mean 'show'?; dynstudy --help says"),
        (["--loud"], "No such option: --loud; dynstudy --help says"),
        (["map", "small", "--out"], "'--out' requires an argument; dynstudy map --help says"),
        (["list", "--format", "yaml"], "one of 'table', 'json', 'csv'; dynstudy list --help says"),
    ],
)
def test_what_is_typed_wrongly_ends_with_the_way_out(
    words: list[str], says: str, command: Command
) -> None:
    status, out, err = command(*words)
    assert (status, out) == (2, "")
    assert f"{says} what there is\n" in err


def test_what_a_command_refuses_is_said_in_its_own_words(command: Command) -> None:
    _, _, err = command("export", "small", "--weights")
    assert err == "error: --weights needs --out, beside which they are written\n"
