"""Compiled by Numba, and kept on disk where that can be.

Numba raises where nothing may be written (an installation that is read-only, with no home), and
where a file of its cache is broken; compiling takes seconds, and is always possible.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from numba import njit


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
            return compiled(*arguments)
        except Exception:  # whatever unpickling garbage raises; nothing is computed yet
            with self._lock:
                if self.compiled is compiled:  # else another thread did this
                    if compiled.stats.cache_path is None:
                        raise
                    self._begin_anew(Path(compiled.stats.cache_path))
        return self(*arguments)

    def _with_cache(self) -> Any:
        try:
            return njit(cache=True, **self.options)(self.function)
        except RuntimeError:  # no folder that it could be in
            return njit(**self.options)(self.function)

    def _begin_anew(self, folder: Path) -> None:
        if self._begun_anew:  # it cannot be removed, or not be written
            self.compiled = njit(**self.options)(self.function)
            return
        name = f"{self.function.__module__.rpartition('.')[2]}.{self.function.__qualname__}"
        for file in folder.glob(f"{name}-*.nb[ic]"):
            with suppress(OSError):
                file.unlink()
        self.compiled, self._begun_anew = self._with_cache(), True
