"""Where chunks are trained: an executor is a file of this folder and a line of `EXECUTORS`."""

import importlib
from collections.abc import Callable
from importlib.util import find_spec
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
        ClusterError: that is Dask, and not installed, or kept from starting by its configuration.
        ModuleNotFoundError: something else is not.
    """
    module, _, function = home.partition(":")
    try:
        if home != EXECUTORS["here"]:
            _configured()
        return getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"dask", "distributed"}:
            raise
        raise ClusterError(
            "--workers and --scheduler need Dask: pip install 'dynstudy[cluster]'"
        ) from None


def _configured() -> None:
    """Import Dask, which then reads its configuration: a person's files and environment.

    Raises:
        ClusterError: something is wrong with that.
        ModuleNotFoundError: it is not installed.
    """
    try:
        importlib.import_module("distributed")
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        raise ClusterError(
            f"Dask does not start: {' '.join(str(error).split())}; look at its configuration, "
            "which is $DASK_CONFIG, ~/.config/dask and each $DASK_…"
        ) from None


def processes(backend: str) -> int:
    """How many processes of this machine train, if nobody says: one for each of several cards.

    Returns:
        1 where there is one card, or none, or where Dask is not installed.
    """
    from dynstudy.train.backends import per_device

    return len(per_device(backend)) if find_spec("distributed") is not None else 1


def on_this_machine(
    backend: str, workers: int | None = None, patience: float | None = None
) -> "Executor":
    """Return what trains on this machine.

    Args:
        backend: see `dynstudy.train.train`.
        workers: so many processes; if None, this one, or one for each card where there are several.
        patience: seconds to wait for processes that do not start.

    Raises:
        ClusterError: processes are asked for, and Dask is not installed.
    """
    count = processes(backend) if workers is None else workers
    if workers is None and count == 1:
        return maker(EXECUTORS["here"])(backend, 1)
    how = {} if patience is None else {"patience": patience}
    return maker(EXECUTORS["dask"])(backend, count, **how)
