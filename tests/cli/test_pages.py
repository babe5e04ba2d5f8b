"""The page that a launch leaves behind."""

import sqlite3
from pathlib import Path

import optuna
import pytest
import sqlalchemy

from dynstudy.cli.pages import page_after_launch
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker, plant


def test_a_page_that_cannot_be_written_is_one_line_and_made_up_for(
    storage: Storage,
    make_spec: SpecMaker,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant(storage, make_spec())
    taken = tmp_path / "studies.artifacts"
    taken.write_text("a file")
    page_after_launch(storage, "small", trained=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("warning: the page of small in the dashboard was not written: ")
    assert str(taken) in said.err
    assert said.err.count("\n") == 1
    taken.unlink()
    page_after_launch(
        storage, "small", trained=False
    )  # by the next launch, though it has nothing to train
    assert len(list(taken.iterdir())) == 4
    files = {file: file.stat().st_mtime_ns for file in taken.iterdir()}
    page_after_launch(storage, "small", trained=False)
    left = {file: file.stat().st_mtime_ns for file in taken.iterdir()}
    assert left == files  # nothing changed: it was not made again
    assert capsys.readouterr().err == ""


def test_a_full_disk_is_said_as_the_database_says_it(
    storage: Storage,
    make_spec: SpecMaker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant(storage, make_spec())
    full = sqlite3.OperationalError("database or disk is full")

    def refuse(*_: object) -> None:
        cause = sqlalchemy.exc.OperationalError("INSERT", {}, full)
        raise optuna.exceptions.StorageInternalError("typically happens") from cause

    monkeypatch.setattr("dynstudy.dashboard.page.publish", refuse)
    page_after_launch(storage, "small", trained=True)
    said = capsys.readouterr().err
    assert said.endswith(f"was not written: storage {storage.url}: database or disk is full\n")
