"""Compiled by Numba, and kept on disk where that can be.

Numba raises where nothing may be written (an installation that is read-only, with no home) and
where a file of its cache is cut off; where one is damaged within, the process crashes. Compiling
takes seconds, and is always possible: what is kept has its digest beside it, and that of what
it was compiled from: Numba looks at the file of the function alone, not at those it is made with.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from inspect import getfile
from pathlib import Path
from threading import Lock
from typing import Any

from numba import njit

from dynstudy.task.losses import loss
from dynstudy.train import alternation, climbs
from dynstudy.train.backends import _registers


class Cached:
    """A function that is compiled when it is first called, or read from the cache.

    Args:
        function: what Numba compiles; for anything but the cache it raises nothing.
        options: of ``numba.njit``.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.function, self.options = function, options
        self._lock = Lock()
        self._begun_anew = False
        self.compiled = self._with_cache()

    def __call__(self, *arguments: Any) -> Any:
        """Call it; compiles anew what the cache cannot give."""
        compiled = self.compiled
        try:
            before = len(compiled.signatures)
            answer = compiled(*arguments)
        except Exception:  # whatever unpickling garbage raises; nothing is computed yet
            with self._lock:
                if self.compiled is compiled:  # else another thread did this
                    if compiled.stats.cache_path is None:
                        raise
                    self._begin_anew(Path(compiled.stats.cache_path))
            return self(*arguments)
        if len(compiled.signatures) != before and compiled.stats.cache_path is not None:
            self._seal(Path(compiled.stats.cache_path))
        return answer

    def _with_cache(self) -> Any:
        try:
            compiled = njit(cache=True, **self.options)(self.function)
        except RuntimeError:  # no folder that it could be in
            return njit(**self.options)(self.function)
        for file in self._files(Path(compiled.stats.cache_path), "nbc"):
            with suppress(OSError):
                if not _sealed(file):
                    file.unlink()  # which is as if it had never been compiled
        return compiled

    def _files(self, folder: Path, suffix: str) -> Iterator[Path]:
        """Those of this function, as Numba names them: data (nbc) and an index of them (nbi)."""
        name = f"{self.function.__module__.rpartition('.')[2]}.{self.function.__qualname__}"
        return folder.glob(f"{name}-*.{suffix}")

    def _seal(self, folder: Path) -> None:
        for file in self._files(folder, "nbc"):
            with suppress(OSError):
                _seal_of(file).write_text(_digest(file), encoding="utf-8")

    def _begin_anew(self, folder: Path) -> None:
        if self._begun_anew:  # it cannot be removed, or not be written
            self.compiled = njit(**self.options)(self.function)
            return
        for file in self._files(folder, "nb[ic]"):
            with suppress(OSError):
                file.unlink()
        self.compiled, self._begun_anew = self._with_cache(), True


def _seal_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _sealed(file: Path) -> bool:
    try:
        return _seal_of(file).read_text(encoding="utf-8") == _digest(file)
    except (OSError, UnicodeDecodeError):
        return False


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes() + _sources()).hexdigest()


@cache
def _sources() -> bytes:
    """Of all that is compiled, and of whose constants are."""
    files = sorted(Path(__file__).parent.glob("_cpu_*.py"))
    files += [Path(getfile(module)) for module in (_registers, alternation, climbs, loss)]
    return b"".join(file.read_bytes() for file in files)
