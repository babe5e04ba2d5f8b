"""Networks of the `autograd` backend: batched tensors, and what they make of points."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dynstudy.train.backends._autograd_batches import epoch_and_points, order
from dynstudy.train.backends._autograd_network import BatchedNetwork
from dynstudy.train.backends._autograd_optimiser import Remembered, step_numbers, step_rates
from dynstudy.train.ensemble import Ensemble, Floats, Parameters
from dynstudy.train.readings import Readings

Moving = Callable[..., None]
"""A step in place, of all networks of a block."""


@dataclass
class Inputs:
    """What K steps need beside the networks, each along its first axis."""

    weights: Tensor  # (K, B, C) Γ
    rates: Tensor  # (K, B) that multiply the step
    numbers: Tensor  # (K, 2) of the optimiser


@dataclass
class Block:
    """Networks as batched tensors, and what moves them."""

    ensemble: Ensemble
    readings: Readings
    network: BatchedNetwork
    names: tuple[str, ...]
    tensors: list[Tensor]  # (B, ...) as `names` calls them
    remembered: Remembered  # of the optimiser
    rate: Tensor  # (B,) learning rates
    x: Tensor  # (1, P, F) of all networks or (B, P, F), in memory with points last
    y: Tensor  # (P,)
    hot: Tensor  # (1, C, P) one-hot y
    validation_x: Tensor  # (V, F), or (B, V, F)
    validation_y: Tensor  # (V,)
    gradient: Tensor  # (B, N) of the last step, where instabilities are watched for
    alternation: Tensor  # (B,) E of `dynstudy.train.alternation`
    uphill: list[list[int]]  # steps of each network, where they are counted
    step: Moving  # moves them
    captured: Any = None  # what moves them on a card
    ended: dict[int, list[Tensor]] = field(default_factory=dict)
    """Tensors of the networks that diverged or ended: nothing looks at how they go on."""
    epoch: tuple[int, Tensor, Tensor] | None = None  # the last, x (B, F, P) and y in its order

    @property
    def classes(self) -> int:
        """C."""
        return self.hot.shape[1]

    def each_x(self) -> Tensor:
        """The training sets as a network takes them: (P, F), or (B, P, F)."""
        return self.x[0] if len(self.x) == 1 else self.x

    def inputs(self, first: int, last: int) -> Inputs:
        """What steps from one to before another need."""
        steps, ensemble = np.arange(first, last), self.ensemble
        gammas = self.class_weights(steps[:, None])
        of_steps = step_rates(ensemble.optimiser, ensemble.learning_rate, steps)
        parts = gammas, of_steps, step_numbers(ensemble.optimiser, steps)
        return Inputs(*(self.real(part) for part in parts))

    def class_weights(self, step: Any) -> NDArray[np.float64]:
        """Γ of each network (..., B, C) at steps that broadcast to (..., B)."""
        return self.ensemble.class_weights(step, self.classes)

    def real(self, array: Floats) -> Tensor:
        """An array as a tensor beside the networks, a copy."""
        return torch.tensor(array, dtype=self.x.dtype, device=self.x.device)

    def points(self, step: int) -> tuple[Tensor, Tensor]:
        """The points (1, F, P) or (B, F, P) of a step, and their one-hot classes, likewise."""
        optimiser, count = self.ensemble.optimiser, len(self.y)
        if optimiser.batch_size(count) == count:
            return self.x.mT, self.hot
        number, members = epoch_and_points(optimiser, count, step)
        if self.epoch is None or self.epoch[0] != number:
            drawn = [order(int(seed), number, count) for seed in self.ensemble.seed]
            index = torch.tensor(np.stack(drawn), device=self.x.device)[:, None]
            shuffled = [
                torch.take_along_dim(of_all.expand(len(index), -1, -1), index, 2)
                for of_all in (self.x.mT, self.hot)
            ]
            self.epoch = (number, shuffled[0], shuffled[1])
        return self.epoch[1][:, :, members], self.epoch[2][:, :, members]

    def copies(self) -> list[list[Tensor]]:
        """The tensors as they are, and what the optimiser remembers."""
        changed = self.tensors, *self.remembered, self.network.kept
        return [[tensor.clone() for tensor in each] for each in changed]

    def put_back(self, copies: list[list[Tensor]]) -> None:
        """Go on from such copies, in the same memory."""
        changed = self.tensors, *self.remembered, self.network.kept
        for each, before in zip(changed, copies, strict=True):
            for tensor, value in zip(each, before, strict=True):
                tensor.copy_(value)

    def end(self, networks: NDArray[np.bool_], tensors: list[Tensor]) -> None:
        """Leave these as they are in some tensors."""
        for b in np.flatnonzero(networks).tolist():
            self.ended[b] = [tensor[b].clone() for tensor in tensors]

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        arrays = [tensor.cpu().numpy().copy() for tensor in self.tensors]
        for b, tensors in self.ended.items():
            for array, tensor in zip(arrays, tensors, strict=True):
                array[b] = tensor.cpu().numpy()
        return Parameters({**dict(zip(self.names, arrays, strict=True)), **self.network.others})


@dataclass
class State:
    """All networks: blocks of them that stand one after the other."""

    blocks: list[tuple[slice, Block]]
    name: str = "autograd"

    def __iter__(self) -> Iterator[tuple[slice, Block]]:
        return iter(self.blocks)

    @property
    def device(self) -> str:
        """Where the networks are, the card by its name."""
        device = self.blocks[0][1].x.device
        return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        return Parameters.joined([block.parameters() for _, block in self.blocks])
