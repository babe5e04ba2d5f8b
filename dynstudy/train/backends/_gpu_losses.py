"""What the GPU kernel knows of the losses: Γ(k), and ∂loss/∂f of one point."""

from typing import Any

import triton
import triton.language as tl
from triton.language import constexpr

from dynstudy.task.losses import loss as equations

WEIGHTED_SQUARES = constexpr(equations.WEIGHTED_SQUARES)

jit: Any = triton.jit


@jit
def weights_at(k, amplitude, slope, period, tail_start, C: constexpr):
    """Γ(k), as in dynstudy.task.schedule.class_weights."""
    phase = k % period
    rising = phase < period - phase
    triangle = tl.where(rising, 1.0 + slope * phase, 2.0 * amplitude - 1.0 - slope * phase)
    triangle = tl.where(k < tail_start, triangle, 1.0)
    even = C / (triangle + (C - 1))
    emphasised = (k // period) % C
    gamma = ()
    for c in tl.static_range(C):
        gamma = gamma + (tl.where(emphasised == c, triangle * even, even),)
    return gamma


@jit
def cross_entropy(f, y, share, TRACE: constexpr):
    """∂DCE/∂f (K of (ROWS,)), a witness that is finite when the loss is, and the loss if traced."""
    K: constexpr = len(f)
    of_point = tl.zeros_like(f[0])  # Γ / P of each point's class
    for c in tl.static_range(K + 1):
        of_point = tl.where(y == c, share[c], of_point)
    top = tl.zeros_like(f[0])  # of all outputs; the last class's is 0
    witness = f[0]
    for c in tl.static_range(K):
        top = tl.maximum(top, f[c])
        if c > 0:
            witness += f[c]
    total = tl.exp(-top)
    exps = ()
    for c in tl.static_range(K):
        exps = exps + (tl.exp(f[c] - top),)
        total += exps[c]
    scale = of_point / total
    delta = ()
    for c in tl.static_range(K):
        delta = delta + (scale * exps[c] - tl.where(y == c, of_point, 0.0),)
    loss = witness
    if TRACE:
        loss = of_point * (top + tl.log(total))
        for c in tl.static_range(K):
            loss -= tl.where(y == c, of_point * f[c], 0.0)
    return delta, witness, loss


@jit
def squares(f, y, share, KIND: constexpr):
    """The same of Σ_j s_j Σ_i (f_i - t_i y_ji)², the form of DMSE1 (s = Γ / P, t = 1) and DMSE2."""
    K: constexpr = len(f)
    of_point = tl.zeros_like(f[0])
    for c in tl.static_range(K):
        if KIND == WEIGHTED_SQUARES:
            of_point = tl.where(y == c, share[c], of_point)
        else:
            of_point = tl.where(y >= 0, share[K], of_point)
    loss = tl.zeros_like(f[0])
    delta = ()
    for c in tl.static_range(K):
        if KIND == WEIGHTED_SQUARES:
            error = f[c] - tl.where(y == c, 1.0, 0.0)
        else:
            error = f[c] - tl.where(y == c, share[c], 0.0)
        loss += of_point * error * error
        delta = delta + (2.0 * of_point * error,)
    return delta, loss, loss
