"""Losses of outputs (B, C, P), with their gradients in these by hand: classes apart, points last.

Points are what is vectorised over, so they lie next to each other. `hot` is one-hot y, (1, C, P) of
all networks or (B, C, P) of each, and `weights` are Γ (B, C).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from dynstudy.task.losses.loss import CROSS_ENTROPY, WEIGHTED_SQUARES, WEIGHTED_TARGETS, Loss

Differentiated = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""From outputs (B, C, P), one-hot y and Γ to losses (B,) and their gradients in the outputs."""


def _cross_entropy(output: Tensor, hot: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Equation 2."""
    share = (weights[:, :, None] * hot).sum(1) / output.shape[2]
    log_probability = torch.log_softmax(output, 1)
    losses = -(share * (log_probability * hot).sum(1)).sum(1)
    return losses, (log_probability.exp() - hot) * share[:, None]


def _weighted_squares(output: Tensor, hot: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Equation 3."""
    share = (weights[:, :, None] * hot).sum(1) / output.shape[2]
    error = output - hot
    return (share * error.square().sum(1)).sum(1), 2 * share[:, None] * error


def _weighted_targets(output: Tensor, hot: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Equation 4."""
    error = output - weights[:, :, None] * hot
    points = output.shape[2]
    return (error.square().sum(1) / points).sum(1), error * (2 / points)


BY_HAND: dict[int | None, Differentiated] = {
    CROSS_ENTROPY: _cross_entropy,
    WEIGHTED_SQUARES: _weighted_squares,
    WEIGHTED_TARGETS: _weighted_targets,
}


def differentiated(loss: Loss) -> Differentiated:
    """A loss and its gradient: by hand where its equation is known, else PyTorch's."""
    if loss.fused in BY_HAND:
        return BY_HAND[loss.fused]

    def by_autograd(output: Tensor, hot: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            output = output.detach().requires_grad_()
            losses = losses_of(loss, output.mT, hot.argmax(1), weights)
            (gradient,) = torch.autograd.grad(losses.sum(), output)
        return losses.detach(), gradient

    return by_autograd


def losses_of(loss: Loss, output: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Losses (B,) of outputs (B, P, C), with classes y (1, P) of all networks or (B, P) of each."""
    if len(y) == 1:
        return loss.weighted(output, y[0], weights)
    return torch.vmap(loss.weighted)(output, y, weights)
