"""Networks of the `autograd` backend: batched tensors, and what they make of points."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dynstudy.train.ensemble import Ensemble, Parameters
from dynstudy.train.readings import Readings


@dataclass
class State:
    """Networks as batched tensors, and what moves them."""

    ensemble: Ensemble
    readings: Readings
    tensors: list[Tensor]  # W1 (B, F, H), b1 (B, 1, H), W2 (B, H, C), b2 (B, 1, C)
    rate: Tensor  # (B, 1, 1)
    x: Tensor  # (B, P, F) each network's training set
    y: Tensor  # (P,)
    validation_x: Tensor  # (V, F), or (B, V, F) of each network
    validation_y: Tensor  # (V,)
    gammas: Tensor  # (PIECE, B, C) class weights of the steps of this piece
    losses: Tensor  # (PIECE, B) before each of them, nan once diverged
    next_loss: Tensor  # (1,) which of them comes next
    step: Tensor  # (1,) taken in all
    diverged_at: Tensor  # (B,) -1 while running
    stopped: Tensor  # (B,) whether it came to where it ends
    gradient: Tensor  # (B, N) of the last step, where instabilities are watched for
    alternation: Tensor  # (B,) E of `dynstudy.train.alternation`
    uphill: list[list[int]]  # steps of each network, where they are counted
    graph: Any = None  # of a step, on a card
    name: str = "autograd"

    @property
    def device(self) -> str:
        """Where the networks are, the card by its name."""
        device = self.x.device
        return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        W1, b1, W2, b2 = (tensor.detach().cpu().numpy().copy() for tensor in self.tensors)
        return Parameters.of_layers(W1, b1[:, 0], W2, b2[:, 0])


def forward(tensors: list[Tensor], x: Tensor) -> Tensor:
    """f(x) = relu(x W1 + b1) W2 + b2 for each network: (B, P, C)."""
    W1, b1, W2, b2 = tensors
    return torch.relu(x @ W1 + b1) @ W2 + b2
