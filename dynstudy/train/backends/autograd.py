"""Batched PyTorch, for all that the fused kernels do not know: any device, network and optimiser.

Networks are moved in blocks that fit a processor's cache, one block a thread: side by side they do
not wait for each other, as the threads of an operation do. On a card there is one block, and a step
is captured once and replayed.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import cast

import numpy as np
import torch

from dynstudy.arrays import Ints
from dynstudy.errors import BackendError
from dynstudy.task.network import Network
from dynstudy.task.own_network import OwnNetwork
from dynstudy.train.backends import _autograd_curvature as of_block
from dynstudy.train.backends._autograd_block import advance_block, in_registers, made_block
from dynstudy.train.backends._autograd_compiled import compiled_from, pays
from dynstudy.train.backends._autograd_state import Block, State
from dynstudy.train.backends.cpu import threads
from dynstudy.train.curvature import Curvature, Eigenpairs
from dynstudy.train.demand import Demand
from dynstudy.train.ensemble import Data, Ensemble, Parameters
from dynstudy.train.module_trial import way_of
from dynstudy.train.readings import Readings

__all__ = ["State", "advance", "at_once", "block_size", "check_device", "eigenpairs", "start"]

WANTED = 256
"""Networks at a time on a processor."""
MOST, LEAST = 128, 4
"""Networks of a block: a call takes as long as some, and more than so many gain nothing."""
CACHE = 2**20
"""Bytes of what a step computes for a block."""
TOGETHER = 16
"""Networks for each thread that keep a processor busy."""
WIDER = 1.25
"""Than the narrowest of a block: of the others a part is computed for nothing."""

if hasattr(os, "register_at_fork"):
    # a forked child has none of the threads of OpenMP, and would wait for them for ever
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


def check_device(device: str = "cpu") -> None:
    """Find out before anything is trained or written whether PyTorch has a device.

    Raises:
        BackendError: it has not.
    """
    try:
        (torch.ones(2, device=device) + 1).sum().item()  # some devices only pretend
    except (RuntimeError, AssertionError, ValueError, NotImplementedError) as error:
        raise BackendError(
            f"backend 'autograd:{device}' cannot run: torch {torch.__version__} has no device "
            f"{device!r} on this machine; use --backend cpu or --backend autograd"
        ) from error


def at_once(device: str = "cpu") -> int:
    """How many networks keep the threads busy; a card has room, and needs many."""
    return TOGETHER * threads() if device == "cpu" else WANTED


def refusal(demand: Demand, device: str = "cpu") -> str | None:
    """Why a device cannot train what is asked of it; None if it can."""
    if demand.alone and device != "cpu":
        return f"trains modules all at once, as those of {demand.network} cannot be: {demand.alone}"
    return None


def block_size(device: str = "cpu") -> int | None:
    """How many networks fit a processor's memory well; a card takes all."""
    return WANTED if device == "cpu" else None


def start(
    ensemble: Ensemble, data: Data, initial: Parameters, readings: Readings, device: str = "cpu"
) -> State:
    """Put an ensemble on a PyTorch device."""
    size = len(ensemble) if device != "cpu" else _networks_of_a_block(ensemble, data)

    def block(members: slice) -> tuple[slice, Block]:
        part = ensemble.part(members)
        shapes = part.network.shapes(int(part.width.max()), data.features, data.classes)
        trimmed = {
            name: initial.arrays[name][(members, *map(slice, shape))]
            for name, shape in shapes.items()
        }
        return members, made_block(part, data, trimmed, readings.part(members), device)

    members = _cut(ensemble.width, size, ensemble.network.padded)
    blocks = _pool(1).map(block, members) if device == "cpu" else map(block, members)
    return State(list(blocks))


def as_long(steps: int) -> AbstractContextManager[None]:
    """Within it, trainings are compiled if those of so many steps are."""
    return compiled_from(1) if pays(steps) else nullcontext()


def _networks_of_a_block(ensemble: Ensemble, data: Data) -> int:
    """How many fit the cache, and no more than give every thread one."""
    network = ensemble.network
    if isinstance(network, Network):
        units = 0 if in_registers(ensemble, data) else int(ensemble.width.mean())
        numbers = len(data.y) * (2 * units * network.depth + 4 * data.classes)
        fitting = CACHE // (numbers * np.dtype(ensemble.dtype).itemsize)
    else:
        width, optimiser = int(ensemble.width.max()), ensemble.optimiser
        way = way_of(cast(OwnNetwork, network), width, data, optimiser, ensemble.dtype)
        points = optimiser.batch_size(len(data.y))
        if not way.at_once(points):
            return 1
        fitting = int(CACHE // (way.saved * points + 1))
    return int(min(max(fitting, LEAST), MOST, -(-len(ensemble) // _threads())))


def _cut(width: Ints, size: int, padded: bool) -> list[slice]:
    """Return blocks of at most so many networks, which lie side by side and are about as wide.

    Where narrow and wide ones take turns, they share a block, if they can.
    """
    blocks, first = [], 0
    for b in range(1, len(width) + 1):
        so_far = width[first:b]
        full = b == len(width) or b - first >= size
        if not full:
            together = width[first : b + 1]
            alike = together.max() <= WIDER * together.min() if padded else width[b] == width[first]
            full = not alike and (not padded or len(so_far) >= LEAST)
        if full:
            blocks.append(slice(first, b))
            first = b
    return blocks


def advance(state: State, step: int, count: int) -> None:
    """Take `count` steps from `step` on with every network that has not diverged."""
    if state.blocks[0][1].x.device.type != "cpu":
        for _, block in state:
            advance_block(block, step, count)
        return
    waiting = [block for _, block in state if block.readings.running.any()]
    for _ in _pool(_threads()).map(partial(advance_block, step=step, count=count), waiting):
        pass  # drawn, so that an error in a thread is raised here


def _threads() -> int:
    """Blocks that are moved side by side."""
    return min(torch.get_num_threads(), threads())


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    """Threads that are set up for moving blocks."""
    return ThreadPoolExecutor(size, "dynstudy-autograd", _set_up)


def _set_up() -> None:
    """An operation of PyTorch's takes one thread, and numbers too small for their form are 0.

    With them a step takes longer, and the velocity of a unit that is dead becomes one.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


if hasattr(os, "register_at_fork"):  # nor those
    os.register_at_fork(after_in_child=_pool.cache_clear)


def eigenpairs(state: State, step: int | Ints, curvature: Curvature) -> Eigenpairs:
    """Leading eigenpairs of the Hessians before a step, of all or of each (B,)."""
    steps = np.broadcast_to(step, state.blocks[-1][0].stop)
    parts = [of_block.eigenpairs(block, steps[members], curvature) for members, block in state]
    return Eigenpairs(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.residuals for part in parts]),
        Parameters.joined([part.vectors for part in parts]),
        np.concatenate([part.products for part in parts]),
    )
