"""The fused kernel of the `cpu` backend: one network, all its steps, in one compiled function.

Hidden units outside, points inside (vectorised by LLVM), activations recomputed in the backward
pass rather than stored, parameters updated in place as soon as a unit's gradient is known.

Tuples are registers here: a tuple of C scalars, one per class, is unrolled when the kernel is
compiled for its C, so that sums over classes and the gradients of a unit never touch memory.

Everything compiled is in this one file, because Numba's cache on disk notices changes of it alone.
"""

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload

CROSS_ENTROPY, WEIGHTED_SQUARES, WEIGHTED_TARGETS = range(3)  # eqs. 2, 3 and 4

UNIT_BLOCK = 4  # units per pass over the points in `_forward`; widths are padded to a multiple
POINT_BLOCK = 16  # points are padded to a multiple, one vector of float32

# Fast math without nnan and ninf: divergence must be seen.
FAST = {"reassoc", "contract", "arcp", "nsz"}

# Calls and Python's check for division by zero would keep LLVM from vectorising the loops.
INLINED = {"forceinline": True, "error_model": "numpy", "fastmath": FAST}
COMPILED: dict[str, Any] = {"error_model": "numpy", "fastmath": FAST}


# --- tuples as registers ------------------------------------------------------------------------


def _column(rows, p, like):
    """(rows[0, p], ..., rows[C - 1, p])."""


@overload(_column, jit_options=INLINED)
def _column_overload(rows, p, like):
    below = len(like)
    if below == 1:
        return lambda rows, p, like: (rows[rows.shape[0] - 1, p],)
    return lambda rows, p, like: (
        (rows[rows.shape[0] - below, p],) + _column(rows, p, like[1:])  # noqa: RUF005 - for Numba
    )


def _store(rows, p, values):
    """rows[:, p] = values."""


@overload(_store, jit_options=INLINED)
def _store_overload(rows, p, values):
    below = len(values)

    def last(rows, p, values):
        rows[rows.shape[0] - 1, p] = values[0]

    def first(rows, p, values):
        rows[rows.shape[0] - below, p] = values[0]
        _store(rows, p, values[1:])

    return last if below == 1 else first


def _axpy(a, x, y):
    """a·x + y."""


@overload(_axpy, jit_options=INLINED)
def _axpy_overload(a, x, y):
    if len(x) == 1:
        return lambda a, x, y: (a * x[0] + y[0],)
    return lambda a, x, y: (a * x[0] + y[0],) + _axpy(a, x[1:], y[1:])  # noqa: RUF005


def _minus(x, y):
    """x - y."""


@overload(_minus, jit_options=INLINED)
def _minus_overload(x, y):
    if len(x) == 1:
        return lambda x, y: (x[0] - y[0],)
    return lambda x, y: (x[0] - y[0],) + _minus(x[1:], y[1:])  # noqa: RUF005


def _times(x, y):
    """x ∘ y."""


@overload(_times, jit_options=INLINED)
def _times_overload(x, y):
    if len(x) == 1:
        return lambda x, y: (x[0] * y[0],)
    return lambda x, y: (x[0] * y[0],) + _times(x[1:], y[1:])  # noqa: RUF005


def _dot(x, y):
    """Σ x ∘ y."""


@overload(_dot, jit_options=INLINED)
def _dot_overload(x, y):
    if len(x) == 1:
        return lambda x, y: x[0] * y[0]
    return lambda x, y: x[0] * y[0] + _dot(x[1:], y[1:])


def _total(x):
    """Σ x."""


@overload(_total, jit_options=INLINED)
def _total_overload(x):
    return (lambda x: x[0]) if len(x) == 1 else (lambda x: x[0] + _total(x[1:]))


def _largest(x):
    """max x."""


@overload(_largest, jit_options=INLINED)
def _largest_overload(x):
    return (lambda x: x[0]) if len(x) == 1 else (lambda x: max(x[0], _largest(x[1:])))


def _exp_below(x, top):
    """exp(x - top)."""


@overload(_exp_below, jit_options=INLINED)
def _exp_below_overload(x, top):
    if len(x) == 1:
        return lambda x, top: (_exp(x[0] - top),)
    return lambda x, top: (_exp(x[0] - top),) + _exp_below(x[1:], top)  # noqa: RUF005


# --- exp of a number that is not positive, in a form that LLVM can vectorise ---------------------


@intrinsic
def _power_of_two(typing_context, exponent):
    """2**n from the bits of a float as wide as the integer n."""
    kind, bias, mantissa = (
        (types.float32, 127, 23) if exponent == types.int32 else (types.float64, 1023, 52)
    )

    def generate(context, builder, signature, arguments):
        integer = context.get_value_type(exponent)
        biased = builder.add(arguments[0], integer(bias))
        return builder.bitcast(builder.shl(biased, integer(mantissa)), context.get_value_type(kind))

    return kind(exponent), generate


def _exp(x):
    """exp(x) for x <= 0: n·log 2 taken off in two parts (Cody & Waite), then a polynomial."""


@overload(_exp, jit_options=INLINED | {"fastmath": {"contract"}})  # reassociation would undo it
def _exp_overload(x):
    f = np.float32

    def single(x):
        # Below -75 the sum of a softmax does not change, and denormal numbers would be slow.
        x = max(x, f(-75.0))
        n = np.floor(x * f(1.44269504088896341) + f(0.5))
        r = (x - n * f(0.693359375)) - n * f(-2.12194440e-4)
        p = f(1.9875691500e-4) * r + f(1.3981999507e-3)
        p = p * r + f(8.3334519073e-3)
        p = p * r + f(4.1665795894e-2)
        p = p * r + f(1.6666665459e-1)
        p = p * r + f(5.0000001201e-1)  # Cephes expf, Moshier
        return (p * r * r + r + f(1.0)) * _power_of_two(np.int32(n))

    def double(x):
        x = max(x, -600.0)
        n = np.floor(x * 1.4426950408889634 + 0.5)
        r = (x - n * 0.693145751953125) - n * 1.42860682030941723212e-6
        p = r * (1 / 6227020800.0) + 1 / 479001600.0  # Taylor to r**13 on |r| < log(2) / 2
        p = p * r + 1 / 39916800.0
        p = p * r + 1 / 3628800.0
        p = p * r + 1 / 362880.0
        p = p * r + 1 / 40320.0
        p = p * r + 1 / 5040.0
        p = p * r + 1 / 720.0
        p = p * r + 1 / 120.0
        p = p * r + 1 / 24.0
        p = p * r + 1 / 6.0
        p = p * r + 0.5
        return (p * r * r + r + 1.0) * _power_of_two(np.int64(n))

    return single if x == types.float32 else double


# --- one step -----------------------------------------------------------------------------------
# units (3 + C, H): rows W1[0], W1[1], b1, then the C columns of W2; x (2, P); f (C, P)


@njit(**COMPILED)
def _forward(units, bias, x, f, zeros):
    """f = relu(x W1 + b1) W2 + b2, four units at a time to spare loads and stores of f."""
    W2 = units[3:]
    zero = zeros[0]
    for c in range(len(zeros)):
        f[c, :] = bias[c]
    for h in range(0, units.shape[1], UNIT_BLOCK):
        u0, v0, w0, out0 = units[0, h], units[1, h], units[2, h], _column(W2, h, zeros)
        u1, v1, w1, out1 = (
            units[0, h + 1],
            units[1, h + 1],
            units[2, h + 1],
            _column(W2, h + 1, zeros),
        )
        u2, v2, w2, out2 = (
            units[0, h + 2],
            units[1, h + 2],
            units[2, h + 2],
            _column(W2, h + 2, zeros),
        )
        u3, v3, w3, out3 = (
            units[0, h + 3],
            units[1, h + 3],
            units[2, h + 3],
            _column(W2, h + 3, zeros),
        )
        for p in range(x.shape[1]):
            x0, x1 = x[0, p], x[1, p]
            out = _column(f, p, zeros)
            out = _axpy(max(u0 * x0 + v0 * x1 + w0, zero), out0, out)
            out = _axpy(max(u1 * x0 + v1 * x1 + w1, zero), out1, out)
            out = _axpy(max(u2 * x0 + v2 * x1 + w2, zero), out2, out)
            out = _axpy(max(u3 * x0 + v3 * x1 + w3, zero), out3, out)
            _store(f, p, out)


@njit(**COMPILED)
def _cross_entropy_gradient(f, one_hot, share, zeros):
    """Replace f by ∂DCE/∂f; share is Γ / P. Returns a number that is finite when the loss is."""
    witness = zeros[0]
    for p in range(f.shape[1]):
        logits = _column(f, p, zeros)
        of_class = _times(share, _column(one_hot, p, zeros))
        top = _largest(logits)
        witness += _total(logits) - top
        exps = _exp_below(logits, top)
        scale = _total(of_class) / _total(exps)
        _store(f, p, _minus(_axpy(scale, exps, zeros), of_class))
    return witness


@njit(**COMPILED)
def _cross_entropy(f, one_hot, share, zeros):
    """The value of DCE."""
    loss = 0.0
    for p in range(f.shape[1]):
        logits = _column(f, p, zeros)
        of_class = _times(share, _column(one_hot, p, zeros))
        top = _largest(logits)
        log_sum = np.log(_total(_exp_below(logits, top))) + top
        loss += log_sum * _total(of_class) - _dot(of_class, logits)
    return loss


@njit(**COMPILED)
def _squares_gradient(f, one_hot, sample_share, target_weight, zeros):
    """Replace f by ∂/∂f of Σ_j s_j Σ_i (f_i - t_i y_ji)², the form of DMSE1 and DMSE2.

    Here s_j is sample_share of j's class and t is target_weight.

    Returns:
        The loss.
    """
    loss = zeros[0]
    for p in range(f.shape[1]):
        y = _column(one_hot, p, zeros)
        share = _dot(sample_share, y)
        error = _minus(_column(f, p, zeros), _times(target_weight, y))
        loss += share * _dot(error, error)
        _store(f, p, _axpy(share + share, error, zeros))
    return loss


@njit(**COMPILED)
def _backward(units, bias, x, delta, rate, zeros):
    """Step all parameters down their gradients; delta is ∂loss/∂f. Returns their new sum."""
    W2 = units[3:]
    zero = zeros[0]
    witness = zero
    for h in range(0, units.shape[1], 2):
        u0, v0, w0, out0 = units[0, h], units[1, h], units[2, h], _column(W2, h, zeros)
        u1, v1, w1, out1 = (
            units[0, h + 1],
            units[1, h + 1],
            units[2, h + 1],
            _column(W2, h + 1, zeros),
        )
        du0 = dv0 = dw0 = du1 = dv1 = dw1 = zero
        dout0 = dout1 = zeros
        for p in range(x.shape[1]):
            x0, x1 = x[0, p], x[1, p]
            d = _column(delta, p, zeros)
            a = u0 * x0 + v0 * x1 + w0
            dout0 = _axpy(max(a, zero), d, dout0)
            e = _dot(d, out0) if a > zero else zero
            du0 += e * x0
            dv0 += e * x1
            dw0 += e
            a = u1 * x0 + v1 * x1 + w1
            dout1 = _axpy(max(a, zero), d, dout1)
            e = _dot(d, out1) if a > zero else zero
            du1 += e * x0
            dv1 += e * x1
            dw1 += e
        u0, v0, w0, out0 = (
            u0 - rate * du0,
            v0 - rate * dv0,
            w0 - rate * dw0,
            _axpy(-rate, dout0, out0),
        )
        u1, v1, w1, out1 = (
            u1 - rate * du1,
            v1 - rate * dv1,
            w1 - rate * dw1,
            _axpy(-rate, dout1, out1),
        )
        units[0, h], units[1, h], units[2, h] = u0, v0, w0
        units[0, h + 1], units[1, h + 1], units[2, h + 1] = u1, v1, w1
        _store(W2, h, out0)
        _store(W2, h + 1, out1)
        witness += u0 + v0 + w0 + _total(out0) + u1 + v1 + w1 + _total(out1)
    for c in range(len(zeros)):
        gradient = zero
        for p in range(delta.shape[1]):
            gradient += delta[c, p]
        bias[c] -= rate * gradient
        witness += bias[c]
    return witness


@njit(**COMPILED)
def _count_correct(units, bias, x, y, correct, zeros):
    """Count the points of each class whose largest output is their own; y is -1 for padding."""
    f = np.empty((len(zeros), x.shape[1]), units.dtype)
    _forward(units, bias, x, f, zeros)
    correct[:] = 0
    for p in range(x.shape[1]):
        best = 0
        for c in range(1, len(zeros)):
            if f[c, p] > f[best, p]:
                best = c
        if best == y[p]:
            correct[best] += 1


@njit(**COMPILED)
def _set_class_weights(gamma, step, amplitude, period, tail_start):
    """Γ(step), as in dynstudy.task.schedule.class_weights."""
    classes = len(gamma)
    triangle = 1.0
    if step < tail_start:
        phase = step % period
        slope = 2 * (amplitude - 1) / period
        triangle = 1 + slope * phase if 2 * phase < period else 2 * amplitude - 1 - slope * phase
    gamma[:] = classes / (triangle + classes - 1)
    gamma[(step // period) % classes] *= triangle


@njit(nogil=True, cache=True, **COMPILED)
def advance_network(
    units,  # (3 + C, H padded) in place
    bias,  # (C,) in place
    x,  # (2, P padded)
    one_hot,  # (C, P padded), 0 for padding
    y,  # (P padded,), -1 for padding
    validation_x,  # (2, V padded)
    validation_y,  # (V padded,)
    kind,
    rate,
    amplitude,
    period,
    tail_start,
    points,  # P
    step,
    count,
    checkpoints,  # (M,)
    correct,  # (M, C) out
    validation_correct,  # (M, C) out
    losses,  # (S,) out, or (0,)
    zeros,  # C zeros: the type carries C and the dtype
):
    """Take `count` steps; returns the number of steps at which the network diverged, or -1."""
    real = units.dtype.type
    f = np.empty((len(zeros), x.shape[1]), units.dtype)
    gamma = np.empty(len(zeros))
    weights = np.empty((len(zeros), 1), units.dtype)
    shares = np.empty((len(zeros), 1), units.dtype)
    ones = np.ones((len(zeros), 1), units.dtype)
    even = np.full((len(zeros), 1), real(1 / points), units.dtype)

    reading = np.searchsorted(checkpoints, step + 1)  # its padding moved to the end, as steps
    if step == 0 and checkpoints.size and checkpoints[0] == 0:
        _count_correct(units, bias, x, y, correct[0], zeros)
        _count_correct(units, bias, validation_x, validation_y, validation_correct[0], zeros)

    for k in range(step, step + count):
        _set_class_weights(gamma, k, amplitude, period, tail_start)
        for c in range(len(zeros)):
            weights[c, 0] = real(gamma[c])
            shares[c, 0] = real(gamma[c] / points)
        _forward(units, bias, x, f, zeros)
        if kind == CROSS_ENTROPY:
            share = _column(shares, 0, zeros)
            loss = _cross_entropy(f, one_hot, share, zeros) if losses.size else 0.0
            witness = _cross_entropy_gradient(f, one_hot, share, zeros)
        else:
            first = kind == WEIGHTED_SQUARES
            witness = _squares_gradient(
                f,
                one_hot,
                _column(shares if first else even, 0, zeros),
                _column(ones if first else weights, 0, zeros),
                zeros,
            )
            loss = float(witness)
        if not np.isfinite(witness):
            return k
        if losses.size:
            losses[k] = loss
        if not np.isfinite(_backward(units, bias, x, f, rate, zeros)):
            return k + 1
        if reading < checkpoints.size and checkpoints[reading] == k + 1:
            _count_correct(units, bias, x, y, correct[reading], zeros)
            _count_correct(
                units, bias, validation_x, validation_y, validation_correct[reading], zeros
            )
            reading += 1
    return -1
