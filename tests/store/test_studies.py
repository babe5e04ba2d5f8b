import os
import sqlite3
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import optuna
import pytest

from dynstudy.errors import (
    StorageError,
    StudyBusyError,
    StudyMismatchError,
    StudyNotFoundError,
)
from dynstudy.store.database import DEFAULT_STORAGE, storage_url
from dynstudy.store.launches import claim, launches
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.command import process
from tests.conftest import ROOT
from tests.planted import SpecMaker


def test_the_url_is_the_given_one_then_the_environments_then_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert storage_url() == DEFAULT_STORAGE
    monkeypatch.setenv("OPTUNA_STORAGE", "sqlite:///o.db")
    assert storage_url() == "sqlite:///o.db"
    monkeypatch.setenv("DYNSTUDY_STORAGE", "sqlite:///d.db")
    assert storage_url() == "sqlite:///d.db"
    assert storage_url("sqlite:///given.db") == "sqlite:///given.db"


def test_a_new_database_holds_optunas_tables_and_ours(storage: Storage, url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = {name for (name,) in rows}
    assert {"studies", "trials", "dynstudy_replicate", "dynstudy_series", "dynstudy_run"} <= tables
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_file_that_is_not_a_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but longer than a header")
    for create in (True, False):
        with pytest.raises(StorageError, match="is not an SQLite database"):
            Storage(f"sqlite:///{path}", create=create)
    assert path.read_text().startswith("not a database")


def test_a_damaged_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    path.write_bytes(b"SQLite format 3\0" + b"garbage" * 1000)
    with pytest.raises(StorageError, match=r"storage sqlite:///.*damaged.db: ") as caught:
        Storage(f"sqlite:///{path}", create=True)
    assert "\n" not in str(caught.value)


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE studies (a INTEGER)")
        theirs.commit()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="is the database of another program"):
        Storage(f"sqlite:///{path}", create=True)
    assert path.read_bytes() == before


def test_an_archived_database_can_be_read(
    storage: Storage, url: str, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.open_study(make_spec())
    storage.engine.dispose()
    folder = Path(url.removeprefix("sqlite:///")).parent
    # root may write anything, so permissions are what the test says
    may = os.access
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK and may(path, mode))
    before = sorted(folder.iterdir())
    assert Storage(url).names() == ["small"]
    assert sorted(folder.iterdir()) == before


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no such database; run a study first"):
        Storage(f"sqlite:///{tmp_path}/absent.db")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "must be sqlite:///PATH or postgresql"),
        ("mysql://host/x", "must be sqlite:///PATH or postgresql"),
        ("", "must be sqlite:///PATH or postgresql"),
        ("sqlite://", "would be lost at the end; name a file"),
        ("sqlite:///:memory:", "would be lost at the end; name a file"),
        ("sqlite:///{tmp}", "is a folder"),
        ("sqlite:///{tmp}/no/such/folder/x.db", "there is no folder"),
    ],
)
def test_what_cannot_be_a_database_is_said_so(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=said):
        Storage(url.format(tmp=tmp_path), create=True)


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


def test_an_unreachable_server_is_one_line() -> None:
    with pytest.raises(StorageError) as caught:
        Storage("postgresql+psycopg://user:secret@127.0.0.1:1/none", create=True)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


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
    code = f"from dynstudy.store.studies import Storage; Storage({url!r}, create=True)"
    with ExitStack() as stack:
        starting = [process(ROOT, sys.executable, "-c", code) for _ in range(4)]
        commands = [stack.enter_context(one) for one in starting]
        assert [command.ends() for command in commands] == [(0, "", "")] * 4


def test_passwords_are_not_shown() -> None:
    with pytest.raises(StorageError) as caught:
        Storage("mysql://user:secret@host/x")
    assert "secret" not in str(caught.value)


def test_a_changed_meaning_is_refused_with_the_difference_and_the_way_out(
    storage: Storage, make_spec: SpecMaker
) -> None:
    storage.open_study(make_spec())
    storage.open_study(make_spec())  # the same meaning
    with pytest.raises(
        StudyMismatchError, match=r"replicates was 2, now 3.*give the study file a new name$"
    ):
        storage.open_study(make_spec(replicates=3), extend=True)


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


def test_two_runs_of_a_study_at_once_are_refused(storage: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    with (
        claim(storage.engine, number, spec, "auto"),
        pytest.raises(StudyBusyError, match="is being run by process"),
        claim(storage.engine, number, spec, "auto"),
    ):
        pass
    with claim(storage.engine, number, spec, "auto"):
        pass  # the first one is over


def test_a_run_tells_how_it_ended_and_what_it_was(storage: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))

    class BrokenError(Exception):
        pass

    with pytest.raises(BrokenError), claim(storage.engine, number, spec, "auto"):
        raise BrokenError
    with claim(storage.engine, number, spec, "cpu") as run:
        run.recorded(3, "cpu", "two cores")
    failed, complete = launches(storage.engine, number)
    assert (failed.status, complete.status) == ("failed", "complete")
    assert (complete.networks, complete.device) == (3, "two cores")
    assert complete.ended_at is not None
    for fact in ("versions", "processor", "system"):
        assert fact in complete.provenance


def test_a_new_study_does_not_inherit_a_deleted_ones_runs(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    with claim(storage.engine, number, spec, "auto"):
        pass
    optuna.delete_study(study_name=spec.name, storage=storage.optuna)
    again = storage.study_id(storage.open_study(spec))
    assert again == number  # SQLite gives the number again
    assert launches(storage.engine, again) == []
