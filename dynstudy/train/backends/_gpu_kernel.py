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
from dynstudy.train.backends._gpu_alternation import (
    AMPLITUDE,
    FIRST,
    PERIOD,
    RATE,
    SLOPE,
    STORED,
    TAIL_START,
    keep_gradient,
    sets_in,
    setting,
)
from dynstudy.train.backends._gpu_descent import descend
from dynstudy.train.backends._gpu_losses import cross_entropy, squares, weights_at
from dynstudy.train.backends._gpu_points import (
    count_correct,
    load_points,
    look_through,
    repeated,
)
from dynstudy.train.backends._gpu_units import load_units, store_units

CROSS_ENTROPY = constexpr(equations.CROSS_ENTROPY)
WEIGHTED_TARGETS = constexpr(equations.WEIGHTED_TARGETS)

jit: Any = triton.jit
# Numbers would otherwise be compiled in: a kernel for every length of a slice. Where addresses are
# known to be aligned, the compiler makes wider accesses and spreads all else over the lanes as
# those ask for, not by ROWS x LANES: at 100 units thousands of instructions spill registers.
NUMBERS = ("points", "all_points", "readings", "step", "count", "until_onset")
plain: Any = triton.jit(do_not_specialize=NUMBERS, do_not_specialize_on_alignment=range(16))
NEVER = constexpr(2**31 - 1)


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
    sums, deltas = repeated(zero, TILES * K * 3), repeated(none, K)
    witness, loss = none, none
    for first in range(0, points, ROWS):
        x0, x1, of = load_points(x, y, first + tl.arange(0, ROWS), points)
        before, f = look_through(units, bias, x0, x1, TILES, K)
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
def _runs(diverged, k, stop):
    """Whether a network takes step k: it has not diverged, nor come to where it is to stop."""
    running = diverged < 0
    if stop is not None:
        running = running & (k < stop)
    return running


@plain
def advance_networks(
    lines,  # (B, l) parameters in place, as `load_units` has them, and what `_gpu_watch` says
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
    watch,  # (B, w) float64 in place, as `_gpu_watch` has it; None: nothing is watched
    points,  # P
    all_points,  # P + V
    readings,  # M
    step,
    count,
    until_onset,  # whether training ends with the first onset
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
    UNITS: constexpr = LINES * LINE * LANES
    GRADIENT: constexpr = (TILES * (3 + C) + C + ROWS - 1) // ROWS * ROWS * LANES
    lines += b * (UNITS if watch is None else 2 * UNITS + 2 * GRADIENT)
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
    end = step + count
    stop, last = None, None
    if watch is not None:
        watch += b * (STORED + K)
        last = lines + (2 * UNITS + GRADIENT)
        first = tl.load(watch + FIRST).to(tl.int32)
        stop = tl.where((first >= 0) & (until_onset != 0), first + 1, NEVER)
        end = tl.maximum(tl.minimum(end, stop), step)

    units = load_units(lines, TILES, K, LANES, LINE)
    bias = ()
    for c in tl.static_range(K):
        bias = bias + (tl.load(biases + b * K + c),)

    # No branch but for a reading depends on the network: lanes stay together for the compiler, too.
    for k in range(step, end + 1):
        if (tl.load(checkpoints + at) == k) & _runs(diverged, k, stop):
            here = correct + at * (2 * C)
            count_correct(units, bias, x, y, all_points, here, TILES, K, C, ROWS, LANES)
            at += 1
        if k < end:
            gamma = weights_at(
                k,
                setting(amplitude, watch, AMPLITUDE),
                setting(slope, watch, SLOPE),
                setting(period, watch, PERIOD),
                setting(tail_start, watch, TAIL_START),
                C,
            )
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
            diverged = tl.where(_runs(diverged, k, stop) & (finite_loss == 0), k, diverged)
            running = _runs(diverged, k, stop)
            if TRACE:
                tl.store(losses + k, loss.to(tl.float64), running)
            step_size = setting(rate, watch, RATE)
            units, bias, finite, products = descend(
                units, bias, sums, deltas, step_size, running, last, KIND, TILES, K, C, ROWS, LANES
            )
            diverged = tl.where(running & (finite == 0), k + 1, diverged)
            if watch is not None:
                first_onset = sets_in(k, running & finite, products, watch)
                if first_onset:
                    for c in tl.static_range(K):
                        tl.store(watch + (STORED + c), bias[c])
                    store_units(lines + UNITS, units, TILES, K, LANES, LINE)
                    keep_gradient(last, last - GRADIENT, GRADIENT, ROWS, LANES)
                    stop = tl.where(until_onset != 0, k + 1, stop)

    store_units(lines, units, TILES, K, LANES, LINE)
    for c in tl.static_range(K):
        tl.store(biases + b * K + c, bias[c])
    tl.store(diverged_at + b, diverged)
    tl.store(reading + b, at)
