"""A folder for what is thrown away: also by the next process, where this one is killed."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "dynstudy-scratch-"
HELD = ".held"
"""The file in such a folder that its process has locked as long as it lives."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a new folder in the temporary directory, and remove those of processes that died."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is another user's, is in use, or has just been removed
            _remove_if_dead(folder)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        new = Path(name) / "new"
        with new.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            new.rename(new.with_name(HELD))  # locked before anyone looks for it
            yield Path(name)


def _remove_if_dead(folder: Path) -> None:
    with (folder / HELD).open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
