"""What a network is to the batched engine: its tensors by name, and what they make of points.

Anything that keeps this contract is trained: fully connected layers below, whose gradient the
engine knows by hand, or someone's module, which PyTorch differentiates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol, cast

import torch
from torch import Tensor
from torch.nn.functional import gelu

from dynstudy.arrays import Ints
from dynstudy.task.network import Network
from dynstudy.task.own_network import OwnNetwork
from dynstudy.train.backends._autograd_module import Modules
from dynstudy.train.ensemble import Data, Ensemble, Floats
from dynstudy.train.module_trial import way_of


class BatchedNetwork(Protocol):
    """Networks of one kind, many at once: each tensor has them along its first axis.

    The tensors are those of `Parameters.arrays` that are trained, in the order and of the shapes of
    `TaskNetwork.shapes`.
    """

    @property
    def kept(self) -> Sequence[Tensor]:
        """What `forward` changes in place, to be put back where a step is taken again."""

    @property
    def others(self) -> Mapping[str, Floats]:
        """The state (B, ...) of networks beside their tensors, as it is now, by name."""

    def forward(self, tensors: Sequence[Tensor], x: Tensor) -> Tensor:
        """Outputs (B, P, C) from tensors (B, ...) and points x (P, F), or (B, P, F) of each.

        It can be differentiated by PyTorch, twice where curvature is to be read, and does not mix
        networks: output b depends on row b of the tensors and of x alone.
        """

    def evaluated(self, tensors: Sequence[Tensor], x: Tensor, networks: Ints) -> Tensor:
        """The same of some networks, whose tensors these are, when they are read."""


@dataclass(frozen=True)
class Layers:
    """Fully connected layers: W1 (B, F, H), b1 (B, H), W2, b2, ..., of the outputs (B, H, C)."""

    activation: str
    kept: ClassVar[Sequence[Tensor]] = ()
    others: ClassVar[Mapping[str, Floats]] = {}

    def forward(self, tensors: Sequence[Tensor], x: Tensor) -> Tensor:
        """As `BatchedNetwork` says."""
        layers = list(zip(tensors[::2], tensors[1::2], strict=True))
        for number, (W, b) in enumerate(layers, 1):
            x = x @ W + b[:, None]
            if number < len(layers):
                x = ACTIVATIONS[self.activation](x)
        return x

    def evaluated(self, tensors: Sequence[Tensor], x: Tensor, networks: Ints) -> Tensor:
        """The same."""
        return self.forward(tensors, x)


ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "gelu": gelu}


def batched(
    ensemble: Ensemble, data: Data, initial: Mapping[str, Floats], device: str
) -> tuple[BatchedNetwork, Mapping[str, Tensor]]:
    """How networks are trained at once, of one width if they are not `padded`.

    Returns:
        The batch, and the tensors to begin with, by name.
    """
    network, dtype = ensemble.network, ensemble.dtype
    if isinstance(network, Network):
        real = partial(torch.tensor, dtype=getattr(torch, dtype), device=device)
        return Layers(network.activation), {name: real(each) for name, each in initial.items()}
    maker, width = cast(OwnNetwork, network), int(ensemble.width[0])
    way = way_of(maker, width, data, ensemble.optimiser, dtype)
    points = ensemble.optimiser.batch_size(len(data.y))
    modules = Modules(maker, width, ensemble.seed, initial, dtype, way, points, device)
    return modules, modules.trained
