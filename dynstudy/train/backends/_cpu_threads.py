"""The threads of the `cpu` backend: each network is a task of its own, widest first."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from dynstudy.errors import BackendError


def threads() -> int:
    """Networks trained at once: ``DYNSTUDY_THREADS`` (1 to 4096), or every core we may use."""
    asked = os.environ.get("DYNSTUDY_THREADS")
    if asked:
        if not asked.isdecimal() or not 1 <= int(asked) <= 4096:
            raise BackendError(
                f"DYNSTUDY_THREADS = {asked!r}: must be a whole number from 1 to 4096"
            )
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix="dynstudy-cpu")


if hasattr(os, "register_at_fork"):  # a forked child has none of the threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def in_threads(of_one: Callable[[int], None], networks: list[int], together: int = 1) -> None:
    """Call it for each of the networks, for so many at most in a task."""
    tasks = max(threads(), -(-len(networks) // together))

    def of_several(first: int) -> None:
        for b in networks[first::tasks]:
            of_one(b)

    for _ in _pool(threads()).map(of_several, range(min(tasks, len(networks)))):
        pass  # drawn, so that an error in a thread is raised here
