"""Models as a user makes them, functions of width and seed: 2 inputs, 3 classes; and of digits."""

from typing import Any

import torch
from torch import Tensor, nn


def layers(width: int, seed: int) -> nn.Module:
    """What the networks of a study are by default, drawn as PyTorch does."""
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 3))


def normed(width: int, seed: int) -> nn.Module:
    """With buffers that follow the training."""
    return nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width), nn.Tanh(), nn.Linear(width, 3))


def dropping(width: int, seed: int) -> nn.Module:
    """Draws at random while it is trained."""
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Dropout(0.3), nn.Linear(width, 3))


class Branching(nn.Module):
    """Takes another way where its data say so."""

    def __init__(self, width: int, seed: int) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(2, width), nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.inner(x)
        y: Tensor = self.outer(torch.tanh(-x) if x.sum() > 0 else torch.relu(x))
        return y


class Scaled(nn.Module):
    """With a parameter that is not trained, one that nothing depends on, and a plain buffer."""

    def __init__(self, width: int, seed: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.rand(width), requires_grad=False)
        self.inner, self.outer = nn.Linear(2, width), nn.Linear(width, 3)
        self.unused = nn.Parameter(torch.ones(2))
        self.register_buffer("shift", torch.rand(width))

    def forward(self, x: Tensor) -> Tensor:
        shift: Any = self.shift
        y: Tensor = self.outer(torch.tanh(self.inner(x) * self.scale + shift))
        return y


def convolutional(width: int, seed: int) -> nn.Module:
    """Of images of 8 by 8, in 10 classes."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, width, kernel_size=3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(9 * width, 10),
    )
