import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from dynstudy.analysis.regime_map import regime_map
from dynstudy.errors import (
    StorageError,
    StudyBusyError,
    StudyMismatchError,
    StudyNotFoundError,
)
from dynstudy.store.optuna_storage import CheckedStorage
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.databases import SQLITE_ALONE
from tests.forked import in_children
from tests.planted import SpecMaker, plant


def test_a_new_database_holds_optunas_tables_and_ours(storage: Storage) -> None:
    tables = set(inspect(storage.engine).get_table_names())
    assert {"studies", "trials", "dynstudy_replicate", "dynstudy_series", "dynstudy_run"} <= tables


@SQLITE_ALONE
def test_a_file_may_be_read_while_it_is_written(storage: Storage) -> None:
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE studies (a INTEGER)")
        theirs.commit()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="is the database of another program"):
        Storage(f"sqlite:///{path}", create=True)
    assert path.read_bytes() == before


@SQLITE_ALONE
@pytest.mark.parametrize("name", ["plain", "a#b", "a?b", "a%23b", "a b", "ä", "a{b}&c=d;e"])
def test_an_archived_database_can_be_read(
    name: str,
    storage: Storage,
    url: str,
    make_spec: SpecMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage.open_study(make_spec())
    storage.engine.dispose()
    folder = tmp_path / name
    folder.mkdir()
    Path(url.removeprefix("sqlite:///")).rename(folder / "studies.db")
    # root may write anything, so permissions are what the test says
    may = os.access
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK and may(path, mode))
    monkeypatch.chdir(folder)
    assert Storage("sqlite:///studies.db").names() == ["small"]
    assert [path.name for path in folder.iterdir()] == ["studies.db"]


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no such database; run a study first"):
        Storage(f"sqlite:///{tmp_path}/absent.db")
    assert not list(tmp_path.iterdir())


@SQLITE_ALONE
def test_a_read_only_database_can_be_read_and_is_not_run_on(
    storage: Storage, url: str, make_spec: SpecMaker
) -> None:
    storage.open_study(make_spec())
    read_only = f"sqlite:///file:{url.removeprefix('sqlite:///')}?mode=ro&uri=true"
    assert Storage(read_only).names() == ["small"]
    with pytest.raises(StorageError, match="readonly"):
        Storage(read_only, create=True)


def test_a_database_of_a_newer_dynstudy_is_refused_before_it_is_touched(
    storage: Storage, url: str
) -> None:
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dynstudy_meta SET value = '99'")
    for create in (True, False):
        with pytest.raises(StorageError, match=r"written by a newer dynstudy \(its schema is 99"):
            Storage(url, create=create)


def test_a_study_that_is_not_there_is_named_with_the_nearest(
    storage: Storage, make_spec: SpecMaker
) -> None:
    storage.open_study(make_spec())
    with pytest.raises(StudyNotFoundError, match=r"'smal' is not in .*did you mean 'small'"):
        storage.study("smal")


def test_others_studies_in_the_same_database_are_left_alone(
    storage: Storage, make_spec: SpecMaker
) -> None:
    theirs = optuna.create_study(storage=storage.optuna, study_name="small")
    theirs.add_trial(optuna.trial.create_trial(value=1.0))
    assert storage.names() == []
    with pytest.raises(StudyMismatchError, match="was not made by dynstudy"):
        storage.open_study(make_spec())


def test_a_launch_killed_before_it_said_what_the_study_is_can_be_repeated(
    storage: Storage, make_spec: SpecMaker
) -> None:
    optuna.create_study(storage=storage.optuna, study_name="small", direction="maximize")
    storage.open_study(make_spec())
    assert storage.names() == ["small"]


def test_a_database_whose_making_was_interrupted_is_finished(storage: Storage, url: str) -> None:
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM dynstudy_meta")
    assert Storage(url, create=True).names() == []


def test_processes_that_start_on_a_new_database_at_once_all_get_it(url: str) -> None:
    def names() -> list[str]:
        return Storage(url, create=True).names()

    assert in_children(*[names] * 4) == [[]] * 4


def test_of_two_that_make_optunas_tables_at_once_the_second_looks_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What PostgreSQL says to it comes wrapped up by Optuna."""
    make = CheckedStorage.__init__

    def second(self: CheckedStorage, *arguments: Any, **options: Any) -> None:
        monkeypatch.undo()
        make(self, *arguments, **options)
        self.engine.dispose()
        clash = IntegrityError("CREATE TABLE alembic_version", {}, Exception("duplicate key"))
        raise StorageInternalError("An exception is raised during the commit.") from clash

    monkeypatch.setattr(CheckedStorage, "__init__", second)
    assert Storage(url, create=True).names() == []


def test_a_changed_meaning_is_refused_with_the_difference_and_the_way_out(
    storage: Storage, make_spec: SpecMaker
) -> None:
    storage.open_study(make_spec())
    storage.open_study(make_spec())  # the same meaning
    with pytest.raises(
        StudyMismatchError, match=r"replicates was 2, now 3.*give the study file a new name$"
    ):
        storage.open_study(make_spec(replicates=3), extend=True)


def test_who_stood_still_as_it_opened_a_study_does_not_write_over_what_it_is_by_now(
    storage: Storage, url: str, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = {"learning_rate": 1.0, "amplitude": 3, "period": 10}
    narrow, wide = (make_spec(space=space | {"width": width}) for width in (5, [5, 9]))
    storage.open_study(narrow)
    check = Storage.check_study

    def stand_still(self: Storage, *arguments: Any, **options: Any) -> None:
        check(self, *arguments, **options)
        monkeypatch.undo()
        other = Storage(url, create=True)
        other.open_study(wide, extend=True)
        other.engine.dispose()

    monkeypatch.setattr(Storage, "check_study", stand_still)
    with pytest.raises(StudyBusyError, match="another launch changed it meanwhile"):
        storage.open_study(narrow)
    assert storage.spec(storage.study("small")) == wide
    storage.open_study(wide)


def test_more_cells_are_an_extension_and_fewer_are_not(
    storage: Storage, make_spec: SpecMaker
) -> None:
    def with_widths(*widths: int) -> StudySpec:
        space = {"learning_rate": 1.0, "amplitude": 3, "period": 10, "width": list(widths)}
        return make_spec(space=space)

    storage.open_study(with_widths(5))
    with pytest.raises(StudyMismatchError, match=r"space.width was \[5\], now \[5, 9\].*--extend"):
        storage.open_study(with_widths(5, 9))
    study = storage.open_study(with_widths(5, 9), extend=True)
    assert storage.spec(study) == with_widths(5, 9)
    with pytest.raises(StudyMismatchError):
        storage.open_study(with_widths(9), extend=True)


def test_a_copy_that_optuna_made_goes_by_its_name(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    db = storage.optuna
    optuna.copy_study(from_study_name="small", from_storage=db, to_storage=db, to_study_name="new")
    assert storage.spec(storage.study("new")) == make_spec(name="new")
    assert regime_map(storage, "new").spec.name == "new"
    storage.check_study(make_spec(name="new"))  # it can be run again
    with pytest.raises(StudyMismatchError, match="replicates was 2, now 3"):
        storage.check_study(make_spec(name="new", replicates=3))
