"""The fused kernel of the `gpu` backend: one program trains one network for a whole slice of steps.

A program is a warp (several for a very wide network). Its lanes form a grid of ROWS x LANES: a row
looks at one point at a time, a lane holds the units of its column in registers, one in each of
TILES tiles. So a step never touches device memory but to read the points, which stay in cache.

Two identities make the step short. They hold exactly; only rounding tells the results apart.

* relu(a) = [a > 0]·(u·x0 + v·x1 + w), so that all gradients of a unit follow from the sums
  S[c, j] = Σ_p [a_p > 0]·δ_c(p)·(x0, x1, 1)_j with δ = ∂loss/∂f: one multiply-add each, δ·x being
  the same for all units. They stay in registers, a partial sum for each row, and are reduced over
  the rows once a step.
* The softmax sees only differences of outputs. So a cross-entropy's are kept relative to the last
  class's, K = C - 1 of them, and δ sums to 0 over the classes: a step of the difference of c and
  the last is δ_c - δ_last = δ_c + Σ_k δ_k. For squares K = C.

Per pair of a unit and a point that is 2 multiply-adds for a, a maximum, K multiply-adds for the
outputs, a comparison and 3K multiply-adds for S: 12 instructions for the cross-entropy of 3
classes.

A tuple of tensors is unrolled when it is compiled: its items are registers.
"""

from typing import Any

import triton
import triton.language as tl
from triton.language import constexpr

from dynstudy.task.losses import loss as equations
from dynstudy.train.backends._gpu_losses import cross_entropy, squares, weights_at
from dynstudy.train.backends._gpu_units import load_units, store_units

CROSS_ENTROPY = constexpr(equations.CROSS_ENTROPY)
WEIGHTED_TARGETS = constexpr(equations.WEIGHTED_TARGETS)

jit: Any = triton.jit
# Numbers would otherwise be compiled in: a kernel for every length of a slice. Where addresses are
# known to be aligned, the compiler makes wider accesses and spreads all else over the lanes as
# those ask for, not by ROWS x LANES: at 100 units thousands of instructions spill registers.
NUMBERS = ("points", "all_points", "readings", "step", "count")
plain: Any = triton.jit(do_not_specialize=NUMBERS, do_not_specialize_on_alignment=range(15))


@jit
def _repeated(value, times: constexpr):
    copies = ()
    for _ in tl.static_range(times):
        copies = copies + (value,)
    return copies


@jit
def _load_points(x, y, p, points):
    """Coordinates (ROWS, 1) and classes (ROWS,) of some points; beyond the last the class is -1."""
    real = p < points
    x0 = tl.load(x + 2 * p, real, 0.0)[:, None]
    x1 = tl.load(x + 2 * p + 1, real, 0.0)[:, None]
    return x0, x1, tl.load(y + p, real, -1)


@jit
def _forward(units, bias, x0, x1, TILES: constexpr, K: constexpr):
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
def _sums(
    units,
    bias,
    share,
    x,
    y,
    points,
    KIND: constexpr,
    TILES: constexpr,
    K: constexpr,
    ROWS: constexpr,
    LANES: constexpr,
    TRACE: constexpr,
):
    """All points once: S (for each tile K x 3 of (ROWS, LANES)), Σ δ, the witness and the loss."""
    zero = tl.zeros((ROWS, LANES), units[0].dtype)
    none = tl.zeros((ROWS,), units[0].dtype)
    sums, deltas = _repeated(zero, TILES * K * 3), _repeated(none, K)
    witness, loss = none, none
    for first in range(0, points, ROWS):
        x0, x1, of = _load_points(x, y, first + tl.arange(0, ROWS), points)
        before, f = _forward(units, bias, x0, x1, TILES, K)
        if KIND == CROSS_ENTROPY:
            delta, seen, of_points = cross_entropy(f, of, share, TRACE)
        else:
            delta, seen, of_points = squares(f, of, share, KIND)
        witness += seen
        if TRACE:
            loss += of_points
        steps = ()  # δ·x
        added = ()
        for c in tl.static_range(K):
            d = delta[c][:, None]
            steps = steps + (d * x0, d * x1, d)
            added = added + (deltas[c] + delta[c],)
        deltas = added
        summed = ()
        for t in tl.static_range(TILES):
            on = tl.where(before[t] > 0, 1.0, 0.0).to(zero.dtype)
            for i in tl.static_range(K * 3):
                summed = summed + (sums[t * K * 3 + i] + on * steps[i],)
        sums = summed
    return sums, deltas, tl.sum(witness, 0), tl.sum(loss, 0)


@jit
def _descend(
    units, bias, sums, deltas, rate, running, KIND: constexpr, TILES: constexpr, K: constexpr
):
    """The parameters of a running network a step down their gradients; whether all are finite."""
    moved = ()
    for t in tl.static_range(TILES):
        S = ()
        for i in tl.static_range(K * 3):
            S = S + (tl.sum(sums[t * K * 3 + i], 0, keep_dims=True),)
        for j in tl.static_range(3):
            gradient = units[t * (3 + K) + 3] * S[j]
            for c in tl.static_range(1, K):
                gradient += units[t * (3 + K) + 3 + c] * S[c * 3 + j]
            before = units[t * (3 + K) + j]
            moved = moved + (tl.where(running, before - rate * gradient, before),)
        gradients = ()
        for c in tl.static_range(K):
            gradients = gradients + (
                units[t * (3 + K)] * S[c * 3]
                + units[t * (3 + K) + 1] * S[c * 3 + 1]
                + units[t * (3 + K) + 2] * S[c * 3 + 2],
            )
        moved = moved + _stepped(units, t * (3 + K) + 3, gradients, rate, running, KIND)
    gradients = ()
    for c in tl.static_range(K):
        gradients = gradients + (tl.sum(deltas[c], 0),)
    new_bias = _stepped(bias, 0, gradients, rate, running, KIND)
    witness = tl.zeros_like(units[0])
    for i in tl.static_range(TILES * (3 + K)):
        witness += moved[i]
    total = tl.sum(witness)
    for c in tl.static_range(K):
        total += new_bias[c]
    return moved, new_bias, total - total == 0


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


@jit
def _count_correct(
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
    counts = _repeated(tl.zeros((ROWS,), tl.int32), 2 * C)
    for first in range(0, points, ROWS):
        x0, x1, of = _load_points(x, y, first + tl.arange(0, ROWS), points)
        _, f = _forward(units, bias, x0, x1, TILES, K)
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


@plain
def advance_networks(
    lines,  # (B, lines, LINE, LANES) parameters, in place, as `load_units` has them
    biases,  # (B, K) in place
    diverged_at,  # (B,) int32 in place, -1 while running
    x,  # (D, P + V, 2) training and validation points
    y,  # (P + V,) int32 classes, those of the validation points plus C
    training_set,  # (B,) int32
    rates,  # (B,) float64, as the next two
    amplitudes,  # (B,)
    slopes,  # (B,) 2 (A - 1) / T
    periods,  # (B,) int32
    tail_starts,  # (B,) int32
    checkpoints,  # (B, M + 1) int32, padded with steps that never come
    reading,  # (B,) int32 in place, which checkpoint is next
    correct,  # (B, M, 2, C) int32 out, of training and validation points
    losses,  # (B, count) float64 out, where TRACE
    points,  # P
    all_points,  # P + V
    readings,  # M
    step,
    count,
    KIND: constexpr,
    C: constexpr,
    TILES: constexpr,
    ROWS: constexpr,
    LANES: constexpr,
    LINE: constexpr,
    TRACE: constexpr,
):
    """Take `count` steps from `step` on with one network, this program's."""
    K: constexpr = C - 1 if KIND == CROSS_ENTROPY else C
    LINES: constexpr = (TILES * (3 + K) + LINE - 1) // LINE
    REAL: constexpr = lines.dtype.element_ty
    b = tl.program_id(0).to(tl.int64)
    lines += b * (LINES * LINE * LANES)
    correct += b * readings * (2 * C)
    checkpoints += b * (readings + 1)
    losses += b * count - step
    x += tl.load(training_set + b).to(tl.int64) * all_points * 2
    rate = tl.load(rates + b).to(REAL)
    amplitude = tl.load(amplitudes + b)
    slope = tl.load(slopes + b)
    period = tl.load(periods + b)
    tail_start = tl.load(tail_starts + b)
    at = tl.load(reading + b)
    diverged = tl.load(diverged_at + b)
    each = 1.0 / points.to(tl.float64)

    units = load_units(lines, TILES, K, LANES, LINE)
    bias = ()
    for c in tl.static_range(K):
        bias = bias + (tl.load(biases + b * K + c),)

    # No branch but for a reading depends on the network: lanes stay together for the compiler, too.
    for k in range(step, step + count + 1):
        if (tl.load(checkpoints + at) == k) & (diverged < 0):
            here = correct + at * (2 * C)
            _count_correct(units, bias, x, y, all_points, here, TILES, K, C, ROWS, LANES)
            at += 1
        if k < step + count:
            gamma = weights_at(k, amplitude, slope, period, tail_start, C)
            share = ()
            for c in tl.static_range(C):
                if KIND == WEIGHTED_TARGETS:
                    share = share + (gamma[c].to(REAL),)
                else:
                    share = share + ((gamma[c] * each).to(REAL),)
            share = share + (each.to(REAL),)
            sums, deltas, witness, loss = _sums(
                units, bias, share, x, y, points, KIND, TILES, K, ROWS, LANES, TRACE
            )
            finite_loss = witness - witness == 0
            diverged = tl.where((diverged < 0) & (finite_loss == 0), k, diverged)
            if TRACE:
                tl.store(losses + k, loss.to(tl.float64), diverged < 0)
            units, bias, finite = _descend(
                units, bias, sums, deltas, rate, diverged < 0, KIND, TILES, K
            )
            diverged = tl.where((diverged < 0) & (finite == 0), k + 1, diverged)

    store_units(lines, units, TILES, K, LANES, LINE)
    for c in tl.static_range(K):
        tl.store(biases + b * K + c, bias[c])
    tl.store(diverged_at + b, diverged)
    tl.store(reading + b, at)
