"""The squared error of one-hot targets, weighted by class: equation 3 of arXiv:2410.10690."""

from typing import TYPE_CHECKING

import numpy as np

from dynstudy.arrays import Array, Ints
from dynstudy.task.losses.loss import WEIGHTED_SQUARES, Loss

if TYPE_CHECKING:
    from torch import Tensor


def weighted_squared_error(output: "Tensor", target: "Tensor", weights: "Tensor") -> "Tensor":
    """DMSE1 = (1/P) Σ_j Γ_{y_j} Σ_i (f_i - y_ji)² with one-hot y (eq. 3)."""
    import torch

    one_hot = torch.nn.functional.one_hot(target, output.shape[-1]).to(output.dtype)
    return (weights[..., target] * (output - one_hot).square().sum(-1)).mean(-1)


def _of_points(output: Array, y: Ints) -> Array:
    return ((output - np.eye(output.shape[-1])[y]) ** 2).sum(-1)


MSE = Loss(
    "mse",
    "mse",
    "(1/P) Σ_j Σ_i (f_i − y_ji)², eqs. 3 and 4 with Γ = 1",
    weighted_squared_error,
    WEIGHTED_SQUARES,
    _of_points,
)
DMSE1 = Loss(
    "dmse1",
    "mse",
    "(1/P) Σ_j Γ_{y_j} Σ_i (f_i − y_ji)², eq. 3",
    weighted_squared_error,
    WEIGHTED_SQUARES,
)
