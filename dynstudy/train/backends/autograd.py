"""The readable oracle: PyTorch's automatic differentiation, batched over networks.

On a card a step is captured in a CUDA graph once and replayed: launched op by op, networks of this
size leave a card idle. So a step takes all it needs from tensors that stay where they are.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dynstudy.errors import BackendError
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train.alternation import ENDS, MEMORY, SETS_IN
from dynstudy.train.backends._lanczos import leading_eigenpairs
from dynstudy.train.climbs import episodes
from dynstudy.train.curvature import MOST_PRODUCTS, Curvature, Eigenpairs
from dynstudy.train.ensemble import Data, Ensemble, Parameters
from dynstudy.train.readings import Readings

PIECE = 64
"""Steps at most between two looks at the networks; Γ and losses of so many wait on the device."""
BLOCK = 256
"""Networks at a time on a processor: activations of more of them would not stay in its cache."""
WARM_UP = 3
"""Steps before one is captured, as PyTorch asks for: libraries set themselves up on first use."""

if hasattr(os, "register_at_fork"):
    # a forked child has none of the threads of OpenMP, and would wait for them for ever
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


@dataclass
class State:
    """Networks as batched tensors, and what moves them."""

    ensemble: Ensemble
    readings: Readings
    tensors: list[Tensor]  # W1 (B, F, H), b1 (B, 1, H), W2 (B, H, C), b2 (B, 1, C)
    rate: Tensor  # (B, 1, 1)
    x: Tensor  # (B, P, F) each network's training set
    y: Tensor  # (P,)
    validation_x: Tensor  # (V, F)
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
        return Parameters(W1, b1[:, 0], W2, b2[:, 0])


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
        real(data.validation_x),
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
        gammas = class_weights(
            np.arange(first, last)[:, None],
            readings.correct.shape[-1],
            ensemble.amplitude,
            ensemble.period,
            ensemble.tail_start,
        )
        state.gammas[: last - first] = torch.tensor(gammas, dtype=state.gammas.dtype)
        state.step.fill_(first)
        state.next_loss.zero_()
        for _ in range(first, last):
            take_step()
        readings.diverged_at[:] = state.diverged_at.cpu().numpy()
        if onsets:
            _watch(state, before, first)
        if climbs:  # but not a step with which a network ends: it is its last one
            _count_climbs(state, first)
        if readings.losses.size:
            readings.losses[:, first:last] = state.losses[: last - first].T.cpu().numpy()
        _read(state, last)


def eigenpairs(state: State, step: int, curvature: Curvature) -> Eigenpairs:
    """Leading eigenpairs of the Hessians before step `step`, by automatic differentiation."""
    ensemble, device = state.ensemble, state.x.device
    gamma = class_weights(
        step,
        state.gammas.shape[-1],
        ensemble.amplitude,
        ensemble.period,
        ensemble.tail_start,
    )
    weights = torch.tensor(gamma, dtype=state.gammas.dtype, device=device)
    tensors = [tensor.detach().requires_grad_() for tensor in state.tensors]
    losses = LOSSES[ensemble.loss].weighted(_forward(tensors, state.x), state.y, weights)
    gradients = torch.autograd.grad(losses.sum(), tensors, create_graph=True)
    shapes = [tensor.shape for tensor in tensors]
    sizes = [shape[1:].numel() for shape in shapes]

    def product(vectors: Tensor) -> Tensor:
        parts = torch.split(vectors.to(weights.dtype), sizes, 1)
        along = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        of_parts = torch.autograd.grad(gradients, tensors, along, retain_graph=True)
        return torch.cat([part.flatten(1) for part in of_parts], 1)

    units = torch.tensor(np.arange(shapes[0][-1]) < ensemble.width[:, None], device=device)
    there = [units[:, None].expand(shapes[0]), units[:, None], units[:, :, None].expand(shapes[2])]
    mask = torch.cat([each.flatten(1) for each in there], 1)
    start = torch.zeros(len(ensemble), sum(sizes), dtype=torch.float64, device=device)
    random = torch.randn(sum(sizes), generator=torch.Generator().manual_seed(0), dtype=start.dtype)
    start[:] = random.to(device)
    start[:, : mask.shape[1]] *= mask  # beyond a network's width there is nothing
    values, residuals, vectors, products = leading_eigenpairs(
        product, start, curvature.largest, curvature.smallest, curvature.tolerance, MOST_PRODUCTS
    )
    over = (state.diverged_at >= 0) | state.stopped
    values[over] = residuals[over] = torch.nan
    W1, b1, W2, b2 = (
        part.reshape(*part.shape[:2], *shape[1:]).cpu().numpy()
        for part, shape in zip(torch.split(vectors, sizes, 2), shapes, strict=True)
    )
    return Eigenpairs(
        values.cpu().numpy(),
        residuals.cpu().numpy(),
        Parameters(W1, b1[:, :, 0], W2, b2[:, :, 0]),
        products.cpu().numpy(),
    )


def _count_climbs(state: State, step: int) -> None:
    """Count a step that was taken as uphill or not, with its own class weights."""
    ensemble, climbs = state.ensemble, state.readings.climbs
    if step == ensemble.steps - 1:
        return
    loss = LOSSES[ensemble.loss].weighted
    with torch.no_grad():
        after = loss(_forward(state.tensors, state.x), state.y, state.gammas[0])
        uphill = (after > state.losses[0]).cpu().numpy()
    counted = state.readings.running & ((step < ensemble.tail_start) | (ensemble.amplitude == 1))
    climbs.steps[counted] += 1
    climbs.uphill[counted & uphill] += 1
    for b in np.flatnonzero(counted & uphill).tolist():
        state.uphill[b].append(step)
        climbs.episodes[b] = episodes(np.bincount(state.uphill[b]))


def _watch(state: State, before: Tensor, step: int) -> None:
    """Follow how the gradients of this step and the one before lie, and note what sets in."""
    onsets = state.readings.onsets
    with torch.no_grad():
        products = (state.gradient.double() * before.double()).sum(1)
        cosine = products / (state.gradient.double().norm(dim=1) * before.double().norm(dim=1))
        last = state.alternation
        moved = torch.isfinite(cosine) & (state.diverged_at < 0) & ~state.stopped
        state.alternation = torch.where(moved, last + (cosine - last) / MEMORY, last)
    average = state.alternation.cpu().numpy()
    lasting = onsets.count > onsets.ended
    ends = lasting & (average > ENDS)
    sets_in = ~lasting & (average < SETS_IN)
    first = sets_in & (onsets.count == 0)
    onsets.count[sets_in] += 1
    onsets.ended[ends] += 1
    onsets.first[first] = step
    onsets.first_end[ends & (onsets.first_end < 0)] = step
    if first.any():
        after = eigenpairs(state, step + 1, Curvature(largest=1)).values[first, 0]
        sizes = [tensor[0].numel() for tensor in state.tensors]
        gradients = torch.split(state.gradient, sizes, 1)
        back = [
            tensor + state.rate * part.reshape(tensor.shape)
            for tensor, part in zip(state.tensors, gradients, strict=True)
        ]
        at = eigenpairs(replace(state, tensors=back), step, Curvature(largest=1)).values[first, 0]
        onsets.eigenvalues[first] = np.stack([at, after], 1)
        if state.readings.until_onset:
            state.stopped.copy_(state.stopped | torch.tensor(first, device=state.stopped.device))


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
    losses = LOSSES[state.ensemble.loss].weighted(_forward(tensors, state.x), state.y, weights)
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


def _forward(tensors: list[Tensor], x: Tensor) -> Tensor:
    """f(x) = relu(x W1 + b1) W2 + b2 for each network: (B, P, C)."""
    W1, b1, W2, b2 = tensors
    return torch.relu(x @ W1 + b1) @ W2 + b2


def _read(state: State, step: int) -> None:
    """Count the points each network classifies right, where this is one of its checkpoints."""
    readings = state.readings
    networks, columns = np.nonzero(readings.checkpoints == step)
    running = readings.running[networks]
    networks, columns = networks[running], columns[running]
    if not networks.size:
        return
    chosen = [tensor.detach()[networks] for tensor in state.tensors]
    readings.correct[networks, columns] = _correct(_forward(chosen, state.x[networks]), state.y)
    readings.validation_correct[networks, columns] = _correct(
        _forward(chosen, state.validation_x), state.validation_y
    )


def _correct(output: Tensor, y: Tensor) -> np.ndarray:
    """Right answers per network and class: (B, P, C) -> (B, C)."""
    right = (output.argmax(-1) == y).to(torch.int32)
    counts = torch.zeros(len(right), output.shape[-1], dtype=torch.int32, device=y.device)
    counts.index_add_(1, y, right)
    return counts.cpu().numpy()
