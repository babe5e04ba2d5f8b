"""What moves networks forward.

A backend is a module of this folder with two functions: ``start(ensemble, data, initial,
readings)`` makes a state, and ``advance(state, step, count)`` moves every network from `step` by
`count` steps, filling the readings on its way. The state tells its ``name``, its ``device`` and its
``parameters()``. A backend with a choice of device has a ``check_device(device)`` as well, and its
``start`` takes the DEVICE of ``NAME:DEVICE`` as ``device``.
"""

import importlib
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from dynstudy.errors import BackendError, nearest
from dynstudy.train.ensemble import Parameters

BACKENDS = tuple(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")
FASTEST = "cpu"


class State(Protocol):
    """Networks on their way."""

    name: str

    @property
    def device(self) -> str:
        """What they are trained on, in words."""

    def parameters(self) -> Parameters:
        """The parameters as they are now."""


def load(backend: str) -> tuple[Callable[..., State], Callable[[Any, int, int], None]]:
    """Find a backend by name.

    Args:
        backend: ``"auto"``, a name, or ``NAME:DEVICE``.

    Returns:
        Its functions ``start`` and ``advance``.

    Raises:
        BackendError: there is no such backend, or no such device for it.
    """
    name, colon, device = (FASTEST if backend == "auto" else backend).partition(":")
    if name not in BACKENDS:
        known = ("auto", *BACKENDS)
        raise BackendError(
            f"backend {backend!r} is not one of {', '.join(known)}{nearest(name, known)}"
        )
    module = importlib.import_module(f"{__name__}.{name}")
    chosen = {"device": device} if colon else {}
    if hasattr(module, "check_device"):
        module.check_device(**chosen)
    elif colon:
        raise BackendError(f"backend {backend!r}: {name} has no choice of device; use {name!r}")
    return partial(module.start, **chosen), module.advance
