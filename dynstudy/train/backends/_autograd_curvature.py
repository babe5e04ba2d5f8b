"""The curvature of networks of the `autograd` backend: eigenpairs, uphill steps, instabilities."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from dynstudy.arrays import Ints
from dynstudy.task.losses import LOSSES
from dynstudy.train.alternation import ENDS, MEMORY, SETS_IN
from dynstudy.train.backends._autograd_state import Block
from dynstudy.train.backends._lanczos import leading_eigenpairs
from dynstudy.train.climbs import episodes
from dynstudy.train.curvature import AT_ONSET, DIFFERENCE, MOST_PRODUCTS, Curvature, Eigenpairs
from dynstudy.train.ensemble import Parameters


@torch.enable_grad()
def hessian_products(
    block: Block, step: int | Ints
) -> tuple[Callable[[Tensor], Tensor], list[Tensor]]:
    """Differentiate the loss before a step, of all or of each (B,), twice: exact products.

    Returns:
        H v of the Hessian of each network, from (B, N) to (B, N) with the block's tensors side by
        side, and the gradient in each of these.
    """
    tensors = [tensor.detach().requires_grad_() for tensor in block.tensors]
    gradients = _gradients(block, step, tensors)

    def product(vectors: Tensor) -> Tensor:
        along = _parts(block, vectors.to(block.x.dtype))
        of_parts = torch.autograd.grad(gradients, tensors, along, retain_graph=True)
        return torch.cat([part.flatten(1) for part in of_parts], 1)

    return product, [gradient.detach() for gradient in gradients]


def eigenpairs(block: Block, step: int | Ints, curvature: Curvature) -> Eigenpairs:
    """Leading eigenpairs of the Hessians before a step, of all or of each (B,)."""
    device = block.x.device
    product, _ = hessian_products(block, step)
    there = _there(block).to(device)
    generator = torch.Generator().manual_seed(0)
    random = torch.randn(there.shape[1], generator=generator, dtype=torch.float64)
    start = random.to(device) * there  # beyond a network's width there is nothing
    values, residuals, vectors, products = leading_eigenpairs(
        product, start, curvature.largest, curvature.smallest, curvature.tolerance, MOST_PRODUCTS
    )
    over = sorted(block.ended)
    values[over] = residuals[over] = torch.nan
    sizes = [tensor[0].numel() for tensor in block.tensors]
    parts = {
        name: part.reshape(*part.shape[:2], *tensor.shape[1:]).cpu().numpy()
        for name, tensor, part in zip(
            block.names, block.tensors, torch.split(vectors, sizes, 2), strict=True
        )
    }
    return Eigenpairs(
        values.cpu().numpy(), residuals.cpu().numpy(), Parameters(parts), products.cpu().numpy()
    )


def _there(block: Block) -> Tensor:
    """(B, N) 1 where a network has a parameter, 0 beyond its width."""
    ensemble = block.ensemble
    features, classes, widest = block.x.shape[2], block.classes, int(ensemble.width.max())
    of_widest = ensemble.network.shapes(widest, features, classes)
    rows = {}
    for width in np.unique(ensemble.width).tolist():
        shapes = ensemble.network.shapes(width, features, classes)
        parts = [torch.zeros(of_widest[name], dtype=torch.float64) for name in block.names]
        for part, name in zip(parts, block.names, strict=True):
            part[tuple(map(slice, shapes[name]))] = 1
        rows[width] = torch.cat([part.flatten() for part in parts])
    return torch.stack([rows[width] for width in ensemble.width.tolist()])


def _parts(block: Block, vectors: Tensor) -> list[Tensor]:
    """Vectors (B, N) as tensors of the shapes of the block's."""
    sizes = [tensor[0].numel() for tensor in block.tensors]
    parts = torch.split(vectors, sizes, 1)
    return [part.reshape(t.shape) for part, t in zip(parts, block.tensors, strict=True)]


@torch.enable_grad()
def _gradients(block: Block, step: int | Ints, tensors: list[Tensor]) -> tuple[Tensor, ...]:
    """Of the losses before step `step` at any parameters, to be differentiated once more."""
    weights = block.real(block.class_weights(step))
    output = block.network.forward(tensors, block.each_x())
    losses = LOSSES[block.ensemble.loss].weighted(output, block.y, weights)
    return torch.autograd.grad(losses.sum(), tensors, create_graph=True)


@torch.enable_grad()
def at_onset(block: Block, step: int | Ints) -> tuple[np.ndarray, np.ndarray]:
    """λ1 (B,) before a step, of all or of each, and the finite difference (B,) along its vector."""
    pairs = eigenpairs(block, step, AT_ONSET)
    along = [
        torch.tensor(pairs.vectors.arrays[name][:, 0], device=block.x.device)
        for name in block.names
    ]
    difference = torch.zeros(len(block.ensemble), dtype=torch.float64, device=block.x.device)
    for sign in (1, -1):
        there = [
            (tensor + sign * DIFFERENCE * part).to(tensor.dtype).requires_grad_()
            for tensor, part in zip(block.tensors, along, strict=True)
        ]
        for gradient, part in zip(_gradients(block, step, there), along, strict=True):
            difference += sign * (gradient.detach() * part).flatten(1).sum(1) / (2 * DIFFERENCE)
    return pairs.values[:, 0], difference.cpu().numpy()


def count_climbs(block: Block, step: int, losses: Tensor, weights: Tensor) -> None:
    """Count a step that was taken as uphill or not, from its losses (B,) and class weights."""
    ensemble, climbs = block.ensemble, block.readings.climbs
    if step == ensemble.steps - 1:
        return
    loss = LOSSES[ensemble.loss].weighted
    with torch.no_grad():
        output = block.network.forward(block.tensors, block.each_x())
        uphill = (loss(output, block.y, weights) > losses).cpu().numpy()
    counted = block.readings.running & ((step < ensemble.tail_start) | (ensemble.amplitude == 1))
    climbs.steps[counted] += 1
    climbs.uphill[counted & uphill] += 1
    for b in np.flatnonzero(counted & uphill).tolist():
        block.uphill[b].append(step)
        climbs.episodes[b] = episodes(np.bincount(block.uphill[b]))


def watch(block: Block, before: Tensor, step: int) -> None:
    """Follow how the gradients of this step and the one before lie, and note what sets in."""
    onsets = block.readings.onsets
    with torch.no_grad():
        products = (block.gradient.double() * before.double()).sum(1)
        cosine = products / (block.gradient.double().norm(dim=1) * before.double().norm(dim=1))
        last = block.alternation
        moved = torch.isfinite(cosine)
        moved[sorted(block.ended)] = False
        block.alternation = torch.where(moved, last + (cosine - last) / MEMORY, last)
    average = block.alternation.cpu().numpy()
    lasting = onsets.count > onsets.ended
    ends = lasting & (average > ENDS)
    sets_in = ~lasting & (average < SETS_IN)
    first = sets_in & (onsets.count == 0)
    onsets.count[sets_in] += 1
    onsets.ended[ends] += 1
    onsets.first[first] = step
    onsets.first_end[ends & (onsets.first_end < 0)] = step
    if first.any():
        after = at_onset(block, step + 1)
        moved_by = _parts(block, block.rate[:, None] * block.gradient)
        back = [tensor + part for tensor, part in zip(block.tensors, moved_by, strict=True)]
        before_step = at_onset(replace(block, tensors=back), step)
        at = np.stack([before_step, after], 2)  # (2, B, 2)
        onsets.eigenvalues[first], onsets.differences[first] = at[:, first]
        if block.readings.until_onset:
            block.end(first, block.tensors)
