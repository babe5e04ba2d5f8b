"""What a network is to the batched engine: its tensors by name, and what they make of points.

Anything that keeps this contract is trained: fully connected layers below, whose gradient the
engine knows by hand, or someone's module, which PyTorch differentiates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import gelu

from dynstudy.task.network import Network


class BatchedNetwork(Protocol):
    """Networks of one kind, many at once: each tensor has them along its first axis.

    The tensors are those of `Parameters.arrays`, in the order and of the shapes of
    `Network.shapes`.
    """

    @property
    def padded(self) -> bool:
        """Whether narrower networks may be in a batch, their tensors zero beyond their width."""

    def forward(self, tensors: Sequence[Tensor], x: Tensor) -> Tensor:
        """Outputs (B, P, C) from tensors (B, ...) and points x (P, F), or (B, P, F) of each.

        It can be differentiated by PyTorch, twice where curvature is to be read, and does not mix
        networks: output b depends on row b of the tensors and of x alone.
        """


@dataclass(frozen=True)
class Layers:
    """Fully connected layers: W1 (B, F, H), b1 (B, H), W2, b2, ..., of the outputs (B, H, C)."""

    activation: str
    padded: bool = True

    def forward(self, tensors: Sequence[Tensor], x: Tensor) -> Tensor:
        """As `BatchedNetwork` says."""
        layers = list(zip(tensors[::2], tensors[1::2], strict=True))
        for number, (W, b) in enumerate(layers, 1):
            x = x @ W + b[:, None]
            if number < len(layers):
                x = ACTIVATIONS[self.activation](x)
        return x


ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "gelu": gelu}


def batched(network: Network) -> BatchedNetwork:
    """How the networks of a protocol are trained at once."""
    return Layers(network.activation)
