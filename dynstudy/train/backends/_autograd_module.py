"""Anyone's modules as networks of the batched engine, by ``torch.func`` where that is possible."""

import threading
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from dynstudy.arrays import Array, Ints
from dynstudy.task.own_network import OwnNetwork, module_state, trained_count
from dynstudy.train.ensemble import Floats
from dynstudy.train.module_trial import Way

_drawing = threading.Lock()  # all threads share PyTorch's generator


class Modules:
    """Modules of one width, a network for each seed: a `BatchedNetwork`.

    Args:
        network: what makes them.
        width: of all.
        seeds: (B,) of each.
        initial: the state of them all, (B, ...) by name.
        dtype: in which they are trained.
        way: how.
        points: of a step.
        device: of PyTorch.
    """

    padded = False

    def __init__(
        self,
        network: OwnNetwork,
        width: int,
        seeds: Ints,
        initial: Mapping[str, Floats],
        dtype: str,
        way: Way,
        points: int,
        device: str,
    ) -> None:
        self.module = network.made(width, int(seeds[0]))[0].to(device, getattr(torch, dtype))
        state, count = module_state(self.module), trained_count(self.module)
        self.names = tuple(state)
        stacks = {
            name: torch.tensor(initial[name], dtype=like.dtype, device=device)
            for name, like in state.items()
        }
        self.trained = {name: stacks[name] for name in self.names[:count]}
        self.buffers = {name: stacks[name] for name in self.names[count:]}
        # each draws from a stream of its own, as a loop does that has made it and goes on
        alone = seeds.tolist() if way.reason else []
        self.streams = [network.made(width, seed)[1] for seed in alone]
        together = device != "cpu" or way.at_once(points)
        self._at_once = (vmap(self._one, (0, 0)), vmap(self._one, (0, None))) if together else None

    @property
    def kept(self) -> list[Tensor]:
        """Buffers, and where each network's stream of random numbers is."""
        return [*self.buffers.values(), *self.streams]

    @property
    def others(self) -> dict[str, Array]:
        """The buffers as they are now."""
        return {name: tensor.double().cpu().numpy() for name, tensor in self.buffers.items()}

    def forward(self, tensors: Sequence[Tensor], x: Tensor) -> Tensor:
        """Outputs in training (B, P, C); buffers and streams go on."""
        self.module.train()
        return self._outputs((*tensors, *self.buffers.values()), x, self.streams)

    def evaluated(self, tensors: Sequence[Tensor], x: Tensor, networks: Ints) -> Tensor:
        """Outputs (B', P, C) in evaluation of some networks, whose tensors these are."""
        self.module.eval()
        buffers = [buffer[networks] for buffer in self.buffers.values()]
        return self._outputs((*tensors, *buffers), x, [])

    def _outputs(self, state: Sequence[Tensor], x: Tensor, streams: Sequence[Tensor]) -> Tensor:
        if self._at_once is not None:
            return self._at_once[x.ndim == 2](state, x)
        xs = x if x.ndim == 3 else x.expand(len(state[0]), *x.shape)
        networks = zip(zip(*state, strict=True), xs, strict=True)
        if not streams:
            return torch.stack([self._one(*network) for network in networks])
        with _drawing, torch.random.fork_rng(devices=[]):
            return torch.stack([
                self._drawn(stream, *network)
                for stream, network in zip(streams, networks, strict=True)
            ])

    def _one(self, state: Sequence[Tensor], x: Tensor) -> Tensor:
        named = dict(zip(self.names, state, strict=True))
        return cast(Tensor, functional_call(self.module, named, (x,)))

    def _drawn(self, stream: Tensor, state: Sequence[Tensor], x: Tensor) -> Tensor:
        torch.set_rng_state(stream)
        output = self._one(state, x)
        stream.copy_(torch.get_rng_state())
        return output
