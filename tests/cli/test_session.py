"""What every command does: it opens the storage, and is as loud as was asked."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from dynstudy.cli.session import (
    Verbosity,
    log,
    log_files,
    opened,
    progress_display,
    set_verbosity,
    step_display,
    verbosity,
)
from dynstudy.errors import Interrupted, NoDatabaseError, StorageError
from dynstudy.store.studies import Storage


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = verbosity()
    yield
    set_verbosity(before)


@pytest.mark.parametrize("chosen", Verbosity)
def test_no_more_is_said_than_was_asked_for(
    chosen: Verbosity, capsys: pytest.CaptureFixture[str]
) -> None:
    set_verbosity(chosen)
    log("normal")
    log("more", Verbosity.verbose)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.split() == ["normal", "more"][: int(chosen)]


def test_notes_come_before_files(capsys: pytest.CaptureFixture[str]) -> None:
    set_verbosity(Verbosity.normal)
    log_files([Path("a.png"), Path("a.csv")], ["look"])
    assert capsys.readouterr().err == "note: look\nwrote a.png\nwrote a.csv\n"


def test_what_breaks_while_a_database_is_open_is_told_in_a_line(storage: Storage, url: str) -> None:
    with opened(url) as here:
        assert here.names() == []
    with (
        pytest.raises(StorageError, match="no such table: absent") as raised,
        opened(url) as here,
        here.engine.connect() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM absent")
    assert "\n" not in str(raised.value)
    absent = url.replace("studies", "absent")
    with pytest.raises(NoDatabaseError, match="run a study first"), opened(absent):
        pass


def test_told_to_stop_a_command_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    set_verbosity(Verbosity.normal)
    with pytest.raises(typer.Exit) as ended, progress_display("small"):
        raise Interrupted
    assert ended.value.exit_code == 130
    assert capsys.readouterr().err == "interrupted; the same command resumes it\n"


def test_networks_side_by_side_are_as_far_as_their_steps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_verbosity(Verbosity.normal)
    with step_display("small", networks=3, steps=200) as on_step:
        on_step(50)
    assert capsys.readouterr().err.startswith("small: 25% of the work, 0/3 networks")


@pytest.mark.parametrize("chosen", Verbosity)
def test_matplotlib_tells_of_folders_that_it_cannot_have_only_where_much_is_asked(
    chosen: Verbosity,
) -> None:
    set_verbosity(chosen)
    tells = logging.getLogger("matplotlib.font_manager").isEnabledFor(logging.WARNING)
    assert tells is (chosen == Verbosity.verbose)
