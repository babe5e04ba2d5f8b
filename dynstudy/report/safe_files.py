"""Files that a person takes away: written whole or not at all, under names that are safe."""

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import pandas as pd

from dynstudy.errors import DynstudyError
from dynstudy.report.rows import Rows, to_csv


def file_stem(name: str) -> str:
    """A file name for a study, whatever it is called; distinct for distinct studies.

    Returns:
        Its name itself where that is safe, else its safe characters and a part of its digest.

    >>> file_stem("regime-dce"), file_stem("../x")
    ('regime-dce', 'x-d6b96a97')
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-")[:80]
    if safe == name:
        return safe
    return f"{safe or 'study'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def write_whole(path: Path, write: Callable[[Path], object], *, suffix: str | None = None) -> Path:
    """Let `write` fill a file under a temporary name, then put it in its place at once.

    Args:
        path: of the file.
        write: fills the file that it is given.
        suffix: by which `write` knows the format, where it is not that of `path`.

    Returns:
        Its path.

    Raises:
        DynstudyError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.parent / f".{token_hex(8)}{path.suffix if suffix is None else suffix}"
        whole.touch(exist_ok=False)  # as others may read it as the user lets them (umask)
        mode = whole.stat().st_mode
        try:
            write(whole)
            whole.chmod(mode)  # whatever what wrote it thinks of that
            whole.replace(path)
        finally:
            whole.unlink(missing_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise DynstudyError(f"{path.parent}: is a file, not a folder to write to") from None
    except OSError as error:
        raise DynstudyError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def check_folder(path: Path) -> None:
    """Find out before hours of work whether a file can be written."""
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    if not folder.is_dir():
        raise DynstudyError(f"{folder}: is a file, not a folder to write to")
    if not os.access(folder, os.W_OK):
        raise DynstudyError(f"{path}: cannot be written: the folder {folder} is read-only")
    if path.is_dir():
        raise DynstudyError(f"{path}: is a folder, not a file to write")


def write_rows(rows: Rows | pd.DataFrame, path: Path) -> Path:
    """Write rows as CSV, whole or not at all."""
    return write_whole(path, lambda whole: whole.write_text(to_csv(rows), encoding="utf-8"))


def write_drawn(
    stem: Path, draw: Callable[[Path], object], rows: Rows | pd.DataFrame
) -> list[Path]:
    """Write what `draw` draws as PNG, and the numbers in it as CSV of the same name."""
    return [write_whole(Path(f"{stem}.png"), draw), write_rows(rows, Path(f"{stem}.csv"))]
