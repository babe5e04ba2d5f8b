"""Where chunks are trained: an executor is a file of this folder and a line of `EXECUTORS`."""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from dynstudy.errors import ClusterError

if TYPE_CHECKING:
    from dynstudy.launch.executors.executor import Executor

EXECUTORS = {
    "here": "dynstudy.launch.executors.here:here",
    "dask": "dynstudy.launch.executors.dask:local",
}
"""Functions of a backend and a number of processes on this machine."""

SCHEDULER = "dynstudy.launch.executors.dask:connect"
"""A function of the address of a scheduler of Dask's, and of more."""


def maker(home: str) -> "Callable[..., Executor]":
    """Import what makes an executor, and what that needs.

    Returns:
        The function.

    Raises:
        ClusterError: that is Dask, and not installed.
        ModuleNotFoundError: something else is not.
    """
    module, _, function = home.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"dask", "distributed"}:
            raise
        raise ClusterError(
            "--workers and --scheduler need Dask: pip install 'dynstudy[cluster]'"
        ) from None
