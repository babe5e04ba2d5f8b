"""What the GPU kernel makes of points: the outputs of a network, and how many of them are right."""

from typing import Any

import triton
import triton.language as tl
from triton.language import constexpr

jit: Any = triton.jit


@jit
def repeated(value, times: constexpr):
    copies = ()
    for _ in tl.static_range(times):
        copies = copies + (value,)
    return copies


@jit
def load_points(x, y, p, points):
    """Coordinates (ROWS, 1) and classes (ROWS,) of some points; beyond the last the class is -1."""
    real = p < points
    x0 = tl.load(x + 2 * p, real, 0.0)[:, None]
    x1 = tl.load(x + 2 * p + 1, real, 0.0)[:, None]
    return x0, x1, tl.load(y + p, real, -1)


@jit
def look_through(units, bias, x0, x1, TILES: constexpr, K: constexpr):
    """Inputs a (ROWS, LANES) of each tile's units, and the K outputs (ROWS,)."""
    before = ()
    outputs = ()
    for t in tl.static_range(TILES):
        a = units[t * (3 + K) + 2] + units[t * (3 + K)] * x0 + units[t * (3 + K) + 1] * x1
        before = before + (a,)
        active = tl.maximum(a, 0.0)
        summed = ()
        for c in tl.static_range(K):
            if t == 0:
                summed = summed + (active * units[3 + c],)
            else:
                summed = summed + (outputs[c] + active * units[t * (3 + K) + 3 + c],)
        outputs = summed
    f = ()
    for c in tl.static_range(K):
        f = f + (tl.sum(outputs[c], 1) + bias[c],)
    return before, f


@jit
def count_correct(
    units,
    bias,
    x,
    y,
    points,
    correct,
    TILES: constexpr,
    K: constexpr,
    C: constexpr,
    ROWS: constexpr,
    LANES: constexpr,
):
    """Count the points of each class whose largest output is their own; y + C for validation."""
    counts = repeated(tl.zeros((ROWS,), tl.int32), 2 * C)
    for first in range(0, points, ROWS):
        x0, x1, of = load_points(x, y, first + tl.arange(0, ROWS), points)
        _, f = look_through(units, bias, x0, x1, TILES, K)
        top = f[0]
        best = tl.zeros((ROWS,), tl.int32)
        for c in tl.static_range(1, C):
            output = f[c] if c < K else tl.zeros_like(top)
            best = tl.where(output > top, c, best)
            top = tl.maximum(output, top)
        counted = ()
        for c in tl.static_range(2 * C):
            counted = counted + (counts[c] + ((best == c % C) & (of == c)).to(tl.int32),)
        counts = counted
    for c in tl.static_range(2 * C):
        tl.store(correct + c, tl.sum(counts[c], 0))
