"""What holds for every command: help, completion, and how loud it is."""

import json
import os
import sys
import sysconfig
from pathlib import Path

import pytest
import tomli_w

from dynstudy._version import __version__
from dynstudy.cli import COMMANDS, main
from dynstudy.figures.words import Figure
from dynstudy.study.kinds import KINDS
from dynstudy.train.backends import BACKENDS
from tests.cli.three_studies import Command
from tests.command import dynstudy, fails, process
from tests.planted import SMALL


def test_help_has_every_exit_status(command: Command) -> None:
    _, out, _ = command("--help")
    for status in ("0 done", "1 reproduce", "2 something you can mend", "130 interrupted"):
        assert status in " ".join(out.split())


def complete(three: Path, *words: str) -> list[str]:
    """What a shell offers for the last of the words."""
    out, err = dynstudy(
        three,
        _DYNSTUDY_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(["dynstudy", *words]),
        COMP_CWORD=str(len(words)),
    )
    assert err == ""
    return out.split()


def test_a_shell_completes_commands_studies_and_words(three: Path, tmp_path: Path) -> None:
    assert set(complete(three, "re")) == {name for name in COMMANDS if name[:2] == "re"}
    assert complete(three, "show", "s") == ["search", "small"]
    elsewhere = tmp_path / "empty"
    elsewhere.mkdir()
    assert complete(elsewhere, "delete", "") == []
    url = f"sqlite:///{three}/storage/dynstudy.db"
    assert complete(elsewhere, "compare", "--storage", url, "small", "o") == ["other"]
    assert complete(three, "list", "--format", "") == ["table", "json", "csv"]
    assert complete(three, "list", "--status", "in") == ["incomplete"]
    assert complete(three, "list", "--kind", "s") == [name for name in KINDS if name[0] == "s"]
    backends = [name for name in BACKENDS if name[0] == "a"]
    assert complete(three, "run", "--backend", "a") == ["auto", *backends]
    assert complete(three, "export", "--per", "") == ["width", "loss", "pareto"]
    assert complete(three, "figure", "f") == [*Figure]


def test_a_shell_can_be_taught(three: Path) -> None:
    # the shell is named instead of detected, which depends on what runs the tests
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script, _ = dynstudy(three, "--show-completion", "bash", **named)
    assert "_DYNSTUDY_COMPLETE=complete_bash" in script
    assert script.strip().endswith("_dynstudy_completion dynstudy")


def test_quiet_says_nothing_but_errors(command: Command, three: Path) -> None:
    (three / "small.toml").write_text(tomli_w.dumps({**SMALL, "replicates": 1, "name": "q"}))
    assert "8 taken from the ledger" in command("run", "small.toml")[2]
    assert command("--quiet", "run", "small.toml", "--set", "name=r") == (0, "", "")
    assert command("-q", "note", "small") == (0, "", "")
    status, _, err = command("-q", "show", "absent")
    assert (status, err[:6]) == (2, "error:")


def test_verbose_says_each_chunk_and_optunas_messages(command: Command, three: Path) -> None:
    (three / "small.toml").write_text(tomli_w.dumps(SMALL))
    changes = ["--set", "protocol.steps=300"]
    _, _, plain = command("run", "small.toml", "--set", "name=plain", *changes)
    assert "16 networks trained" in plain
    changes = ["--set", "protocol.steps=400"]
    out, err = dynstudy(three, "-v", "run", "small.toml", "--set", "name=v", *changes)
    assert out == ""
    for said in ("networks recorded; 100%", "A new study created in RDB with name"):
        assert said in err
        assert said not in plain


SCRIPT = Path(sysconfig.get_path("scripts")) / "dynstudy"


@pytest.mark.parametrize(
    "program", [[str(SCRIPT)], [sys.executable, "-m", "dynstudy"]], ids=["script", "module"]
)
def test_it_is_a_program(program: list[str], tmp_path: Path) -> None:
    with process(tmp_path, *program, "show", "absent") as command:
        status, out, err = command.ends()
    assert (status, out) == (2, "")
    assert err.startswith("error: storage storage/dynstudy.db: there is no such database")


def test_version_and_help(tmp_path: Path) -> None:
    assert dynstudy(tmp_path, "--version") == (f"dynstudy {__version__}\n", "")
    for command in ([], ["run"], ["list"], ["show"], ["map"]):
        out, _ = dynstudy(tmp_path, *command, "--help")
        assert "Usage" in out


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\nb", "a\u202eb", "a\udc80b", "a\rb"])
@pytest.mark.parametrize("command", ["show", "run", "reproduce", "train", "list"])
def test_what_is_typed_moves_no_cursor(command: str, name: str, three: Path) -> None:
    said = fails(three, command, name)
    assert said.rstrip("\n").isprintable()


@pytest.mark.parametrize("command", ["list", "show small", "export small", "note small -"])
def test_what_never_ends_is_no_database(command: str, three: Path) -> None:
    os.mkfifo(three / "pipe")
    said = fails(three, *command.split(), "--storage", "sqlite:///pipe")
    assert said == "error: storage pipe: is a device, a pipe or a socket, not a database\n"


def test_a_name_that_is_no_utf_8_is_a_file_and_no_database(three: Path) -> None:
    """A shell hands over any bytes."""
    assert "is not valid UTF-8" in fails(three, "list", "--storage", "a\udc80")
    assert "is not valid UTF-8" in fails(three, "list", "--storage", "sqlite:///a\udc80")
    (three / "a\udc80.toml").write_text(tomli_w.dumps(SMALL))
    dynstudy(three, "run", "a\udc80.toml", "--set", "name=again")
    out, _ = dynstudy(three, "show", "again", "--format", "json")
    assert "\\udc80.toml" in json.loads(out)["runs"][0]["command"]
    dynstudy(three, "export", "small", "--confirm", "0", "--out", "b\udc80.toml")
    dynstudy(three, "reproduce", "b\udc80.toml")


def test_in_a_folder_that_is_gone_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setattr(sys, "argv", ["dynstudy", "init", "quickstart"])
    with pytest.raises(SystemExit) as status:
        main()
    assert status.value.code == 2
    assert capsys.readouterr().err == (
        "error: the folder that this was typed in is gone; go to one that is there (cd)\n"
    )
