"""The step of many networks, compiled by PyTorch where that pays and where a compiler is there.

Compiling takes seconds, once in a process for networks of whatever number and width: their numbers
are arguments of the code. Compiled code runs on one thread and leaves Python's lock to others
(`cpp_wrapper`), so that blocks of networks run side by side.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import torch

from dynstudy.errors import BackendError
from dynstudy.train.backends._autograd_state import Moving

OPTIONS: dict[str, Any] = {
    "cpp.threads": 1,
    "cpp_wrapper": True,
    # what is cheap is computed again where it is used, and not kept in memory
    "realize_reads_threshold": 100,
    "realize_acc_reads_threshold": 100,
    "realize_opcount_threshold": 1000,
    "unroll_reductions_threshold": 32,  # sums over classes
}

SWITCH = "DYNSTUDY_COMPILE"
"""Of the environment."""


@dataclass
class Compiler:
    """What was compiled in this process, by what it does, and whether that is possible at all."""

    works: bool = True
    from_steps: int = 2000  # of a training, from which on it is worth it
    steps: dict[Any, Moving] = field(default_factory=dict)


_compiler = Compiler()


def pays(steps: int) -> bool:
    """Return whether trainings of so many steps are compiled: long ones, if not switched off.

    Raises:
        BackendError: the environment says something that is neither yes nor no.
    """
    asked = os.environ.get(SWITCH, "1")
    if asked not in {"0", "1"}:
        raise BackendError(f"{SWITCH} = {asked!r}: must be 0 or 1")
    return asked == "1" and steps >= _compiler.from_steps


@contextmanager
def compiled_from(steps: int) -> Iterator[None]:
    """Compile trainings of so many steps."""
    before, _compiler.from_steps = _compiler.from_steps, steps
    try:
        yield
    finally:
        _compiler.from_steps = before


def compiled_step(
    what: Any, make: Callable[[], Moving], tried: Callable[[Moving], None]
) -> Moving | None:
    """A compiled step, one for all that is trained alike in this process.

    Args:
        what: tells this step from others.
        make: makes it.
        tried: runs it once, on copies: what cannot be compiled fails here, before training.

    Returns:
        The step; None where PyTorch cannot compile, which is said once.
    """
    if not _compiler.works:
        return None
    if what not in _compiler.steps:
        step = torch.compile(_apart(make()), dynamic=True, fullgraph=True, options=OPTIONS)
        _compiler.steps[what] = step
    try:
        tried(_compiler.steps[what])
    except Exception as error:  # whatever a compiler raises, it is no reason to end a study
        _compiler.works = False
        reason = str(error).strip().partition("\n")[0]
        warnings.warn(
            f"backend 'autograd' trains uncompiled, which is slower: torch {torch.__version__} "
            f"cannot compile here ({reason}); {SWITCH}=0 does not try",
            stacklevel=2,
        )
        return None
    return _compiler.steps[what]


def _apart(step: Moving) -> Moving:
    """The same function with code of its own: PyTorch counts what it compiled of a code, to 8."""
    assert isinstance(step, FunctionType)
    code = step.__code__.replace()
    return FunctionType(code, step.__globals__, None, step.__defaults__, step.__closure__)
