"""Whether anyone's modules can be trained, and whether all at once: found out before they are.

A trial step of two networks on a few points tells, so that nothing is trained or written of what
fails later.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, vmap
from torch.nn import Module

from dynstudy.errors import SpecError
from dynstudy.task.imported import said
from dynstudy.task.optimiser import Optimiser
from dynstudy.task.own_network import OwnNetwork, module_state, trained_count
from dynstudy.train.ensemble import Data

TRIAL_POINTS = 16
LARGE = 2**18
"""Bytes that a step of one network keeps, beyond which others beside it make a processor slower:
a convolution with weights of each network by 2 to 4 times, matrix products by nothing."""
CLOSE = {"float32": 1e-3, "float64": 1e-9}
"""Relative to the largest output: how far what is batched may be from what is not."""

REASONS = {
    "randomness error mode": "it draws at random, as dropout does",
    "data-dependent control flow": "its course depends on its data",
    ".item()": "it takes numbers out of tensors",
}
"""Why PyTorch cannot batch a module, by a part of what it says."""


@dataclass(frozen=True)
class Way:
    """How the modules of a function are trained."""

    reason: str  # why they are trained one after another; empty if all at once
    saved: float  # bytes that a network keeps for each point until its gradient is there
    flat: str = ""  # why its Hessian cannot be read; empty if it can, where all are trained at once

    def at_once(self, points: int) -> bool:
        """Whether several are, on a processor, where a step has so many points."""
        return not self.reason and self.saved * points <= LARGE


def way_of(network: OwnNetwork, width: int, data: Data, optimiser: Optimiser, dtype: str) -> Way:
    """Try a step of two networks of a width, unless that was done before.

    Args:
        network: what makes their modules.
        width: of both.
        data: what they are trained on.
        optimiser: it says how few points a step may have.
        dtype: in which they are trained.

    Returns:
        How they are trained.

    Raises:
        SpecError: they cannot be.
    """
    points, size = len(data.y), optimiser.batch_size(len(data.y))
    few = min(points % size or size, TRIAL_POINTS)
    tried = _tried(network.maker, width, data.features, data.classes, few, dtype)
    if not tried:
        chosen = np.linspace(0, points - 1, few).astype(int)
        x = torch.tensor(data.x[0, chosen], dtype=getattr(torch, dtype))
        with warnings.catch_warnings():  # of what is slow, or will change in PyTorch
            warnings.simplefilter("ignore")
            tried.append(_Trial(network, width, x, data.classes).way())
    return tried[0]


@lru_cache(maxsize=256)
def _tried(*_: object) -> list[Way]:
    """What a trial told, once it was made."""
    return []


class _Trial:
    """Two networks, of seeds 0 and 1, and a few points (P, F)."""

    def __init__(self, network: OwnNetwork, width: int, x: Tensor, classes: int) -> None:
        self.network, self.width, self.x, self.classes = network, width, x, classes
        self.what = f"the module of {network.function!r} for width {width}"
        self.modules = [self._module(seed) for seed in range(2)]

    def _module(self, seed: int) -> Module:
        module = self.network.made(self.width, seed)[0]
        for name, tensor in module_state(module).items():
            if tensor.is_complex():
                raise self._wrong(f"has complex numbers in {name!r}, and real ones are trained")
        return module.to(self.x.dtype)

    def way(self) -> Way:
        self._check_draw()
        saved = self._check_step() / len(self.x)
        self._check_state()
        reason = self._why_not_batched()
        return Way(reason, saved, "" if reason else self._why_flat())

    def _wrong(self, problem: str) -> SpecError:
        return SpecError(f"{self.what} {problem}")

    def _check_draw(self) -> None:
        """The same for the same seed, of one shape for all, and something to train."""
        (first, second), again = map(module_state, self.modules), module_state(self._module(0))
        for name, tensor in first.items():
            if name not in again or not torch.equal(tensor, again[name]):
                raise self._wrong(
                    f"has another {name!r} each time it is made for seed 0: it must follow from "
                    "width and seed alone (or from PyTorch's generator, which is seeded before)"
                )
        if {n: t.shape for n, t in first.items()} != {n: t.shape for n, t in second.items()}:
            raise self._wrong(
                "has other parameters for seed 1 than for seed 0: their shapes must follow from "
                "the width alone"
            )
        if not any(parameter.requires_grad for parameter in self.modules[0].parameters()):
            raise self._wrong("has no parameter that requires a gradient")

    def _check_step(self) -> float:
        """Outputs, and their gradient.

        Returns:
            Bytes that are kept for it.
        """
        module, saved = self._module(0), dict[int, int]()
        shared = {each.untyped_storage().data_ptr() for each in (self.x, *module.parameters())}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in shared:
                saved[storage.data_ptr()] = storage.nbytes()
            return tensor

        try:
            hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
            with torch.random.fork_rng(devices=[]), hooks:
                output = module.train()(self.x)
        except Exception as error:
            raise self._wrong(f"fails on {self._points}: {said(error)}") from error
        if not isinstance(output, Tensor) or output.shape != (len(self.x), self.classes):
            shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise self._wrong(
                f"gives {shape} for {self._points}: must be {(len(self.x), self.classes)}, an "
                "output for each class"
            )
        if output.dtype != self.x.dtype:
            raise self._wrong(f"gives {output.dtype} where it is trained in {self.x.dtype}")
        try:
            output.square().sum().backward()  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise self._wrong(f"cannot be differentiated: {said(error)}") from error
        return float(sum(saved.values()))

    @property
    def _points(self) -> str:
        return f"points ({len(self.x)}, {self.x.shape[1]})"

    def _check_state(self) -> None:
        """A network is what its state is, whichever module that is put into."""
        first, second = (module.eval() for module in self.modules)
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            moved = functional_call(first, module_state(second), (self.x,))
            if not torch.equal(torch.nan_to_num(moved), torch.nan_to_num(second(self.x))):
                raise self._wrong(
                    "keeps numbers, drawn from its seed, that are neither parameters nor buffers "
                    "(or draws when it is evaluated): register_buffer makes them part of its state"
                )

    def _why_not_batched(self) -> str:
        """Why the step of two at once is not that of each by itself; empty if it is."""
        states = [module_state(module) for module in self.modules]
        names, trained = tuple(states[0]), trained_count(self.modules[0])
        stack = [torch.stack([state[name] for state in states]) for name in names]
        for tensor in stack[:trained]:
            tensor.requires_grad_()
        module = self._module(0).train()
        xs = torch.stack([self.x, self.x.flip(0)])  # each network may have points of its own

        def one(tensors: Sequence[Tensor], x: Tensor) -> Tensor:
            state = dict(zip(names, tensors, strict=True))
            return cast(Tensor, functional_call(module, state, (x,)))

        try:
            outputs = vmap(one)(tuple(stack), xs)
            outputs.square().sum().backward()  # type: ignore[no-untyped-call]
        except Exception as error:
            text = str(error)
            return next((why for part, why in REASONS.items() if part in text), said(error))
        alone = [each.train()(x) for each, x in zip(self.modules, xs, strict=True)]
        torch.stack(alone).square().sum().backward()  # type: ignore[no-untyped-call]
        parameters = [dict(each.named_parameters()) for each in self.modules]
        leaves = [torch.stack([_slope(of[name]) for of in parameters]) for name in names[:trained]]
        rest = [
            torch.stack([module_state(each)[name] for each in self.modules])
            for name in names[trained:]
        ]
        pairs = (
            ([outputs], [torch.stack(alone)]),
            ([_slope(tensor) for tensor in stack[:trained]], leaves),
            (stack[trained:], rest),
        )
        same = all(self._close(_row(first), _row(second)) for first, second in pairs)
        return "" if same else "at once it does something else than by itself"

    def _why_flat(self) -> str:
        """Why nothing tells its curvature; empty if the second derivative does."""
        module = self._module(0).train()
        before = {name: buffer.clone() for name, buffer in module.named_buffers()}
        parameters = [each for each in module.parameters() if each.requires_grad]
        try:
            loss = module(self.x).square().sum()
            slopes = torch.autograd.grad(loss, parameters, create_graph=True)
            torch.autograd.grad(slopes, parameters, [torch.ones_like(each) for each in slopes])
        except RuntimeError as error:
            return f"it cannot be differentiated twice ({said(error)})"
        unchanged = all(torch.equal(now, before[name]) for name, now in module.named_buffers())
        return "" if unchanged else "its buffers change with every step"

    def _close(self, first: Tensor, second: Tensor) -> bool:
        scale = second.abs().max().item() if len(second) else 0.0
        tolerance = CLOSE[str(self.x.dtype).removeprefix("torch.")] * scale
        return torch.allclose(first, second, rtol=0, atol=tolerance, equal_nan=True)


def _slope(tensor: Tensor) -> Tensor:
    """Its gradient, 0 where nothing depends on it."""
    return torch.zeros_like(tensor) if tensor.grad is None else tensor.grad


def _row(tensors: Sequence[Tensor]) -> Tensor:
    parts = [tensor.detach().double().flatten() for tensor in tensors]
    return torch.cat(parts) if parts else torch.empty(0)
