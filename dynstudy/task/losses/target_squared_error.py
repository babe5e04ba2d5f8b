"""The squared error whose one-hot targets are scaled: equation 4 of arXiv:2410.10690."""

from typing import TYPE_CHECKING

from dynstudy.task.losses.loss import WEIGHTED_TARGETS, Loss

if TYPE_CHECKING:
    from torch import Tensor


def weighted_target_squared_error(
    output: "Tensor", target: "Tensor", weights: "Tensor"
) -> "Tensor":
    """DMSE2 = (1/P) Σ_j Σ_i (f_i - Γ_i y_ji)² with one-hot y (eq. 4)."""
    import torch

    one_hot = torch.nn.functional.one_hot(target, output.shape[-1]).to(output.dtype)
    return (output - weights[..., None, :] * one_hot).square().sum(-1).mean(-1)


DMSE2 = Loss(
    "dmse2",
    "mse",
    "(1/P) Σ_j Σ_i (f_i − Γ_i y_ji)², eq. 4",
    weighted_target_squared_error,
    WEIGHTED_TARGETS,
)
