"""The dynamical losses as PyTorch modules, for anyone's training loop."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from dynstudy.task.losses.cross_entropy import DCE
from dynstudy.task.losses.loss import Loss
from dynstudy.task.losses.squared_error import DMSE1
from dynstudy.task.losses.target_squared_error import DMSE2
from dynstudy.task.schedule import class_weights


class DynamicalLoss(nn.Module):
    """A loss whose class weights oscillate.

    Call it like ``torch.nn.CrossEntropyLoss``, with the number of the step besides:
    ``loss(output, target, step)`` takes outputs (P, C), class indices (P,) and the number of steps
    taken so far, and returns the mean over the samples.

    Args:
        num_classes: C, at least 2.
        amplitude: A, at least 1.
        period: T, the steps of one class's rise and fall, at least 2.

    Raises:
        ValueError: an argument is out of its range.
    """

    loss: ClassVar[Loss]

    def __init__(self, num_classes: int, amplitude: float, period: int) -> None:
        super().__init__()
        if num_classes < 2:
            raise ValueError(f"num_classes must be at least 2, not {num_classes!r}")
        if not 1 <= amplitude < float("inf"):
            raise ValueError(f"amplitude must be a finite number of at least 1, not {amplitude!r}")
        if period != int(period) or period < 2:
            raise ValueError(f"period must be a whole number of at least 2 steps, not {period!r}")
        self.num_classes, self.amplitude, self.period = num_classes, amplitude, int(period)

    def class_weights(self, step: int, like: Tensor) -> Tensor:
        """Γ (C,) at a step, of the dtype and on the device of `like`."""
        weights = class_weights(step, self.num_classes, self.amplitude, self.period)
        return torch.as_tensor(weights, dtype=like.dtype, device=like.device)

    def forward(self, output: Tensor, target: Tensor, step: int) -> Tensor:
        """The loss at a step: outputs (P, C), classes (P,) and step -> scalar."""
        return self.loss.weighted(output, target, self.class_weights(step, output))

    def extra_repr(self) -> str:
        """The settings, for ``print(module)``."""
        return f"{self.num_classes}, amplitude={self.amplitude:g}, period={self.period}"


class DynamicalCrossEntropy(DynamicalLoss):
    """Cross-entropy whose class weights oscillate (DCE, eq. 2 of arXiv:2410.10690).

    Its arguments are ``num_classes``, ``amplitude`` (A) and ``period`` (T): see `DynamicalLoss`.
    For the paper's static tail, use ``torch.nn.CrossEntropyLoss`` for the last steps; A = 1 gives
    exactly that loss.

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
