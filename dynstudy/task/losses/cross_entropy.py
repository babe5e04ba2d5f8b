"""The cross-entropy, weighted by class: equation 2 of arXiv:2410.10690."""

from typing import TYPE_CHECKING

import numpy as np

from dynstudy.arrays import Array, Ints
from dynstudy.task.losses.loss import CROSS_ENTROPY, Loss

if TYPE_CHECKING:
    from torch import Tensor


def weighted_cross_entropy(output: "Tensor", target: "Tensor", weights: "Tensor") -> "Tensor":
    """DCE = (1/P) Σ_j Γ_{y_j} · CE_j (eq. 2)."""
    import torch

    log_probability = torch.nn.functional.log_softmax(output, dim=-1)
    of_target = log_probability[..., torch.arange(len(target), device=target.device), target]
    return -(weights[..., target] * of_target).mean(-1)


def _of_points(output: Array, y: Ints) -> Array:
    from scipy.special import logsumexp

    return logsumexp(output, axis=-1) - np.take_along_axis(output, y[:, None], -1)[:, 0]


CE = Loss(
    "ce",
    "ce",
    "(1/P) Σ_j CE_j, eq. 2 with Γ = 1",
    weighted_cross_entropy,
    CROSS_ENTROPY,
    _of_points,
)
DCE = Loss("dce", "ce", "(1/P) Σ_j Γ_{y_j} · CE_j, eq. 2", weighted_cross_entropy, CROSS_ENTROPY)
