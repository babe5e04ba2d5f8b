"""What moves networks forward.

A backend is a module of this folder with two functions: ``start(ensemble, data, initial,
readings)`` makes a state, and ``advance(state, step, count)`` moves every network from `step` by
`count` steps, filling the readings on its way. The state tells its ``name``, its ``device`` and its
``parameters()``. A backend with a choice of device has a ``check_device(device)`` as well, and its
``start`` takes the DEVICE of ``NAME:DEVICE`` as ``device``; one that can use several devices side
by side lists them in ``devices()``; one that does not train a network per thread says in
``at_once()`` how many keep its device busy; one that is slower, or takes too much memory, with very
many networks says in ``block_size()`` how many it wants at a time. One that cannot train every loss
and shape says in ``refusal(demand)``, which takes the ``device``, too, why not, in the rest of a
sentence that begins with its name, or None if it can: that is what a user is told, and ``auto`` is
another backend. One that finds eigenvalues of the Hessian has ``eigenpairs(state, step,
curvature)``. One that has another way for long trainings has ``as_long(steps)``, within which short
ones are made so. One that fills in the losses of classes on its way has ``READS_CLASS_LOSSES =
True``; they are read for the others.
"""

import ctypes
import importlib
import pkgutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import Any, Protocol, cast

from dynstudy.errors import NEEDS_TORCH, BackendError, nearest
from dynstudy.train.curvature import Curvature, Eigenpairs
from dynstudy.train.demand import Demand
from dynstudy.train.ensemble import Parameters

BACKENDS = tuple(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")
DRIVER = "libcuda.so.1"


class State(Protocol):
    """Networks on their way."""

    name: str

    @property
    def device(self) -> str:
        """What they are trained on, in words."""

    def parameters(self) -> Parameters:
        """The parameters as they are now."""


def load(backend: str) -> tuple[Callable[..., State], Callable[[Any, int, int], None]]:
    """A backend's ``start`` and ``advance``; `BackendError` for what is not on this machine."""
    name, module, chosen = _named(backend)
    if hasattr(module, "check_device"):
        module.check_device(**chosen)
    elif chosen:
        raise BackendError(f"backend {backend!r}: {name} has no choice of device; use {name!r}")
    return partial(module.start, **chosen), module.advance


def able(backend: str, demand: Demand) -> str:
    """The backend, of ``auto`` the fastest, that can train this; `BackendError` if it cannot."""
    fastest_able, _ = fastest_that_can(backend, demand)
    if backend.partition(":")[0] == "auto":
        return fastest_able
    if (reason := _refusal(backend, demand)) is not None:
        raise BackendError(f"backend {backend!r} {reason}; use --backend {fastest_able}")
    return backend


def fastest_that_can(backend: str, demand: Demand) -> tuple[str, list[str]]:
    """Find the fastest backend that can train this; of ``auto:DEVICE``, on that device.

    Returns:
        Its name, and why each that is faster cannot.

    Raises:
        BackendError: none can.
    """
    name, _, device = backend.partition(":")
    passed_over: list[str] = []
    for way in _fastest_first(device if name == "auto" else ""):
        if (reason := _refusal(way, demand)) is None:
            return way, passed_over
        passed_over.append(f"{way} {reason}")
    raise BackendError(f"nothing can train this: {'; '.join(passed_over)}")


def per_device(backend: str) -> list[str]:
    """``NAME:DEVICE`` for each of the devices that a backend stands for, else its name alone."""
    devices = [] if ":" in backend else _answer(backend, "devices") or []
    return [f"{backend}:{device}" for device in devices] if len(devices) > 1 else [backend]


def at_once(backend: str) -> int:
    """How many networks a backend trains at the same time; a device with fewer is not busy."""
    if (networks := _answer(backend, "at_once")) is not None:
        return int(networks)
    from dynstudy.train.backends.cpu import threads

    return threads()


def block_size(backend: str) -> int | None:
    """How many networks a backend wants at a time; None for all there are."""
    return cast(int | None, _answer(backend, "block_size"))


def made_as_long(backend: str, steps: int) -> AbstractContextManager[None]:
    """Within it, trainings are made as those of so many steps are: to see how fast these are."""
    _, module, _ = _named(backend)
    return cast(AbstractContextManager[None], getattr(module, "as_long", nullcontext)(steps))


def reads_class_losses(backend: str) -> bool:
    """Whether a backend fills in ``class_losses`` where they are asked for."""
    _, module, _ = _named(backend)
    return bool(getattr(module, "READS_CLASS_LOSSES", False))


def eigenpairs_of(backend: str) -> Callable[[Any, int, Curvature], Eigenpairs] | None:
    """A backend's own way to the eigenvalues of Hessians, if it has one."""
    _, module, _ = _named(backend)
    return getattr(module, "eigenpairs", None)


@cache
def fastest() -> str:
    """The fastest backend of this machine: ``"gpu"`` on a card that it can use, else ``"cpu"``."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:  # nor need PyTorch, which is large, be loaded to know that
        return "cpu"
    try:
        load("gpu")
    except BackendError as error:
        warnings.warn(f"{error}: 'auto' is 'cpu'", stacklevel=2)
        return "cpu"
    return "gpu"


def _fastest_first(card: str) -> Iterator[str]:
    """What ``auto`` may be; the last one can train anything."""
    number = f":{card}" if card else ""
    with_card = fastest() == "gpu"
    yield from (f"gpu{number}", "cpu", f"autograd:cuda{number}") if with_card else ("cpu",)
    yield "autograd"


def _refusal(backend: str, demand: Demand) -> str | None:
    _, module, chosen = _named(backend)
    return module.refusal(demand, **chosen) if hasattr(module, "refusal") else None


def _answer(backend: str, question: str) -> Any:
    """What a backend says of itself and its device; None where it says nothing."""
    _, module, chosen = _named(backend)
    return getattr(module, question)(**chosen) if hasattr(module, question) else None


def _named(backend: str) -> tuple[str, Any, dict[str, str]]:
    """A backend's name, its module, and the device that was chosen, if any."""
    name, colon, device = backend.partition(":")
    if name == "auto":
        name = fastest()
    if name not in BACKENDS:
        names = ("auto", *BACKENDS)
        raise BackendError(
            f"backend {backend!r} is not one of {', '.join(names)}{nearest(name, names)}"
        )
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name == "torch":
            raise BackendError(f"backend {name!r} {NEEDS_TORCH}, or use cpu") from None
        raise
    return name, module, {"device": device} if colon else {}
