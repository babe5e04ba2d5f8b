"""How class weights oscillate, as a PyTorch module: in the losses, and by itself."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor

from dynstudy.errors import nearest
from dynstudy.task.schedule import SCHEDULES, TRIANGLE

ALMOST_INFINITE = 1e300
"""Below it, the weights of classes are computed without an overflow."""

NEVER = 2**63 - 1
"""A step that does not come."""


class Schedule(nn.Module):
    """The weights of classes over the steps of training.

    ``schedule(step)`` is Γ at a step, ``schedule()`` that at the step it has counted to:
    ``schedule.step()`` counts one, as a learning-rate scheduler of PyTorch does. The count is all
    of its ``state_dict``, and a tensor, so that what is compiled, or captured in a CUDA graph, goes
    on with it.

    Args:
        num_classes: C, at least 2.
        amplitude: A, at least 1.
        period: T, the steps of one class's rise and fall, at least 2.
        tail_start: the step from which A = 1 (the static tail); never, if None.
        kind: ``"triangle"``, as in arXiv:2410.10690, ``"sine"``, ``"square"``, or ``"random"``,
            triangles of the classes in an order that is drawn anew for each cycle.

    Raises:
        ValueError: an argument is out of its range, or a state that is loaded counts no steps.

    Examples:
        >>> schedule = Schedule(num_classes=3, amplitude=4, period=100, tail_start=300)
        >>> schedule(50).tolist()  # in the middle of the first class's turn
        [2.0, 0.5, 0.5]
        >>> schedule.step()
        >>> dict(schedule.state_dict())
        {'steps': tensor(1)}
    """

    steps: Tensor  # () counted so far

    def __init__(
        self,
        num_classes: int,
        amplitude: float,
        period: int,
        tail_start: int | None = None,
        kind: str = TRIANGLE.name,
    ) -> None:
        super().__init__()
        number = one_number(amplitude)
        if number is None or not 1 <= number < ALMOST_INFINITE:
            raise ValueError(f"amplitude must be a finite number of at least 1, not {amplitude!r}")
        if kind not in SCHEDULES:
            hint = nearest(str(kind), SCHEDULES)
            raise ValueError(f"schedule {kind!r} is not one of {', '.join(SCHEDULES)}{hint}")
        self.num_classes, self.kind = whole("num_classes", num_classes, 2), kind
        self._settings = (
            float(number),
            whole("period", period, 2),
            None if tail_start is None else whole("tail_start", tail_start),
        )
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self._place_settings()

    def _place_settings(self) -> None:
        """Put A, T and the tail's start beside the steps, as exactly as numbers can be there.

        They are tensors, so that what is compiled is for any.
        """
        amplitude, period, tail_start = self._settings
        exact = torch.float32 if self.steps.device.type == "mps" else torch.float64  # it has no 64
        self._amplitude = torch.full_like(self.steps, amplitude, dtype=exact)
        self._period = torch.full_like(self.steps, period)
        self._tail_start = torch.full_like(self.steps, NEVER if tail_start is None else tail_start)

    def _apply(self, *change: Any, **how: Any) -> Any:
        super()._apply(*change, **how)  # type: ignore[no-untyped-call]
        self._place_settings()  # what makes parameters smaller makes these no coarser
        return self

    @property
    def amplitude(self) -> float:
        """A."""
        return self._settings[0]

    @property
    def period(self) -> int:
        """T."""
        return self._settings[1]

    @property
    def tail_start(self) -> int | None:
        """The step from which A = 1; None if that is never."""
        return self._settings[2]

    def forward(self, step: Any = None, dtype: torch.dtype | None = None) -> Tensor:
        """Γ (..., C) at steps (...), whole numbers; at the step counted to, if None.

        Returns:
            The weights, computed in float64, in PyTorch's default dtype if no other is asked for.
        """
        at = self.steps if step is None else self.steps_of(step)
        amplitude = torch.where(at >= self._tail_start, 1.0, self._amplitude)
        every = torch.arange(self.num_classes, device=at.device)
        phase = (at % self._period).to(amplitude.dtype)
        weights: Tensor = SCHEDULES[self.kind].scaled(
            at // self._period, phase, every, amplitude, self._period, torch
        )
        weights = weights.to(dtype or torch.get_default_dtype())
        return carried(weights) if step is None and torch.compiler.is_compiling() else weights

    def steps_of(self, step: Any) -> Tensor:
        """Return numbers of steps, on the device of those counted.

        Raises:
            ValueError: they are no whole numbers, or below 0, as far as that is seen without
                waiting for a card.
        """
        if isinstance(step, int) and 0 <= step < NEVER:
            return torch.full_like(self.steps, step)
        steps = step if isinstance(step, Tensor) else _numbers(step)
        if can_be_read(steps) and not bool(((steps >= 0) & (steps % 1 == 0)).all()):
            raise ValueError(f"step must be a whole number of at least 0, not {step!r}")
        return steps.to(self.steps)

    def step(self) -> None:
        """Count a step."""
        self.steps.add_(1)

    @property
    def in_tail(self) -> bool:
        """Whether the step counted to belongs to the static tail."""
        return bool(self.steps >= self._tail_start)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        if (steps := state_dict.get(f"{prefix}steps")) is not None:
            whole("step", steps)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def extra_repr(self) -> str:
        """The settings, for ``print(module)``."""
        tail = "" if self.tail_start is None else f", tail_start={self.tail_start}"
        kind = "" if self.kind == TRIANGLE.name else f", kind={self.kind!r}"
        return f"{self.num_classes}, amplitude={self.amplitude:g}, period={self.period}{tail}{kind}"


@torch.library.custom_op("dynstudy::carried", mutates_args=())
def carried(weights: Tensor) -> Tensor:
    """Return weights of classes, which a compiler then keeps for the backward pass.

    It would compute them there again, from a count that has gone on by then.
    """
    return weights.clone()


@carried.register_fake
def _(weights: Tensor) -> Tensor:
    return torch.empty_like(weights)


def _numbers(step: Any) -> Tensor:
    """What is no tensor as one; ValueError if it has no numbers below 2**63."""
    array = np.asarray(step)
    if array.dtype.kind not in "iuf" or not (np.abs(array) < 2.0**63).all():
        raise ValueError(f"step must be a whole number of at least 0, not {step!r}")
    return torch.as_tensor(array)


def can_be_read(tensor: Tensor) -> bool:
    """Whether a tensor has numbers that can be looked at, and no card has to be waited for."""
    if tensor.device.type != "cpu" or torch.compiler.is_compiling():
        return False
    return not is_functorch_wrapped_tensor(tensor)  # within torch.func.vmap


def one_number(value: object) -> float | None:
    """Return a value as a number of Python's; None if it is none by itself, or is to be learnt."""
    if isinstance(value, Tensor | np.ndarray | np.generic):
        value = None if value.ndim or getattr(value, "requires_grad", False) else value.item()
    return value if isinstance(value, int | float) else None


def whole(name: str, value: object, least: int = 0) -> int:
    """Return a value as a whole number.

    Raises:
        ValueError: it is none, or too small; it is called by the name.
    """
    number = one_number(value)
    if number is None or not (least <= number < 2**63 and number % 1 == 0):
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return int(number)
