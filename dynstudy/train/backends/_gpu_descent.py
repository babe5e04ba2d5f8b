"""A step of the GPU kernel: gradients from the sums over the points, and down along them."""

from typing import Any

import triton
import triton.language as tl
from triton.language import constexpr

from dynstudy.task.losses import loss as equations
from dynstudy.train.backends._gpu_alternation import all_columns, compare_rows

CROSS_ENTROPY = constexpr(equations.CROSS_ENTROPY)

jit: Any = triton.jit


@jit
def descend(
    units,
    bias,
    sums,
    deltas,
    rate,
    running,
    last,
    KIND: constexpr,
    TILES: constexpr,
    K: constexpr,
    C: constexpr,
    ROWS: constexpr,
    LANES: constexpr,
):
    """The parameters of a running network a step down their gradients; whether all are finite.

    And the products of the gradient with that of the last step and with itself, if that is there.
    """
    TOTAL: constexpr = TILES * (3 + C) + C
    none = tl.zeros((ROWS, LANES), units[0].dtype)
    products = (none, none, none)
    moved = ()
    for t in tl.static_range(TILES):
        if last is not None:
            tl.debug_barrier()  # else what is next begins early, and needs registers
        S = ()
        for i in tl.static_range(K * 3):
            S = S + (tl.sum(sums[t * K * 3 + i], 0, keep_dims=True),)
        for j in tl.static_range(3):
            gradient = units[t * (3 + K) + 3] * S[j]
            for c in tl.static_range(1, K):
                gradient += units[t * (3 + K) + 3 + c] * S[c * 3 + j]
            if last is not None:
                products = compare_rows(
                    products, (gradient,), last, t * (3 + C) + j, TOTAL, ROWS, LANES
                )
            before = units[t * (3 + K) + j]
            moved = moved + (tl.where(running, before - rate * gradient, before),)
        gradients = ()
        for c in tl.static_range(K):
            gradients = gradients + (
                units[t * (3 + K)] * S[c * 3]
                + units[t * (3 + K) + 1] * S[c * 3 + 1]
                + units[t * (3 + K) + 2] * S[c * 3 + 2],
            )
        if last is not None:
            columns = all_columns(gradients, K < C)
            products = compare_rows(products, columns, last, t * (3 + C) + 3, TOTAL, ROWS, LANES)
        moved = moved + _stepped(units, t * (3 + K) + 3, gradients, rate, running, KIND)
    gradients = ()
    for c in tl.static_range(K):
        gradients = gradients + (tl.sum(deltas[c], 0),)
    if last is not None:
        columns = all_columns(gradients, K < C)
        rows = ()
        for c in tl.static_range(C):
            rows = rows + (tl.where(tl.arange(0, LANES)[None, :] == 0, columns[c], 0.0),)
        products = compare_rows(products, rows, last, TILES * (3 + C), TOTAL, ROWS, LANES)
    new_bias = _stepped(bias, 0, gradients, rate, running, KIND)
    witness = tl.zeros_like(units[0])
    for i in tl.static_range(TILES * (3 + K)):
        witness += moved[i]
    total = tl.sum(witness)
    for c in tl.static_range(K):
        total += new_bias[c]
    return moved, new_bias, total - total == 0, (tl.sum(products[1]), tl.sum(products[2]))


@jit
def _stepped(outputs, first: constexpr, gradients, rate, running, KIND: constexpr):
    """K parameters of outputs, from the `first` of a tuple on, a step down their gradients."""
    K: constexpr = len(gradients)
    shared = gradients[0] * 0
    if KIND == CROSS_ENTROPY:  # what the last class, to which all are relative, moves the other way
        for c in tl.static_range(K):
            shared += gradients[c]
    stepped = ()
    for c in tl.static_range(K):
        moved = outputs[first + c] - rate * (gradients[c] + shared)
        stepped = stepped + (tl.where(running, moved, outputs[first + c]),)
    return stepped
