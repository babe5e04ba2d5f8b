"""The exceptions that dynstudy raises on purpose.

Each carries one line that says what is wrong, why, and the way out; the command line prints that
line and exits with status 2.
"""

import difflib
from collections.abc import Iterable

NEEDS_TORCH = "needs PyTorch: pip install 'dynstudy[torch]'"
"""What does not run without it; the rest of a sentence."""


class DynstudyError(Exception):
    """Anything that the user can mend; its text is the whole message."""


class SpecError(DynstudyError):
    """A study file, an override or a value in them that cannot be used."""


class BackendError(DynstudyError):
    """A backend that does not exist, or cannot run on this machine."""


class ClusterError(DynstudyError):
    """Workers, or their scheduler, that cannot be reached, used, or trusted."""


class BenchError(DynstudyError):
    """A benchmark that cannot be run as asked."""


class StorageError(DynstudyError):
    """A database that cannot be reached, read or written, or that is not dynstudy's."""


class NoDatabaseError(StorageError):
    """There is no database yet, or nothing of dynstudy's in it."""


class StudyNotFoundError(StorageError):
    """No study of that name in the storage."""


class StudyMismatchError(StorageError):
    """A study of that name exists and means something else."""


class StudyBusyError(StorageError):
    """Another process is running the same study."""


class StudyTakenError(StorageError):
    """A launch lost its study to another one, or the study was deleted."""


class DamagedError(StorageError):
    """A value in a database that is not what was written there."""


class ExportError(DynstudyError):
    """An export that cannot be made or read."""


class Interrupted(Exception):  # noqa: N818 - it is no error
    """Told to stop before the work was done; what was done is kept.

    `abandoned` says whether a training thread could not be stopped and ends with the process.
    """

    def __init__(self, abandoned: bool = False) -> None:
        super().__init__("interrupted; the same command resumes it")
        self.abandoned = abandoned


def either(words: Iterable[str]) -> str:
    """Return what is allowed, at least one word, as a part of a sentence.

    >>> either(["dce", "dmse1", "dmse2"])
    'dce, dmse1 or dmse2'
    """
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def nearest(name: str, names: Iterable[str]) -> str:
    """Return what was probably meant, as the end of an error message; empty if nothing is close.

    >>> nearest("replicate", ["replicates", "loss"])
    "; did you mean 'replicates'?"
    >>> nearest("zzz", ["replicates"])
    ''
    """
    close = difflib.get_close_matches(name, list(names), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(match) for match in close)}?" if close else ""


def with_article(noun: str) -> str:
    """Return one of something.

    >>> with_article("map"), with_article("atlas")
    ('a map', 'an atlas')
    """
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def printable(text: str, keep: str = "") -> str:
    r"""Return a text without what could move a terminal's cursor or turn its lines around.

    >>> printable("a\x1b[31mb\n"), printable("ä\nβ", keep="\n")
    ('a\\x1b[31mb\\n', 'ä\nβ')
    """
    return "".join(
        letter
        if letter.isprintable() or letter in keep
        else letter.encode("unicode_escape").decode()
        for letter in text
    )
