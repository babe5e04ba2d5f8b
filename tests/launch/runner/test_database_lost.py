"""A database that goes while a study is run: nothing is said to be recorded that is not."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from sqlalchemy import event

import dynstudy
from dynstudy.errors import StorageError
from dynstudy.launch import training
from dynstudy.store.studies import Storage
from tests.command import dynstudy as command
from tests.planted import SMALL, SpecMaker


def removed(path: Path) -> None:
    path.unlink()


def removed_with_its_log(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def replaced(path: Path) -> None:
    shutil.copy(path, path.with_name("other.db"))
    path.with_name("other.db").replace(path)


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def moved(path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))


def folder_moved(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def overwritten(path: Path) -> None:
    path.write_bytes(b"something else entirely" * 1000)


WAYS = [
    removed, removed_with_its_log, replaced, replaced_by_a_folder, moved, folder_moved, emptied,
    overwritten,
]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return shutil.copy(empty_database, tmp_path / "folder" / "studies.db")


@pytest.fixture
def after_the_first_chunk(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def arrange(lose: Callable[[Path], None], path: Path) -> None:
        original, chunks = training.Training._record, []

        def record(self: training.Training, *arguments: Any) -> None:
            original(self, *arguments)
            chunks.append(1)
            if len(chunks) == 1:
                lose(path)

        monkeypatch.setattr(training.Training, "_record", record)

    return arrange


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("lose", WAYS)
def test_a_launch_ends_with_an_error_at_the_next_chunk(
    lose: Callable[[Path], None],
    path: Path,
    after_the_first_chunk: Callable[..., None],
    make_spec: SpecMaker,
) -> None:
    storage = Storage(f"sqlite:///{path}", create=True)
    after_the_first_chunk(lose, path)
    progress = []
    with pytest.raises(StorageError) as caught:
        dynstudy.run(make_spec(), storage=storage, report=lambda each: progress.append(each.done))
    storage.engine.dispose()
    assert max(progress) == 2  # networks: the first chunk
    assert "\n" not in str(caught.value)
    if lose not in {emptied, overwritten}:
        assert str(caught.value) == (
            f"storage {path}: was removed, moved or replaced while it was in use; nothing more is "
            "recorded: put it back, or run again to begin anew"
        )
    if lose in {removed, removed_with_its_log, moved, folder_moved}:
        assert not path.exists()  # SQLite would make an empty one


def test_the_command_says_so_in_one_line(
    tmp_path: Path, after_the_first_chunk: Callable[..., None]
) -> None:
    (tmp_path / "small.toml").write_text(tomli_w.dumps(SMALL))
    after_the_first_chunk(removed, tmp_path / "storage" / "dynstudy.db")
    _, err = command(tmp_path, "run", "small.toml", expected=2)
    assert "networks trained," not in err
    assert err.splitlines()[-1].startswith("error: storage ")


@pytest.mark.usefixtures("small_chunks")
def test_a_full_disk_is_one_line_and_what_was_recorded_stays(
    path: Path, after_the_first_chunk: Callable[..., None], make_spec: SpecMaker
) -> None:
    storage = Storage(f"sqlite:///{path}", create=True)

    def fill(_: Path) -> None:
        with storage.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        event.listen(
            storage.engine,
            "checkout",
            lambda connection, *_: connection.execute(f"PRAGMA max_page_count = {pages}"),
        )

    after_the_first_chunk(fill, path)
    full = f"storage sqlite:///{path}: database or disk is full; what is recorded is kept, and "
    with pytest.raises(StorageError, match=full):
        dynstudy.run(make_spec(replicates=50), storage=storage, patience=0)
    storage.engine.dispose()
    assert dynstudy.run(make_spec(replicates=50), storage=f"sqlite:///{path}").reused > 0


def test_who_only_reads_learns_it_too(path: Path) -> None:
    storage = Storage(f"sqlite:///{path}")
    path.unlink()
    with pytest.raises(StorageError, match="was removed"):
        storage.names()
    storage.engine.dispose()
