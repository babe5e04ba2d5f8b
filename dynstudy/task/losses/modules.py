"""The dynamical losses as PyTorch modules, for anyone's training loop."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from dynstudy.task.losses.cross_entropy import DCE
from dynstudy.task.losses.loss import Loss
from dynstudy.task.losses.squared_error import DMSE1
from dynstudy.task.losses.target_squared_error import DMSE2
from dynstudy.task.schedule import class_weights

ALMOST_INFINITE = 1e300
"""Below it, the weights of classes are computed without an overflow."""


class DynamicalLoss(nn.Module):
    """A loss whose class weights oscillate.

    Call it like ``torch.nn.CrossEntropyLoss``: ``loss(output, target)`` takes outputs (P, C) and
    class indices (P,), and returns the mean over the samples. In training mode it counts its calls
    as steps, in its ``state_dict``; ``loss(output, target, step)`` names the number of steps taken
    so far instead, and counts nothing.

    Args:
        num_classes: C, at least 2.
        amplitude: A, at least 1.
        period: T, the steps of one class's rise and fall, at least 2.
        tail_start: the step from which A = 1 (the static tail); never, if None.

    Raises:
        ValueError: an argument is out of its range.
    """

    loss: ClassVar[Loss]
    steps: Tensor  # () counted so far

    def __init__(
        self, num_classes: int, amplitude: float, period: int, tail_start: int | None = None
    ) -> None:
        super().__init__()
        number = _number(amplitude)
        if number is None or not 1 <= number < ALMOST_INFINITE:
            raise ValueError(f"amplitude must be a finite number of at least 1, not {amplitude!r}")
        self.num_classes = _whole("num_classes", num_classes, 2)
        self.amplitude, self.period = number, _whole("period", period, 2)
        self.tail_start = None if tail_start is None else _whole("tail_start", tail_start)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def class_weights(self, step: int, like: Tensor) -> Tensor:
        """Γ (C,) at a step, of the dtype and on the device of `like`."""
        schedule = self.amplitude, self.period, self.tail_start
        weights = class_weights(step, self.num_classes, *schedule)
        return torch.as_tensor(weights, dtype=like.dtype, device=like.device)

    def forward(self, output: Tensor, target: Tensor, step: int | None = None) -> Tensor:
        """The loss from outputs (P, C), classes (P,) and the steps taken, counted here if None."""
        target = self._classes(output, target)
        at = _whole("step", self.steps.item() if step is None else step)
        if step is None and self.training:
            self.steps += 1
        return self.loss.weighted(output, target, self.class_weights(at, output))

    def _classes(self, output: Tensor, target: Tensor) -> Tensor:
        """The target as an index, if it fits the output."""
        for name, given in (("output", output), ("target", target)):
            if not isinstance(given, Tensor):
                raise TypeError(f"{name} must be a torch.Tensor, not {type(given).__name__}")
        if not output.is_floating_point():
            raise ValueError(f"output must be floating-point numbers, not {output.dtype}")
        if output.shape[1:] != (self.num_classes,):
            raise ValueError(
                f"output must be (P, {self.num_classes}) for num_classes={self.num_classes}, "
                f"not {tuple(output.shape)}"
            )
        if target.shape != output.shape[:1]:
            raise ValueError(
                f"target must be ({len(output)},), a class for each output, not "
                f"{tuple(target.shape)}"
            )
        if target.is_floating_point() or target.is_complex() or target.dtype == torch.bool:
            raise ValueError(f"target must be whole numbers of classes, not {target.dtype}")
        if target.device != output.device:
            raise ValueError(f"target is on {target.device}, output on {output.device}")
        target = target.long()  # one of bytes would be a mask
        if target.device.type == "cpu" and len(target):  # on a card that would wait for it
            low, high = (int(each) for each in target.aminmax())
            if not 0 <= low <= high < self.num_classes:
                raise ValueError(
                    f"target has class {low if low < 0 else high}; they are 0 to "
                    f"{self.num_classes - 1}"
                )
        return target

    def extra_repr(self) -> str:
        """The settings, for ``print(module)``."""
        tail = "" if self.tail_start is None else f", tail_start={self.tail_start}"
        return f"{self.num_classes}, amplitude={self.amplitude:g}, period={self.period}{tail}"


def _number(value: object) -> float | None:
    """A value as a number of Python's; None if it is none by itself, or is to be learnt."""
    if isinstance(value, Tensor | np.ndarray | np.generic):
        value = None if value.ndim or getattr(value, "requires_grad", False) else value.item()
    return value if isinstance(value, int | float) else None


def _whole(name: str, value: object, least: int = 0) -> int:
    number = _number(value)
    if number is None or not (least <= number < 2**63 and number % 1 == 0):
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return int(number)


class DynamicalCrossEntropy(DynamicalLoss):
    """Cross-entropy whose class weights oscillate (DCE, eq. 2 of arXiv:2410.10690).

    Its arguments are ``num_classes``, ``amplitude`` (A), ``period`` (T) and ``tail_start``, where
    the paper's static tail begins: see `DynamicalLoss`. A = 1 is ``torch.nn.CrossEntropyLoss``.

    Examples:
        >>> import torch
        >>> loss = DynamicalCrossEntropy(num_classes=3, amplitude=70, period=5000)
        >>> output, target = torch.zeros(6, 3), torch.tensor([0, 0, 1, 1, 2, 2])
        >>> round(float(loss(output, target, step=0)), 6)  # log 3: no class is emphasised yet
        1.098612
    """

    loss = DCE


class DynamicalMSE1(DynamicalLoss):
    """Squared error of one-hot targets, weighted per sample by its class (DMSE1, eq. 3).

    Same interface as `DynamicalCrossEntropy`. The squares are summed over the outputs and averaged
    over the samples (torch.nn.MSELoss averages over both).
    """

    loss = DMSE1


class DynamicalMSE2(DynamicalLoss):
    """Squared error whose one-hot targets are scaled by the class weights (DMSE2, eq. 4).

    Same interface as `DynamicalCrossEntropy`; reduced like `DynamicalMSE1`.
    """

    loss = DMSE2
