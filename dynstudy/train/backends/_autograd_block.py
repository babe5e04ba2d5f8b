"""How a block of networks is made and moved: in pieces, with a look at them after each."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dynstudy.task.losses import LOSSES
from dynstudy.task.network import Network
from dynstudy.task.optimiser import Optimiser
from dynstudy.train.backends import _autograd_compiled
from dynstudy.train.backends._autograd_captured import Captured
from dynstudy.train.backends._autograd_curvature import count_climbs, watch
from dynstudy.train.backends._autograd_gradients import (
    FEW_INPUTS,
    FEW_OUTPUTS,
    Gradient,
    by_autograd,
    by_hand,
)
from dynstudy.train.backends._autograd_losses import BY_HAND, differentiated
from dynstudy.train.backends._autograd_network import Layers, batched
from dynstudy.train.backends._autograd_optimiser import Remembered, remembered_at_first, update
from dynstudy.train.backends._autograd_state import Block, Inputs, Moving
from dynstudy.train.ensemble import Data, Ensemble, Floats
from dynstudy.train.readings import Readings

PIECE = 64
"""Steps at most between two looks at the networks."""


def made_block(
    ensemble: Ensemble,
    data: Data,
    initial: Mapping[str, Floats],
    readings: Readings,
    device: str,
) -> Block:
    """Put networks on a device, and choose what moves them."""
    dtype = getattr(torch, ensemble.dtype)

    def real(array: Floats) -> Tensor:
        # a copy, since training changes it in place
        return torch.tensor(array, dtype=dtype, device=device)

    sets = np.unique(ensemble.training_set)
    sets = sets if len(sets) == 1 else ensemble.training_set
    validation_x = data.validated_on(int(sets[0])) if len(sets) == 1 else data.validation_x
    if data.validated_apart and len(sets) > 1:
        validation_x = validation_x[sets]
    y = torch.tensor(data.y, device=device)
    network, named = batched(ensemble, data, initial, device)
    tensors, loss = list(named.values()), LOSSES[ensemble.loss]
    watched = len(readings.onsets.first) > 0
    size = sum(tensor[0].numel() for tensor in tensors) if watched else 0
    gradients = by_autograd(network, loss)
    if isinstance(network, Layers):
        gradients = by_hand(network, differentiated(loss))
    block = Block(
        ensemble,
        readings,
        network,
        tuple(named),
        tensors,
        remembered_at_first(ensemble.optimiser, tensors),
        real(ensemble.learning_rate),
        real(data.x[sets].swapaxes(1, 2)).contiguous().mT,
        y,
        torch.nn.functional.one_hot(y, data.classes).T[None].to(dtype).contiguous(),
        real(validation_x),
        torch.tensor(data.validation_y, device=device),
        torch.zeros(len(ensemble), size, dtype=dtype, device=device),
        torch.ones(len(ensemble), dtype=torch.float64, device=device),
        [[] for _ in range(len(ensemble))],
        step_by(gradients, ensemble.optimiser),
    )
    if watched:
        block.step = step_by(gradients, ensemble.optimiser, block.gradient)
    elif device == "cpu" and compilable(ensemble):
        block.step = _compiled(block) or block.step
    elif device != "cpu" and ensemble.optimiser.batch_size(len(y)) == len(y):
        block.captured = Captured(block, PIECE)
    with torch.no_grad():
        _read(block, 0)
    return block


def step_by(gradients: Gradient, optimiser: Optimiser, kept: Tensor | None = None) -> Moving:
    """A step in place that looks at no value, so that a card need not stop; keeps its gradient."""

    def step(
        tensors: list[Tensor],
        remembered: Remembered,
        learning_rate: Tensor,
        x: Tensor,
        hot: Tensor,
        weights: Tensor,
        rate: Tensor,
        numbers: Tensor,
        losses: Tensor,
    ) -> None:
        of_networks, of_tensors = gradients(tensors, x, hot, weights)
        losses.copy_(of_networks)
        if kept is not None:
            kept.copy_(torch.cat([part.flatten(1) for part in of_tensors], 1))
        update(optimiser, tensors, of_tensors, remembered, rate, learning_rate, numbers)

    return step


def compilable(ensemble: Ensemble) -> bool:
    """Whether the step of networks is worth compiling: of layers whose loss is known by hand."""
    layered = isinstance(ensemble.network, Network)
    by_equation = LOSSES[ensemble.loss].fused in BY_HAND
    return layered and by_equation and _autograd_compiled.pays(ensemble.steps)


def in_registers(ensemble: Ensemble, data: Data) -> bool:
    """Whether the activations of a step are in no memory, as `_autograd_gradients` says."""
    few, network = data.features <= FEW_INPUTS and data.classes <= FEW_OUTPUTS, ensemble.network
    return few and isinstance(network, Network) and network.depth == 1 and compilable(ensemble)


def _compiled(block: Block) -> Moving | None:
    """The step as compiled code, if it can be: of layers whose loss is known by hand."""
    ensemble, network = block.ensemble, block.network
    loss, optimiser = LOSSES[ensemble.loss], ensemble.optimiser
    assert isinstance(network, Layers)  # as it is compilable
    gradients = by_hand(network, differentiated(loss), written_out=True)

    @torch.no_grad()
    def tried(step: Moving) -> None:
        before, inputs = block.copies(), block.inputs(0, 1)
        try:
            for k in {0, optimiser.epoch_steps(len(block.y)) - 1}:  # which may have fewer points
                _take(block, step, k, inputs, 0, torch.zeros_like(inputs.rates))
        finally:
            block.put_back(before)

    shape = block.x.shape[2], block.classes, block.x.dtype
    options = str(optimiser.model_copy(update={"batch": "full"}))  # points are arguments
    what = network, loss.fused, options, len(block.tensors), shape
    return _autograd_compiled.compiled_step(what, lambda: step_by(gradients, optimiser), tried)


def _take(block: Block, step: Moving, k: int, inputs: Inputs, row: int, losses: Tensor) -> None:
    """Take step k, whose inputs and losses are in some row."""
    arguments = inputs.weights[row], inputs.rates[row], inputs.numbers[row], losses[row]
    step(block.tensors, block.remembered, block.rate, *block.points(k), *arguments)


@torch.no_grad()
def advance_block(block: Block, step: int, count: int) -> None:
    """Take `count` steps from `step` on with every network that is running."""
    readings = block.readings
    onsets, climbs = len(readings.onsets.first) > 0, len(readings.climbs.steps) > 0
    for first, last in _pieces(readings, step, count, 1 if onsets or climbs else PIECE):
        before, inputs = block.gradient.clone(), block.inputs(first, last)
        losses = _moved(block, first, last, inputs)
        if onsets:
            watch(block, before, first)
        if climbs:  # but not a step with which a network ends: it is its last one
            count_climbs(block, first, losses[0], inputs.weights[0])
        if readings.loss_sums.so_far.size:
            readings.loss_sums.so_far[:] += losses.double().nansum(0).cpu().numpy()
        if readings.losses.size:
            readings.losses[:, first:last] = losses.T.cpu().numpy()
        _read(block, last)


def _pieces(readings: Readings, step: int, count: int, longest: int) -> Iterator[tuple[int, int]]:
    """Cut steps at checkpoints, and to at most so many."""
    end = step + count
    read = readings.checkpoints[(readings.checkpoints > step) & (readings.checkpoints < end)]
    stops = [step, *np.unique(read).tolist(), end]
    for first, last in pairwise(stops):
        for start in range(first, last, longest):
            yield start, min(start + longest, last)


def _moved(block: Block, first: int, last: int, inputs: Inputs) -> Tensor:
    """Return the losses (K, B) before steps that are taken, nan of networks that do not run.

    Where one diverged, they are taken again, and it is found at which.
    """
    running, copies = block.readings.running, block.copies()
    if block.captured is not None:
        losses = block.captured.run(inputs)
    else:
        losses = torch.zeros_like(inputs.rates)
        for row, k in enumerate(range(first, last)):
            _take(block, block.step, k, inputs, row, losses)
    finite = (torch.isfinite(losses).all(0) & _finite(block.tensors)).cpu().numpy()
    if finite[running].all():
        losses[:, torch.tensor(~running, device=losses.device)] = torch.nan
        return losses
    block.put_back(copies)
    for row, k in enumerate(range(first, last)):
        running, before = block.readings.running, [tensor.clone() for tensor in block.tensors]
        _take(block, block.step, k, inputs, row, losses)
        without_loss = running & ~torch.isfinite(losses[row]).cpu().numpy()
        overflown = running & ~without_loss & ~_finite(block.tensors).cpu().numpy()
        block.end(without_loss, before)
        block.end(overflown, block.tensors)
        block.readings.diverged_at[without_loss] = k
        block.readings.diverged_at[overflown] = k + 1
        losses[row, torch.tensor(~running | without_loss, device=losses.device)] = torch.nan
    return losses


def _finite(tensors: list[Tensor]) -> Tensor:
    """(B,) whether all of a network's numbers are."""
    return torch.stack([torch.isfinite(tensor).flatten(1).all(1) for tensor in tensors]).all(0)


def _read(block: Block, step: int) -> None:
    """Count the points each network classifies right, where this is one of its checkpoints."""
    readings = block.readings
    networks, columns = np.nonzero(readings.checkpoints == step)
    running = readings.running[networks]
    networks, columns = networks[running], columns[running]
    if not networks.size:
        return
    chosen = [tensor[networks] for tensor in block.tensors]
    for counts, x, y in (
        (readings.correct, block.each_x(), block.y),
        (readings.validation_correct, block.validation_x, block.validation_y),
    ):
        of_chosen = x[networks] if x.ndim == 3 else x
        output = block.network.evaluated(chosen, of_chosen, networks)
        counts[networks, columns] = _correct(output, y)


def _correct(output: Tensor, y: Tensor) -> NDArray[np.int32]:
    """Right answers per network and class: (B, P, C) -> (B, C)."""
    right = (output.argmax(-1) == y).to(torch.int32)
    counts = torch.zeros(len(right), output.shape[-1], dtype=torch.int32, device=y.device)
    counts.index_add_(1, y, right)
    return counts.cpu().numpy()
