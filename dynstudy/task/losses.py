"""The dynamical losses of arXiv:2410.10690, equations 2 to 4, in PyTorch.

As functions of logits and class weights, batched over networks (`weighted_loss`), and as modules
for anyone's training loop (`DynamicalCrossEntropy`, `DynamicalMSE1`, `DynamicalMSE2`).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from dynstudy.task.schedule import class_weights


def weighted_cross_entropy(output: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """DCE = (1/P) Σ_j Γ_{y_j} · CE_j (eq. 2).

    Args:
        output: logits f (..., P, C).
        target: class indices y (P,), int64.
        weights: Γ (..., C).

    Returns:
        The loss (...).
    """
    log_probability = functional.log_softmax(output, dim=-1)
    of_target = log_probability[..., torch.arange(len(target), device=target.device), target]
    return -(weights[..., target] * of_target).mean(-1)


def weighted_squared_error(output: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """DMSE1 = (1/P) Σ_j Γ_{y_j} Σ_i (f_i - y_ji)² with one-hot y (eq. 3).

    Args:
        output: f (..., P, C).
        target: class indices (P,), int64.
        weights: Γ (..., C).

    Returns:
        The loss (...).
    """
    one_hot = functional.one_hot(target, output.shape[-1]).to(output.dtype)
    return (weights[..., target] * (output - one_hot).square().sum(-1)).mean(-1)


def weighted_target_squared_error(output: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """DMSE2 = (1/P) Σ_j Σ_i (f_i - Γ_i y_ji)² with one-hot y (eq. 4).

    Args:
        output: f (..., P, C).
        target: class indices (P,), int64.
        weights: Γ (..., C).

    Returns:
        The loss (...).
    """
    one_hot = functional.one_hot(target, output.shape[-1]).to(output.dtype)
    return (output - weights[..., None, :] * one_hot).square().sum(-1).mean(-1)


WEIGHTED_LOSSES = {
    "ce": weighted_cross_entropy,
    "mse": weighted_squared_error,
    "dce": weighted_cross_entropy,
    "dmse1": weighted_squared_error,
    "dmse2": weighted_target_squared_error,
}
"""Every loss by its name in study files; the static ones are trained with Γ = 1."""


class _DynamicalLoss(nn.Module):
    """What the three modules share: the schedule."""

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

    def extra_repr(self) -> str:
        """The settings, for ``print(module)``."""
        return f"{self.num_classes}, amplitude={self.amplitude:g}, period={self.period}"


class DynamicalCrossEntropy(_DynamicalLoss):
    """Cross-entropy whose class weights oscillate (DCE, eq. 2 of arXiv:2410.10690).

    Call it like ``torch.nn.CrossEntropyLoss``, with the number of the step besides:
    ``loss(output, target, step)`` takes logits (P, C), class indices (P,) and the number of steps
    taken so far, and returns the mean over the samples. For the paper's static tail, use
    ``torch.nn.CrossEntropyLoss`` for the last steps; A = 1 gives exactly that loss.

    Args:
        num_classes: C, at least 2.
        amplitude: A, at least 1.
        period: T, the steps of one class's rise and fall, at least 2.

    Raises:
        ValueError: an argument is out of its range.

    >>> import torch
    >>> loss = DynamicalCrossEntropy(num_classes=3, amplitude=70, period=5000)
    >>> output, target = torch.zeros(6, 3), torch.tensor([0, 0, 1, 1, 2, 2])
    >>> round(float(loss(output, target, step=0)), 6)  # log 3: no class is emphasised yet
    1.098612
    """

    def forward(self, output: Tensor, target: Tensor, step: int) -> Tensor:
        """The loss at a step: logits (P, C), classes (P,) and step -> scalar."""
        return weighted_cross_entropy(output, target, self.class_weights(step, output))


class DynamicalMSE1(_DynamicalLoss):
    """Squared error of one-hot targets, weighted per sample by its class (DMSE1, eq. 3).

    Same interface as `DynamicalCrossEntropy`. The squares are summed over the outputs and averaged
    over the samples (torch.nn.MSELoss averages over both).

    Args:
        num_classes: C, at least 2.
        amplitude: A, at least 1.
        period: T, the steps of one class's rise and fall, at least 2.

    Raises:
        ValueError: an argument is out of its range.
    """

    def forward(self, output: Tensor, target: Tensor, step: int) -> Tensor:
        """The loss at a step: outputs (P, C), classes (P,) and step -> scalar."""
        return weighted_squared_error(output, target, self.class_weights(step, output))


class DynamicalMSE2(_DynamicalLoss):
    """Squared error whose one-hot targets are scaled by the class weights (DMSE2, eq. 4).

    Same interface as `DynamicalCrossEntropy`; reduced like `DynamicalMSE1`.

    Args:
        num_classes: C, at least 2.
        amplitude: A, at least 1.
        period: T, the steps of one class's rise and fall, at least 2.

    Raises:
        ValueError: an argument is out of its range.
    """

    def forward(self, output: Tensor, target: Tensor, step: int) -> Tensor:
        """The loss at a step: outputs (P, C), classes (P,) and step -> scalar."""
        return weighted_target_squared_error(output, target, self.class_weights(step, output))
