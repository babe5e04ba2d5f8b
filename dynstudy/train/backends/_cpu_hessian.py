"""The Hessian of a network's loss times a vector, for the `cpu` backend: exact and fused.

The product of the Hessian with a direction is the derivative of the gradient along it. With dots
for derivatives along it, and [a > 0] as it is (ReLU'' = 0), for each unit and point

    ȧ = u̇·x + ẇ                  ḟ = Σ_h [a > 0](ȧ·out + a·ȯut) + ḃ        δ̇ = ∂²F/∂f² ḟ
    ė = [a > 0](δ̇·out + δ·ȯut)   Hv: Σ_p ė·(x, 1), Σ_p [a > 0](ȧ·δ + a·δ̇) and Σ_p δ̇.

Of the loss it takes δ = ∂F/∂f and what makes δ̇ = w∘(ḟ - (q·ḟ)1): for a cross-entropy q is the
softmax and w = Γ_y q / P, for squares q = 0. As in `_cpu_kernel` units are outside and points
inside, activations are recomputed, and a cross-entropy has K = C - 1 outputs relative to the last.
"""

import numpy as np
from numba import njit
from numba.extending import overload
from numba.np.numpy_support import as_dtype

from dynstudy.task.losses.loss import WEIGHTED_SQUARES
from dynstudy.train.backends._cpu_kernel import _differentiate, _unit, _whole
from dynstudy.train.backends._registers import (
    INLINED,
    axpy,
    column,
    dot,
    filled,
    head,
    minus,
    plus,
    store,
    times,
)


def _through_along(group, point, out):
    """Out plus what units and their derivatives, of a group, make of ḟ at a point."""


@overload(_through_along, jit_options=INLINED)
def _through_along_overload(group, point, out):
    zero = as_dtype(out[0]).type(0)

    def last(group, point, out):
        (weights, w, to), (weights_along, w_along, to_along) = group[0]
        a = dot(weights, point) + w
        a_along = dot(weights_along, point) + w_along if a > zero else zero
        return axpy(a_along, to, axpy(max(a, zero), to_along, out))

    def first(group, point, out):
        return _through_along(group[1:], point, _through_along(group[:1], point, out))

    return last if len(group) == 1 else first


@njit(**INLINED)
def _outputs_along(units, along, along_bias, x, f, inputs, outputs):
    """ḟ (K, P), two units at a time to spare loads and stores of it."""
    width = units.shape[1]
    for c in range(len(outputs)):
        f[c, :] = along_bias[c, 0]
    for h in range(0, width - 1, 2):
        pair = (
            (_unit(units, h, inputs, outputs), _unit(along, h, inputs, outputs)),
            (_unit(units, h + 1, inputs, outputs), _unit(along, h + 1, inputs, outputs)),
        )
        for p in range(x.shape[1]):
            store(f, p, _through_along(pair, head(x, p, inputs), column(f, p, outputs)))
    if width % 2:
        h = width - 1
        unit = ((_unit(units, h, inputs, outputs), _unit(along, h, inputs, outputs)),)
        for p in range(x.shape[1]):
            store(f, p, _through_along(unit, head(x, p, inputs), column(f, p, outputs)))


@njit(**INLINED)
def hessian_product(
    units, along, along_bias, x, derivatives, product, bias_product, f, inputs, outputs
):
    """The Hessian times (along, along_bias); f (K, P padded) to work in."""
    delta, curved, shares = derivatives
    zero = units.dtype.type(0)
    _outputs_along(units, along, along_bias, x, f, inputs, outputs)
    of_bias = outputs
    for p in range(x.shape[1]):
        moved, share = column(f, p, outputs), column(shares, p, outputs)
        moved = times(column(curved, p, outputs), minus(moved, filled(dot(share, moved), outputs)))
        of_bias = plus(of_bias, moved)
        store(f, p, moved)
    store(bias_product, 0, of_bias)
    for h in range(units.shape[1]):
        weights, w, to = _unit(units, h, inputs, outputs)
        weights_along, w_along, to_along = _unit(along, h, inputs, outputs)
        of_weights, of_w, of_out = inputs, zero, outputs
        for p in range(x.shape[1]):
            point = head(x, p, inputs)
            d, d_along = column(delta, p, outputs), column(f, p, outputs)
            a = dot(weights, point) + w
            a_along = dot(weights_along, point) + w_along if a > zero else zero
            e = dot(d_along, to) + dot(d, to_along) if a > zero else zero
            of_out = axpy(a_along, d, axpy(max(a, zero), d_along, of_out))
            of_weights = axpy(e, point, of_weights)
            of_w += e
        store(product, h, _whole(of_weights, of_w, of_out))


def of_loss(f, one_hot, kind, gamma, points, outputs, classes):
    """δ, w and q (K, P padded) at the outputs f (K, P padded)."""


@overload(of_loss, jit_options=INLINED)
def _of_loss_overload(f, one_hot, kind, gamma, points, outputs, classes):
    def either(f, one_hot, kind, gamma, points, outputs, classes):
        real = f.dtype.type
        weights, parts = np.empty((len(classes), 1), f.dtype), np.empty((len(classes), 1), f.dtype)
        for c in range(len(classes)):
            weights[c, 0], parts[c, 0] = real(gamma[c]), real(gamma[c] / points)
        weight, part = column(weights, 0, classes), column(parts, 0, classes)
        delta, curved, shares = f.copy(), np.zeros_like(f), np.zeros_like(f)
        _differentiate(delta, one_hot, kind, False, part, weight, points, outputs)
        _second(delta, curved, shares, one_hot, kind, part, points, outputs, classes)
        return delta, curved, shares

    return either


def _second(delta, curved, shares, one_hot, kind, part, points, outputs, classes):
    """W and q, from δ."""


@overload(_second, jit_options=INLINED)
def _second_overload(delta, curved, shares, one_hot, kind, part, points, outputs, classes):
    def cross_entropy(delta, curved, shares, one_hot, kind, part, points, outputs, classes):
        for p in range(delta.shape[1]):
            of_class = times(part, column(one_hot, p, part))
            weight = plus(column(delta, p, outputs), of_class)  # Γ_y q / P, as δ was made of it
            store(curved, p, weight)
            total = max(dot(part, column(one_hot, p, part)), delta.dtype.type(1e-30))  # padding: 0
            for c in range(len(outputs)):
                shares[c, p] = curved[c, p] / total

    def squares(delta, curved, shares, one_hot, kind, part, points, outputs, classes):
        even = filled(delta.dtype.type(1 / points), outputs)
        for p in range(delta.shape[1]):
            share = dot(part if kind == WEIGHTED_SQUARES else even, column(one_hot, p, outputs))
            store(curved, p, filled(share + share, outputs))

    return cross_entropy if len(outputs) < len(classes) else squares
