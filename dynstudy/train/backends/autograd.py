"""The readable oracle: PyTorch's automatic differentiation, batched over networks.

On a card a step is captured in a CUDA graph once and replayed: launched op by op, networks of this
size leave a card idle. So a step takes all it needs from tensors that stay where they are.
"""

import os
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from dynstudy.errors import BackendError
from dynstudy.task.losses import LOSSES
from dynstudy.task.network import ONE_HIDDEN_LAYER
from dynstudy.train.backends._autograd_curvature import count_climbs, eigenpairs, watch
from dynstudy.train.backends._autograd_state import State, forward
from dynstudy.train.demand import Demand
from dynstudy.train.ensemble import Data, Ensemble, Parameters
from dynstudy.train.readings import Readings

__all__ = ["State", "advance", "block_size", "check_device", "eigenpairs", "start"]

PIECE = 64
"""Steps at most between two looks at the networks; Γ and losses of so many wait on the device."""
BLOCK = 256
"""Networks at a time on a processor: activations of more of them would not stay in its cache."""
WARM_UP = 3
"""Steps before one is captured, as PyTorch asks for: libraries set themselves up on first use."""

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


def block_size(device: str = "cpu") -> int | None:
    """How many networks fit a processor's memory well; a card has room, and needs many."""
    return BLOCK if device == "cpu" else None


def start(
    ensemble: Ensemble, data: Data, initial: Parameters, readings: Readings, device: str = "cpu"
) -> State:
    """Put an ensemble on a PyTorch device."""
    dtype = getattr(torch, ensemble.dtype)
    batch, classes = len(ensemble), data.classes

    def real(array: np.ndarray) -> Tensor:
        # a copy, since training changes it in place
        return torch.tensor(array, dtype=dtype, device=device)

    state = State(
        ensemble,
        readings,
        [
            real(initial.W1),
            real(initial.b1[:, None]),
            real(initial.W2),
            real(initial.b2[:, None]),
        ],
        real(ensemble.learning_rate)[:, None, None],
        real(data.x[ensemble.training_set]),
        torch.tensor(data.y, device=device),
        real(
            data.validation_x[ensemble.training_set] if data.validated_apart else data.validation_x
        ),
        torch.tensor(data.validation_y, device=device),
        torch.zeros(PIECE, batch, classes, dtype=dtype, device=device),
        torch.zeros(PIECE, batch, dtype=dtype, device=device),
        torch.zeros(1, dtype=torch.int64, device=device),
        torch.zeros(1, dtype=torch.int64, device=device),
        torch.tensor(readings.diverged_at, device=device),
        torch.zeros(batch, dtype=torch.bool, device=device),
        torch.zeros(batch, 0, dtype=dtype, device=device),
        torch.ones(batch, dtype=torch.float64, device=device),
        [[] for _ in range(batch)],
    )
    if len(readings.onsets.first):
        size = sum(tensor[0].numel() for tensor in state.tensors)
        state.gradient = torch.zeros(batch, size, dtype=dtype, device=device)
    _read(state, 0)
    return state


def advance(state: State, step: int, count: int) -> None:
    """Take `count` steps from `step` on with every network that has not diverged."""
    ensemble, readings = state.ensemble, state.readings
    take_step = _replayed(state) if state.x.device.type == "cuda" else lambda: _take_step(state)
    onsets, climbs = len(readings.onsets.first) > 0, len(readings.climbs.steps) > 0
    for first, last in _pieces(readings, step, count, 1 if onsets or climbs else PIECE):
        before = state.gradient.clone()
        steps = np.arange(first, last)[:, None]
        gammas = ensemble.class_weights(steps, readings.correct.shape[-1])
        state.gammas[: last - first] = torch.tensor(gammas, dtype=state.gammas.dtype)
        state.step.fill_(first)
        state.next_loss.zero_()
        for _ in range(first, last):
            take_step()
        readings.diverged_at[:] = state.diverged_at.cpu().numpy()
        if onsets:
            watch(state, before, first)
        if climbs:  # but not a step with which a network ends: it is its last one
            count_climbs(state, first)
        if readings.loss_sums.so_far.size:
            losses = state.losses[: last - first].double()
            readings.loss_sums.so_far[:] += losses.nansum(0).cpu().numpy()
        if readings.losses.size:
            readings.losses[:, first:last] = state.losses[: last - first].T.cpu().numpy()
        _read(state, last)


def _pieces(readings: Readings, step: int, count: int, longest: int) -> Iterator[tuple[int, int]]:
    """Cut steps at checkpoints, and to at most so many."""
    end = step + count
    read = readings.checkpoints[(readings.checkpoints > step) & (readings.checkpoints < end)]
    stops = [step, *np.unique(read).tolist(), end]
    for first, last in pairwise(stops):
        for start in range(first, last, longest):
            yield start, min(start + longest, last)


def _take_step(state: State) -> None:
    """Take one step in place, without looking at any value, so that a card need not stop."""
    tensors = [tensor.detach().requires_grad_() for tensor in state.tensors]
    weights = state.gammas.index_select(0, state.next_loss)[0]
    losses = LOSSES[state.ensemble.loss].weighted(forward(tensors, state.x), state.y, weights)
    gradients = torch.autograd.grad(losses.sum(), tensors)
    with torch.no_grad():
        stepped = [p - state.rate * g for p, g in zip(tensors, gradients, strict=True)]
        finite = torch.stack([torch.isfinite(p).flatten(1).all(1) for p in stepped]).all(0)
        if state.gradient.numel():
            state.gradient.copy_(torch.cat([part.flatten(1) for part in gradients], 1))
        before, running = state.diverged_at, (state.diverged_at < 0) & ~state.stopped
        diverged = torch.where(running & ~torch.isfinite(losses), state.step, before)
        running = (diverged < 0) & ~state.stopped
        state.diverged_at.copy_(torch.where(running & ~finite, state.step + 1, diverged))
        traced = torch.where(running, losses, torch.nan)
        state.losses.index_copy_(0, state.next_loss, traced[None])
        for old, new in zip(state.tensors, stepped, strict=True):
            old.copy_(torch.where(running[:, None, None], new, old))
        state.step += 1
        state.next_loss += 1


def _replayed(state: State) -> Callable[[], None]:
    """A step as a CUDA graph, captured the first time."""
    if state.graph is None:
        changed = [*state.tensors, state.losses, state.next_loss, state.step, state.diverged_at]
        before = [tensor.clone() for tensor in changed]
        with torch.cuda.device(state.x.device):
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(WARM_UP):
                    _take_step(state)
            torch.cuda.current_stream().wait_stream(stream)
            state.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(state.graph):
                _take_step(state)  # recorded, not run
        for tensor, value in zip(changed, before, strict=True):
            tensor.copy_(value)

    def replay() -> None:
        with torch.cuda.device(state.x.device):
            state.graph.replay()

    return replay


def _read(state: State, step: int) -> None:
    """Count the points each network classifies right, where this is one of its checkpoints."""
    readings = state.readings
    networks, columns = np.nonzero(readings.checkpoints == step)
    running = readings.running[networks]
    networks, columns = networks[running], columns[running]
    if not networks.size:
        return
    chosen = [tensor.detach()[networks] for tensor in state.tensors]
    readings.correct[networks, columns] = _correct(forward(chosen, state.x[networks]), state.y)
    apart = state.validation_x.ndim == 3
    validation_x = state.validation_x[networks] if apart else state.validation_x
    readings.validation_correct[networks, columns] = _correct(
        forward(chosen, validation_x), state.validation_y
    )


def _correct(output: Tensor, y: Tensor) -> np.ndarray:
    """Right answers per network and class: (B, P, C) -> (B, C)."""
    right = (output.argmax(-1) == y).to(torch.int32)
    counts = torch.zeros(len(right), output.shape[-1], dtype=torch.int32, device=y.device)
    counts.index_add_(1, y, right)
    return counts.cpu().numpy()


def refusal(demand: Demand) -> str | None:
    """Why it cannot train what is asked of it; None if it can."""
    if demand.network != ONE_HIDDEN_LAYER.model_copy(
        update={"initialisation": demand.network.initialisation}
    ):
        return f"does not train {demand.network} yet"
    if not demand.optimiser.plain:
        return f"does not train by {demand.optimiser} yet"
    return None
