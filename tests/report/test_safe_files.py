"""Files that a person takes away: safe names, whole contents."""

import os
from pathlib import Path

import pytest

from dynstudy.errors import DynstudyError
from dynstudy.report.rows import to_csv
from dynstudy.report.safe_files import (
    check_folder,
    file_stem,
    write_drawn,
    write_rows,
    write_whole,
)

ROWS = [{"study": "a", "gain": 0.5}]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b", "é☃", "x" * 200, "...", "q\"uo'te"])
def test_file_names_are_safe_and_distinct(name: str) -> None:
    stem = file_stem(name)
    assert "/" not in stem
    assert stem
    assert not stem.startswith(".")
    assert len(stem) < 100
    assert stem != file_stem(name + "!")


def half_written(path: Path) -> None:
    path.write_text("the first ha")
    raise ZeroDivisionError("in the midst of it")


@pytest.mark.parametrize("before", [None, "as it was"])
def test_what_fails_half_way_leaves_what_was_there_and_nothing_else(
    before: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "map.csv"
    if before is not None:
        path.write_text(before)
    with pytest.raises(ZeroDivisionError, match="in the midst"):
        write_whole(path, half_written)
    files = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert files == ({} if before is None else {"map.csv": before})


def test_a_file_is_filled_under_another_name_and_then_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "map.csv"
    for text in ("first", "second"):

        def write(whole: Path, text: str = text) -> None:
            assert (whole.parent, whole.suffix) == (path.parent, ".csv")
            assert whole.name.startswith(".")
            assert not path.exists() or path.read_text() == "first"
            whole.write_text(text)

        assert write_whole(path, write) == path
        assert [(file, file.read_text()) for file in path.parent.iterdir()] == [(path, text)]


def test_a_file_in_the_place_of_a_folder_is_named_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    said = f"^{file}: is a file, not a folder to write to$"
    with pytest.raises(DynstudyError, match=said):
        write_whole(file / "map.csv", half_written)
    with pytest.raises(DynstudyError, match=f"^{file / 'deeper'}: is a file, not a folder"):
        write_whole(file / "deeper" / "map.csv", half_written)
    with pytest.raises(DynstudyError, match=said):
        check_folder(file / "map.csv")
    with pytest.raises(DynstudyError, match=said):
        check_folder(file / "deeper" / "map.csv")
    assert file.read_text() == "mine"


def test_what_the_disk_refuses_is_said_with_the_files_name(tmp_path: Path) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(DynstudyError, match=r"map.csv: cannot be written: No space left on"):
        write_whole(tmp_path / "map.csv", full)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_looked_at_before_the_work_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new" / "folder" / "map.csv"
    check_folder(path)
    with pytest.raises(DynstudyError, match=f"^{tmp_path}: is a folder, not a file to write$"):
        check_folder(tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with pytest.raises(DynstudyError, match=f"the folder {tmp_path} is read-only$"):
        check_folder(path)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_and_its_numbers_share_a_name(tmp_path: Path) -> None:
    stem = tmp_path / "a.b"
    written = write_drawn(stem, lambda path: path.write_bytes(b"drawn"), ROWS)
    assert written == [tmp_path / "a.b.png", tmp_path / "a.b.csv"]
    assert written[0].read_bytes() == b"drawn"
    assert written[1].read_text() == to_csv(ROWS)
    assert write_rows([], tmp_path / "none.csv").read_text() == to_csv([])


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_who_may_read_it_is_as_the_user_says(umask: int, mode: int, tmp_path: Path) -> None:
    def private(path: Path) -> None:
        path.write_text("x")
        path.chmod(0o640)  # as some libraries do

    before = os.umask(umask)
    try:
        written = [path for _ in range(2) for path in write_drawn(tmp_path / "a", private, ROWS)]
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in written] == [mode] * 4
