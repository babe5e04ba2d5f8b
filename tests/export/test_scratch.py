"""A folder for what is thrown away, whatever becomes of its process."""

import sys
import tempfile
from pathlib import Path

import pytest

from dynstudy.export.scratch import HELD, PREFIX, scratch_folder
from tests.command import process

HOLDING = (
    "import sys, tempfile, time\n"
    "tempfile.tempdir = sys.argv[1]\n"
    "from dynstudy.export.scratch import scratch_folder\n"
    "with scratch_folder() as folder:\n"
    "    (folder / 'large').touch()\n"
    "    print('there', flush=True)\n"
    "    time.sleep(1000)\n"
)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_there_as_long_as_it_is_needed(temporary: Path) -> None:
    with scratch_folder() as folder:
        (folder / "database").touch()
        with scratch_folder() as other:  # does not take the first for left behind
            assert other != folder
        assert (folder / "database").exists()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next_one(temporary: Path) -> None:
    with process(temporary, sys.executable, "-c", HOLDING, str(temporary)) as command:
        command.until(lambda: "there" in command.out)
        (left,) = temporary.glob(f"{PREFIX}*")
        with scratch_folder():
            assert (left / "large").exists()  # it lives
        command.kill()
        assert (left / "large").exists()
    with scratch_folder() as folder:
        assert list(temporary.glob(f"{PREFIX}*")) == [folder]


def test_a_folder_that_is_not_ours_stays(temporary: Path) -> None:
    mine = temporary / f"{PREFIX}mine"
    mine.mkdir()
    (mine / "thesis").touch()
    with scratch_folder():
        assert (mine / "thesis").exists()
    assert not (mine / HELD).exists()
