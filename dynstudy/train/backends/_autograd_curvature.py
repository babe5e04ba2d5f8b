"""The curvature of networks of the `autograd` backend: eigenpairs, uphill steps, instabilities."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from dynstudy.arrays import Ints
from dynstudy.task.losses import LOSSES
from dynstudy.train.alternation import ENDS, MEMORY, SETS_IN
from dynstudy.train.backends._autograd_state import State, forward
from dynstudy.train.backends._lanczos import leading_eigenpairs
from dynstudy.train.climbs import episodes
from dynstudy.train.curvature import AT_ONSET, DIFFERENCE, MOST_PRODUCTS, Curvature, Eigenpairs
from dynstudy.train.ensemble import Parameters


def hessian_products(
    state: State, step: int | Ints
) -> tuple[Callable[[Tensor], Tensor], list[Tensor]]:
    """Differentiate the loss before a step, of all or of each (B,), twice: exact products.

    Returns:
        H v of the Hessian of each network, from (B, N) to (B, N) with the state's tensors side by
        side, and the gradient in each of these.
    """
    tensors = [tensor.detach().requires_grad_() for tensor in state.tensors]
    gradients = _gradients(state, step, tensors)
    shapes = [tensor.shape for tensor in tensors]
    sizes = [shape[1:].numel() for shape in shapes]

    def product(vectors: Tensor) -> Tensor:
        parts = torch.split(vectors.to(state.gammas.dtype), sizes, 1)
        along = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        of_parts = torch.autograd.grad(gradients, tensors, along, retain_graph=True)
        return torch.cat([part.flatten(1) for part in of_parts], 1)

    return product, [gradient.detach() for gradient in gradients]


def eigenpairs(state: State, step: int | Ints, curvature: Curvature) -> Eigenpairs:
    """Leading eigenpairs of the Hessians before a step, of all or of each (B,)."""
    ensemble, device = state.ensemble, state.x.device
    product, _ = hessian_products(state, step)
    shapes = [tensor.shape for tensor in state.tensors]
    sizes = [shape[1:].numel() for shape in shapes]
    units = torch.tensor(np.arange(shapes[0][-1]) < ensemble.width[:, None], device=device)
    there = [units[:, None].expand(shapes[0]), units[:, None], units[:, :, None].expand(shapes[2])]
    mask = torch.cat([each.flatten(1) for each in there], 1)
    generator = torch.Generator().manual_seed(0)
    random = torch.randn(sum(sizes), generator=generator, dtype=torch.float64)
    start = random.to(device).repeat(len(ensemble), 1)
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
        Parameters.of_layers(W1, b1[:, :, 0], W2, b2[:, :, 0]),
        products.cpu().numpy(),
    )


def _gradients(state: State, step: int | Ints, tensors: list[Tensor]) -> tuple[Tensor, ...]:
    """Of the losses before step `step` at any parameters, to be differentiated once more."""
    ensemble = state.ensemble
    gamma = ensemble.class_weights(step, state.gammas.shape[-1])
    weights = torch.tensor(gamma, dtype=state.gammas.dtype, device=state.x.device)
    losses = LOSSES[ensemble.loss].weighted(forward(tensors, state.x), state.y, weights)
    return torch.autograd.grad(losses.sum(), tensors, create_graph=True)


def at_onset(state: State, step: int | Ints) -> tuple[np.ndarray, np.ndarray]:
    """λ1 (B,) before a step, of all or of each, and the finite difference (B,) along its vector."""
    pairs = eigenpairs(state, step, AT_ONSET)
    v = pairs.vectors
    parts = v.W1[:, 0], v.b1[:, 0, None], v.W2[:, 0], v.b2[:, 0, None]
    along = [torch.tensor(part, device=state.x.device) for part in parts]
    difference = torch.zeros(len(state.ensemble), dtype=torch.float64, device=state.x.device)
    for sign in (1, -1):
        there = [
            (tensor + sign * DIFFERENCE * part).to(tensor.dtype).requires_grad_()
            for tensor, part in zip(state.tensors, along, strict=True)
        ]
        for gradient, part in zip(_gradients(state, step, there), along, strict=True):
            difference += sign * (gradient.detach() * part).flatten(1).sum(1) / (2 * DIFFERENCE)
    return pairs.values[:, 0], difference.cpu().numpy()


def count_climbs(state: State, step: int) -> None:
    """Count a step that was taken as uphill or not, with its own class weights."""
    ensemble, climbs = state.ensemble, state.readings.climbs
    if step == ensemble.steps - 1:
        return
    loss = LOSSES[ensemble.loss].weighted
    with torch.no_grad():
        after = loss(forward(state.tensors, state.x), state.y, state.gammas[0])
        uphill = (after > state.losses[0]).cpu().numpy()
    counted = state.readings.running & ((step < ensemble.tail_start) | (ensemble.amplitude == 1))
    climbs.steps[counted] += 1
    climbs.uphill[counted & uphill] += 1
    for b in np.flatnonzero(counted & uphill).tolist():
        state.uphill[b].append(step)
        climbs.episodes[b] = episodes(np.bincount(state.uphill[b]))


def watch(state: State, before: Tensor, step: int) -> None:
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
        after = at_onset(state, step + 1)
        sizes = [tensor[0].numel() for tensor in state.tensors]
        gradients = torch.split(state.gradient, sizes, 1)
        back = [
            tensor + state.rate * part.reshape(tensor.shape)
            for tensor, part in zip(state.tensors, gradients, strict=True)
        ]
        before_step = at_onset(replace(state, tensors=back), step)
        at = np.stack([before_step, after], 2)  # (2, B, 2)
        onsets.eigenvalues[first], onsets.differences[first] = at[:, first]
        if state.readings.until_onset:
            state.stopped.copy_(state.stopped | torch.tensor(first, device=state.stopped.device))
