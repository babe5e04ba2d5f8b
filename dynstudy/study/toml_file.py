"""A TOML file that somebody gives us: read as a table, or refused in one line."""

import stat
import tomllib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any

from dynstudy.errors import DynstudyError
from dynstudy.study.validation_messages import one_line

MAX_BYTES = 2**26
"""More than any that dynstudy writes; reading takes some ten times the memory."""


def read_toml(path: Path, kind: str, error: type[DynstudyError]) -> dict[str, Any]:
    """Read a file, which is called a `kind` in messages.

    Returns:
        What it says.

    Raises:
        FileNotFoundError: there is none.
        DynstudyError: of the class `error`: it cannot be read, is too large, or is not TOML.
    """
    try:
        # what is no file may never end, or never begin
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise error(f"{path}: is a folder, not {kind}")
        if not stat.S_ISREG(facts.st_mode):
            raise error(f"{path}: is a device, a pipe or a socket, not {kind}")
        if facts.st_size > MAX_BYTES:
            raise error(f"{path}: has {facts.st_size:,} bytes, which is too large for {kind}")
        return tomllib.loads(path.read_text(_encoding(path)))
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise error(f"{path}: cannot be read: {problem.strerror or problem}") from None
    except RecursionError:
        raise error(f"{path}: is not {kind}: nested too deeply") from None
    except UnicodeDecodeError:
        raise error(f"{path}: is not a TOML file: it is not text in UTF-8 or UTF-16") from None
    except ValueError as problem:  # of TOML, or of a name that no file can have
        raise error(f"{path}: is not a TOML file: {one_line(str(problem))[:200]}") from None


def _encoding(path: Path) -> str:
    """UTF-8, with its mark or without, or UTF-16 with one, as PowerShell's ``>`` writes it."""
    with path.open("rb") as file:
        mark = file.read(len(BOM_UTF16_LE))
    return "utf-16" if mark in {BOM_UTF16_LE, BOM_UTF16_BE} else "utf-8-sig"
