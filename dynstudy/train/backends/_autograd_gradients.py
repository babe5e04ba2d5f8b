"""The losses of many networks and their gradients in the parameters.

Of fully connected layers by hand, points last: activations are (B, H, P). Uncompiled, each product
is a batched matrix product. To be compiled, sums over few inputs, and of few outputs, are written
out: the compiler then makes one loop of activation, output and what follows, vectorised over
points, hidden units outside, and keeps no activations in memory.
"""

from collections.abc import Callable, Iterable, Sequence
from math import pi, sqrt

import torch
from torch import Tensor

from dynstudy.task.losses.loss import Loss
from dynstudy.train.backends._autograd_losses import Differentiated, losses_of
from dynstudy.train.backends._autograd_network import ACTIVATIONS, BatchedNetwork, Layers

FEW_INPUTS, FEW_OUTPUTS = 8, 16
"""So many are written out, each a term of a loop."""

Gradients = tuple[Tensor, list[Tensor]]
"""Losses (B,), and the gradient in each tensor of the sum of them."""

Gradient = Callable[[Sequence[Tensor], Tensor, Tensor, Tensor], Gradients]
"""From tensors, points (1, F, P) of all networks or (B, F, P) of each, one-hot y and Γ (B, C)."""


def by_autograd(network: BatchedNetwork, loss: Loss) -> Gradient:
    """How any network's gradient is found: by PyTorch's automatic differentiation."""

    def gradients(tensors: Sequence[Tensor], x: Tensor, hot: Tensor, weights: Tensor) -> Gradients:
        with torch.enable_grad():
            leaves = [tensor.detach().requires_grad_() for tensor in tensors]
            points = x[0] if len(x) == 1 else x
            output = network.forward(leaves, points.mT)
            losses = losses_of(loss, output, hot.argmax(1), weights)
            of_tensors = torch.autograd.grad(losses.sum(), leaves, materialize_grads=True)
        return losses.detach(), list(of_tensors)

    return gradients


def by_hand(network: Layers, differentiated: Differentiated, written_out: bool = False) -> Gradient:
    """How the gradient of fully connected layers is found; `written_out` to be compiled."""
    activation = ACTIVATIONS[network.activation]
    back_through = DERIVATIVES[network.activation]

    def gradients(tensors: Sequence[Tensor], x: Tensor, hot: Tensor, weights: Tensor) -> Gradients:
        layers = list(zip(tensors[::2], tensors[1::2], strict=True))
        few_in = written_out and x.shape[1] <= FEW_INPUTS
        few_out = written_out and hot.shape[1] <= FEW_OUTPUTS
        inputs, before = [x], []
        for number, (W, b) in enumerate(layers[:-1]):
            before.append(_applied(W, inputs[-1], few_in and number == 0, False) + b[:, :, None])
            inputs.append(activation(before[-1]))
        W, b = layers[-1]
        output = _applied(W, inputs[-1], False, few_out) + b[:, :, None]
        losses, back = differentiated(output, hot, weights)
        if few_out:
            back = KEPT(back)
        of_tensors: list[Tensor] = []
        for number in range(len(layers) - 1, -1, -1):
            few = few_in and number == 0, few_out and number == len(layers) - 1
            of_tensors[:0] = [_of_weights(inputs[number], back, *few), back.sum(2)]
            if number:
                back = _into(layers[number][0], back, few[1])
                back = back_through(back, before[number - 1], inputs[number])
        return losses, of_tensors

    return gradients


def _applied(W: Tensor, h: Tensor, few_in: bool, few_out: bool) -> Tensor:
    """W^T h: (B, I, O) and (B, I, P) to (B, O, P)."""
    if few_in:
        return _total(W[:, i, :, None] * h[:, i, None] for i in range(h.shape[1]))
    if few_out:
        return torch.stack([(h * W[:, :, o, None]).sum(1) for o in range(W.shape[2])], 1)
    return torch.bmm(W.mT, h.expand(len(W), -1, -1))


def _of_weights(h: Tensor, back: Tensor, few_in: bool, few_out: bool) -> Tensor:
    """h back^T, the gradient in a layer's weights: (B, I, P) and (B, O, P) to (B, I, O)."""
    if few_in:
        return torch.stack([(back * h[:, i, None]).sum(2) for i in range(h.shape[1])], 1)
    if few_out:
        return torch.stack([(h * back[:, o, None]).sum(2) for o in range(back.shape[1])], 2)
    return torch.bmm(h.expand(len(back), -1, -1), back.mT)


def _into(W: Tensor, back: Tensor, few_out: bool) -> Tensor:
    """W back, the gradient in what a layer is given: (B, I, O) and (B, O, P) to (B, I, P)."""
    if few_out:
        return _total(W[:, :, o, None] * back[:, o, None] for o in range(back.shape[1]))
    return torch.bmm(W, back)


def _total(terms: Iterable[Tensor]) -> Tensor:
    """Their sum, without the 0 that `sum` begins with."""
    first, *others = terms
    for term in others:
        first = first + term
    return first


def _through_gelu(back: Tensor, z: Tensor, _: Tensor) -> Tensor:
    normal = 0.5 * (1 + torch.erf(z / sqrt(2)))
    return back * (normal + z * torch.exp(-0.5 * z * z) / sqrt(2 * pi))


DERIVATIVES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "relu": lambda back, _, h: torch.where(h > 0, back, 0.0),
    "tanh": lambda back, _, h: back * (1 - h * h),
    "gelu": _through_gelu,
}
"""From the gradient in an activation, what it was given and what it gave, to that before it."""

KEPT = getattr(torch.ops._inductor_test, "realize", lambda back: back)
"""Computed once for all that uses it, where a compiler would compute it again for each unit."""
