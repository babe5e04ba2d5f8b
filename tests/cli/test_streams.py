"""Commands end as they should, whatever becomes of what they say."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from tests.command import called_into, process

COMMANDS = {
    "list": ["list"],
    "list-csv": ["list", "--format", "csv"],
    "show": ["show", "small"],
    "show-json": ["show", "small", "--format", "json"],
    "map": ["map", "small"],
    "export": ["export", "small", "--format", "csv"],
    "tag": ["tag", "small"],
    "help": ["--help"],
    "version": ["--version"],
}


@pytest.fixture
def left() -> Iterator[TextIO]:
    """A pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as stream:  # each line is sent at once
        yield stream


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_reader_who_went_away_or_was_never_there_is_no_error(
    arguments: list[str], left: TextIO, three: Path
) -> None:
    for stdout in (left, None):
        assert called_into(stdout, three, io.StringIO(), *arguments)[0] == 0


def test_what_is_to_be_written_is_written_though_nobody_reads(left: TextIO, three: Path) -> None:
    assert called_into(left, three, io.StringIO(), "map", "small", "--out", "maps")[0] == 0
    assert {path.name for path in (three / "maps").iterdir()} == {"small.png", "small.csv"}


def test_an_encoding_without_a_letter_is_no_error(three: Path, tmp_path: Path) -> None:
    path = tmp_path / "ascii.txt"
    with path.open("w+", encoding="ascii") as ascii_only:
        status, err = called_into(ascii_only, three, io.StringIO(), "map", "small")
    assert status == 0, err
    assert "static ce: 0." in path.read_text()
    assert "\\xb1" in path.read_text()  # ±


def test_nobody_can_be_asked_where_stdin_is_closed(three: Path) -> None:
    status, err = called_into(None, three, None, "delete", "small")
    assert status == 2
    assert "nobody is there to ask; --yes deletes study 'small'" in err


def test_a_full_disk_is_said(three: Path) -> None:
    with Path("/dev/full").open("w") as full:
        status, err = called_into(full, three, io.StringIO(), "show", "small")
    assert (status, err) == (2, "error: stdout: cannot be written: No space left on device\n")


def test_what_the_machine_refuses_is_one_line(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/root/secret")

    monkeypatch.setattr("dynstudy.report.listing.list_rows", refuse)
    status, err = called_into(None, three, io.StringIO(), "list")
    assert (status, err) == (2, "error: /root/secret: Permission denied\n")


def test_in_a_pipeline_of_a_shell(three: Path) -> None:
    show = f"{sys.executable} -m dynstudy show small"
    script = f"{show} | true; echo ${{PIPESTATUS[0]}}; {show} 1>&- ; echo $?"
    with process(three, "/bin/bash", "-c", script) as command:
        assert command.ends() == (0, "0\n0\n", "")
