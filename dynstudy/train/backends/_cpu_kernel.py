"""The fused kernel of the `cpu` backend: one network, all its steps, in one compiled function.

Hidden units outside, points inside (vectorised by LLVM), activations recomputed in the backward
pass rather than stored, parameters updated in place as soon as a unit's gradient is known.

Sums over inputs and classes, and the gradients of a unit, are tuples, which are registers
(`_registers`).

A softmax sees only differences of outputs. For the cross-entropy the network is therefore kept with
K = C - 1 outputs, those of the first classes less the last one's, which spares a third of the work
at C = 3. The sum over the classes, which `cpu.py` puts back, never changes: the gradients of a
softmax sum to zero. For squares K = C. `inputs`, `outputs` and `classes` are F, K and C zeros,
whose types carry F, K, C and the dtype.

"""

from functools import partial
from math import factorial

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload
from numba.np.numpy_support import as_dtype

from dynstudy.task.losses.loss import WEIGHTED_SQUARES, WEIGHTED_TARGETS
from dynstudy.train.alternation import ENDS, MEMORY, SETS_IN
from dynstudy.train.backends._cached import Cached
from dynstudy.train.backends._registers import (
    COMPILED,
    INLINED,
    axpy,
    column,
    dot,
    filled,
    head,
    largest,
    minus,
    plus,
    store,
    store_head,
    summed,
    times,
)
from dynstudy.train.climbs import EPISODE_GAP, EPISODE_STEPS

POINT_BLOCK = 16  # points are padded to a multiple, one vector of float32 or two of float64
FEW_INPUTS = 4  # with more of them, the weights of four units leave no registers
PRODUCT = 64  # points whose probabilities' product is far from the ends of float64
LOG_2 = 0.693147180559945309
RUNNING, PAUSED = -1, -2
FIRST, FIRST_END, COUNT, ENDED = range(4)  # of onsets
FROZEN, UPHILL, EPISODES, LAST_UPHILL, IN_A_ROW = range(5)  # of climbs

EXACT = INLINED | {"fastmath": {"contract"}}  # where reassociation would undo the arithmetic

# --- exp, in a form that LLVM can vectorise -----------------------------------------------------
# exp(x) = 2**n exp(r), with n = octave(x) whole and |r| <= log(2) / 2. A softmax takes 2**top out
# of all its exp, top being the largest n: exactly, and later than it could subtract a largest
# logit, so that the polynomials need not wait for it.

_TAYLOR = tuple(1 / factorial(n) for n in range(14))
_CEPHES = (
    1.0,
    1.0,
    5.0000001201e-1,
    1.6666665459e-1,
    4.1665795894e-2,
    8.3334519073e-3,
    1.3981999507e-3,
    1.9875691500e-4,
)  # expf, Moshier


def _octave(x):
    """The whole number nearest to x / log 2, as a float."""


@overload(_octave, jit_options=EXACT)
def _octave_overload(x):
    real = as_dtype(x).type
    per_octave, half = real(1.44269504088896341), real(0.5)
    return lambda x: np.floor(x * per_octave + half)


def _octaves(x):
    """octave(x) of each."""


@overload(_octaves, jit_options=EXACT)
def _octaves_overload(x):
    if len(x) == 1:
        return lambda x: (_octave(x[0]),)
    return lambda x: (_octave(x[0]),) + _octaves(x[1:])  # noqa: RUF005


@intrinsic
def _from_exponent(typing_context, exponent):
    """2**n from the bits of a float as wide as the integer n."""
    kind, bias, mantissa = (
        (types.float32, 127, 23) if exponent == types.int32 else (types.float64, 1023, 52)
    )

    def generate(context, builder, signature, arguments):
        integer = context.get_value_type(exponent)
        biased = builder.add(arguments[0], integer(bias))
        return builder.bitcast(builder.shl(biased, integer(mantissa)), context.get_value_type(kind))

    return kind(exponent), generate


def _power_of_two(n):
    """2**n for a whole n <= 0, but at least 2**-100 (2**-900): denormal numbers would be slow."""


@overload(_power_of_two, jit_options=EXACT)
def _power_of_two_overload(n):
    if n == types.float32:
        lowest = np.float32(-100)
        return lambda n: _from_exponent(np.int32(max(n, lowest)))
    # by int32, because AVX2 has no conversion to int64
    return lambda n: _from_exponent(np.int64(np.int32(max(n, -900.0))))


def _polynomial(coefficients, x):
    """Σ coefficients[i] x**i by Estrin's scheme: half as deep as Horner's, where depth is time."""


@overload(_polynomial, jit_options=EXACT)
def _polynomial_overload(coefficients, x):
    if len(coefficients) == 1:
        return lambda coefficients, x: coefficients[0]
    return lambda coefficients, x: _polynomial(_paired(coefficients, x), x * x)


def _paired(c, x):
    """(c[0] + c[1] x, c[2] + c[3] x, ...)."""


@overload(_paired, jit_options=EXACT)
def _paired_overload(c, x):
    if len(c) == 1:
        return lambda c, x: (c[0],)
    if len(c) == 2:
        return lambda c, x: (c[1] * x + c[0],)
    return lambda c, x: (c[1] * x + c[0],) + _paired(c[2:], x)  # noqa: RUF005


def _scaled_exp(x, n, top):
    """exp(x) / 2**top, given n = octave(x)."""


@overload(_scaled_exp, jit_options=EXACT)
def _scaled_exp_overload(x, n, top):
    real = as_dtype(x).type
    if x == types.float32:
        octave = real(0.693359375), real(-2.12194440e-4)  # log 2 in two parts, Cody & Waite
        coefficients = tuple(real(c) for c in _CEPHES)
    else:
        octave = 0.693145751953125, 1.42860682030941723212e-6
        coefficients = _TAYLOR
    coarse, fine = octave
    bound = real(0.35)  # of r, kept by any x that is not too large to be subtracted from

    def scaled(x, n, top):
        r = min(max((x - n * coarse) - n * fine, -bound), bound)
        return _polynomial(coefficients, r) * _power_of_two(n - top)

    return scaled


def _scaled_exps(x, n, top):
    """exp(x) / 2**top of each."""


@overload(_scaled_exps, jit_options=EXACT)
def _scaled_exps_overload(x, n, top):
    if len(x) == 1:
        return lambda x, n, top: (_scaled_exp(x[0], n[0], top),)
    return lambda x, n, top: (
        (_scaled_exp(x[0], n[0], top),) + _scaled_exps(x[1:], n[1:], top)  # noqa: RUF005
    )


def _excess(others, top):
    """(others + 2**-top) - 1, which keeps small others where top is 0."""


@overload(_excess, jit_options=EXACT)
def _excess_overload(others, top):
    one = as_dtype(top).type(1)
    return lambda others, top: others + (_power_of_two(-top) - one)


# --- one step -----------------------------------------------------------------------------------
# units (F + 1 + K, H): rows of W1, b1, then columns of W2; bias (K, 1); x (F, P); f (K, P)


def _unit(units, h, inputs, outputs):
    """Unit h: (its weights, its bias, its row of W2)."""


@overload(_unit, jit_options=INLINED)
def _unit_overload(units, h, inputs, outputs):
    features = len(inputs)
    return lambda units, h, inputs, outputs: (
        head(units, h, inputs),
        units[features, h],
        column(units, h, outputs),
    )


def _group(units, h, inputs, outputs):
    """Units from h on, as many as are worth a pass over the points: four, or two if they are large.

    Which spares loads and stores of what they are added to.
    """


@overload(_group, jit_options=INLINED)
def _group_overload(units, h, inputs, outputs):
    def two(units, h, inputs, outputs):
        return (_unit(units, h, inputs, outputs), _unit(units, h + 1, inputs, outputs))

    def four(units, h, inputs, outputs):
        return (
            _unit(units, h, inputs, outputs),
            _unit(units, h + 1, inputs, outputs),
            _unit(units, h + 2, inputs, outputs),
            _unit(units, h + 3, inputs, outputs),
        )

    return four if len(inputs) <= FEW_INPUTS else two


def _whole(weights, w, out):
    """The column of a unit, from top to bottom."""


@overload(_whole, jit_options=INLINED)
def _whole_overload(weights, w, out):
    return lambda weights, w, out: weights + (w,) + out  # noqa: RUF005 - for Numba


def _through(group, point, out):
    """Out plus what the units of a group make of a point."""


@overload(_through, jit_options=INLINED)
def _through_overload(group, point, out):
    zero = as_dtype(out[0]).type(0)

    def last(group, point, out):
        weights, w, to = group[0]
        return axpy(max(dot(weights, point) + w, zero), to, out)

    def first(group, point, out):
        return _through(group[1:], point, _through(group[:1], point, out))

    return last if len(group) == 1 else first


@njit(**COMPILED)
def _forward(units, bias, x, f, inputs, outputs):
    """f = relu(x W1 + b1) W2 + b2."""
    width, together = units.shape[1], 4 if len(inputs) <= FEW_INPUTS else 2
    in_groups = width - width % together
    for c in range(len(outputs)):
        f[c, :] = bias[c, 0]
    for h in range(0, in_groups, together):
        group = _group(units, h, inputs, outputs)
        for p in range(x.shape[1]):
            store(f, p, _through(group, head(x, p, inputs), column(f, p, outputs)))
    for h in range(in_groups, width):
        unit = (_unit(units, h, inputs, outputs),)
        for p in range(x.shape[1]):
            store(f, p, _through(unit, head(x, p, inputs), column(f, p, outputs)))


@njit(**COMPILED)
def _cross_entropy_gradient(f, one_hot, share, outputs):
    """Replace f by ∂DCE/∂f; share is Γ / P. Returns a number that is finite when the loss is."""
    zero = f.dtype.type(0)
    witness = zero
    for p in range(f.shape[1]):
        logits = column(f, p, outputs)
        of_class = times(share, column(one_hot, p, share))
        octaves = _octaves(logits)
        top = max(largest(octaves), zero)  # the last class has the logit 0
        witness += summed(octaves)
        exps = _scaled_exps(logits, octaves, top)
        scale = summed(of_class) / (summed(exps) + _power_of_two(-top))
        store(f, p, minus(axpy(scale, exps, outputs), of_class))
    return witness


@njit(**COMPILED)
def _cross_entropy(f, one_hot, share):
    """The value of DCE, which only a trace asks for: plain code, quick to compile."""
    loss = 0.0
    for p in range(f.shape[1]):
        top = 0.0  # the last class has the logit 0
        for c in range(f.shape[0]):
            top = max(top, f[c, p])
        of_class = dot(share, column(one_hot, p, share))
        total, of_targets = np.exp(-top), 0.0
        for c in range(f.shape[0]):
            total += np.exp(f[c, p] - top)
            of_targets += of_class * one_hot[c, p] * f[c, p]
        loss += (np.log(total) + top) * of_class - of_targets
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
        y = column(one_hot, p, zeros)
        share = dot(sample_share, y)
        error = minus(column(f, p, zeros), times(target_weight, y))
        loss += share * dot(error, error)
        store(f, p, axpy(share + share, error, zeros))
    return loss


def _differentiate(f, one_hot, kind, traced, share, weight, points, outputs):
    """Replace f by ∂loss/∂f; weight is Γ, share Γ / P.

    Returns:
        The loss, if traced, and a number that is finite when the loss is.
    """


@overload(_differentiate, jit_options=INLINED)
def _differentiate_overload(f, one_hot, kind, traced, share, weight, points, outputs):
    def cross_entropy(f, one_hot, kind, traced, share, weight, points, outputs):
        loss = _cross_entropy(f, one_hot, share) if traced else 0.0
        return loss, _cross_entropy_gradient(f, one_hot, share, outputs)

    def squares(f, one_hot, kind, traced, share, weight, points, outputs):
        one = f.dtype.type(1)
        if kind == WEIGHTED_SQUARES:
            loss = _squares_gradient(f, one_hot, share, filled(one, outputs), outputs)
        else:
            even = filled(f.dtype.type(1 / points), outputs)
            loss = _squares_gradient(f, one_hot, even, weight, outputs)
        return float(loss), loss

    return cross_entropy if len(outputs) < len(share) else squares


def _of_relative(gradient, classes):
    """From ∂loss/∂(output less the last) to how fast descent in all C moves that difference.

    The last output moves too, by minus its own gradient, which is minus the sum of the others'.
    """


@overload(_of_relative, jit_options=INLINED)
def _of_relative_overload(gradient, classes):
    if len(gradient) == len(classes):
        return lambda gradient, classes: gradient
    return lambda gradient, classes: plus(gradient, filled(summed(gradient), gradient))


@njit(**COMPILED)
def _compare(gradient, last, products, outputs, classes):
    """Products of a gradient with the last one and with itself, in all C columns, put down there.

    After the step and in whole vectors: unit by unit it took three times as long.
    """
    rows, columns = gradient.shape
    zero = gradient.dtype.type(0)
    products[:] = 0
    if len(outputs) < len(classes):  # of the last class: minus the sum of the others
        with_last = with_itself = zero
        for h in range(columns):
            here = summed(column(gradient, h, classes[1:]))
            with_last += here * summed(column(last, h, classes[1:]))
            with_itself += here * here
        products[0] += with_last
        products[1] += with_itself
    for row in range(rows):
        with_last = with_itself = zero
        for h in range(columns):
            here = gradient[row, h]
            with_last += here * last[row, h]
            with_itself += here * here
            last[row, h] = here
        products[0] += with_last
        products[1] += with_itself


@njit(**COMPILED)
def _alternates(k, products, alternation, onsets):
    """Return whether an instability sets in with step k, by how gradients follow each other.

    c_k = g_k·g_{k-1} / (|g_k||g_{k-1}|), E_k = E_{k-1} + (c_k - E_{k-1}) / 10; an instability sets
    in where E < -0.98 and ends where E > -0.5. `alternation`: E and |g_{k-1}|².
    """
    lengths = products[1] * alternation[1]
    alternation[1] = products[1]
    if 0 < lengths < np.inf:
        alternation[0] += (products[0] / np.sqrt(lengths) - alternation[0]) / MEMORY
    lasts = onsets[COUNT] > onsets[ENDED]
    if not lasts and alternation[0] < SETS_IN:
        onsets[COUNT] += 1
        if onsets[COUNT] == 1:
            onsets[FIRST] = k
        return True
    if lasts and alternation[0] > ENDS:
        onsets[ENDED] += 1
        if onsets[FIRST_END] < 0:
            onsets[FIRST_END] = k
    return False


def _normal(x):
    """Each, or 0 in the place of a denormal number, which is slow to calculate with."""


@overload(_normal, jit_options=INLINED)
def _normal_overload(x):
    tiny, zero = np.finfo(as_dtype(x[0])).tiny, as_dtype(x[0]).type(0)
    if len(x) == 1:
        return lambda x: (zero if abs(x[0]) < tiny else x[0],)
    return lambda x: (zero if abs(x[0]) < tiny else x[0],) + _normal(x[1:])  # noqa: RUF005


def _moved(here, gradient, h, rate, velocity, momentum):
    """Parameters a step down their gradient; h is their column of the velocity, if there is one.

    As `torch.optim.SGD` does it. `momentum`: of the velocity, of what is added to it, of the
    velocity and the gradient in a step, and of what parameters decay by. Of a unit that is never
    active, a velocity halves without an end, and is denormal soon.
    """


@overload(_moved, jit_options=INLINED)
def _moved_overload(here, gradient, h, rate, velocity, momentum):
    if isinstance(velocity, types.NoneType):
        return lambda here, gradient, h, rate, velocity, momentum: axpy(-rate, gradient, here)

    def with_momentum(here, gradient, h, rate, velocity, momentum):
        kept, added, along, ahead, decay = momentum
        down = axpy(decay, here, gradient)
        before = column(velocity, h, here)
        after = _normal(axpy(added, down, times(filled(kept, here), before)))
        store(velocity, h, after)
        moved = axpy(along, after, times(filled(ahead, here), down))
        return _normal(axpy(-rate, moved, here))

    return with_momentum


@njit(**COMPILED)
def _backward(units, bias, x, delta, rate, velocity, momentum, gradient, inputs, outputs, classes):
    """Return the new sum of all parameters, a step down their gradients; delta is ∂loss/∂f.

    The gradient is put down in (F + 1 + K, H + 1), that of the bias in its last column, if that is
    not None. So is the velocity.
    """
    zero = units.dtype.type(0)
    witness = zero
    for h in range(units.shape[1]):
        weights, w, out = _unit(units, h, inputs, outputs)
        dweights, dw, dout = inputs, zero, outputs
        for p in range(x.shape[1]):
            point = head(x, p, inputs)
            d = column(delta, p, outputs)
            a = dot(weights, point) + w
            dout = axpy(max(a, zero), d, dout)
            e = dot(d, out) if a > zero else zero
            dweights = axpy(e, point, dweights)
            dw += e
        if gradient is not None:
            store(gradient, h, _whole(dweights, dw, dout))
        down = _whole(dweights, dw, _of_relative(dout, classes))
        unit = _moved(_whole(weights, w, out), down, h, rate, velocity, momentum)
        store_head(units, h, unit)
        witness += summed(unit)
    dbias = outputs
    for p in range(delta.shape[1]):
        dbias = plus(dbias, column(delta, p, outputs))
    if gradient is not None:
        store(gradient, units.shape[1], dbias)
    down = _of_relative(dbias, classes)
    moved = _moved(column(bias, 0, outputs), down, units.shape[1], rate, velocity, momentum)
    store(bias, 0, moved)
    return witness + summed(moved)


@njit(**COMPILED)
def _read(units, bias, points, correct, losses, inputs, outputs, classes):
    """Count the points of each class whose largest output is their own; y is -1 for padding.

    And the static loss's mean over each class, where `losses` (C,) is not None.
    """
    x, y, one_hot = points
    f = np.zeros((len(classes), x.shape[1]), units.dtype)  # the last stays 0 if others are relative
    _forward(units, bias, x, f[: len(outputs)], inputs, outputs)
    correct[:] = 0
    for p in range(x.shape[1]):
        best = 0
        for c in range(1, len(classes)):
            if f[c, p] > f[best, p]:
                best = c
        if best == y[p]:
            correct[best] += 1
    if losses is not None:
        _class_losses(f, one_hot, losses, outputs, classes)


def _class_losses(f, one_hot, losses, outputs, classes):
    """Means over each class of the static loss, losses (C,) out; f (C, P) is used up."""


@overload(_class_losses, jit_options=INLINED)
def _class_losses_overload(f, one_hot, losses, outputs, classes):
    return _class_cross_entropies if len(outputs) < len(classes) else _class_squares


def _class_cross_entropies(f, one_hot, losses, outputs, classes):
    # A point's is log Σ exp(f_j - f_y) = log(1 + excess) + top log 2. A product of few points has
    # their logarithms' sum, and the other classes' points are 1 in it.
    rest, last = f.shape[0] - 2, f.shape[0] - 1
    for p in range(f.shape[1]):
        logits, target = column(f, p, classes), column(one_hot, p, classes)
        logits = minus(logits, filled(dot(logits, target), classes))
        octaves = _octaves(logits)
        top = largest(octaves)  # at least the 0 of its own class
        exps = _scaled_exps(logits, octaves, top)
        others = dot(exps, minus(filled(f.dtype.type(1), classes), target))
        store(f, p, (_excess(others, top), top))
    for c in range(len(classes)):
        total, octaves_up, members = 0.0, 0.0, 0.0
        for p in range(f.shape[1]):
            octaves_up += np.float64(one_hot[c, p] * f[last, p])
            members += np.float64(one_hot[c, p])
        for first in range(0, f.shape[1], PRODUCT):
            product = 1.0
            for p in range(first, min(first + PRODUCT, f.shape[1])):
                product *= np.float64(one_hot[c, p]) * np.float64(f[rest, p]) + 1.0
            total += np.log(product)
        losses[c] = (total + octaves_up * LOG_2) / members


def _class_squares(f, one_hot, losses, outputs, classes):
    squares = np.zeros(f.shape[1])  # float32 would not hold those of a network near its end
    for c in range(len(classes)):
        for p in range(f.shape[1]):
            error = np.float64(f[c, p]) - np.float64(one_hot[c, p])
            squares[p] += error * error
    for c in range(len(classes)):
        total, members = 0.0, 0.0
        for p in range(f.shape[1]):
            total += np.float64(one_hot[c, p]) * squares[p]
            members += np.float64(one_hot[c, p])
        losses[c] = total / members


@njit(**COMPILED)
def _frozen_losses(f, outputs_too, one_hot, kind, gammas, values, points, outputs, classes):
    """Losses at the outputs f (K, P) with each of some weights (n, C): values (n,) out.

    With S_c and B_c the sums over a class of the static loss and of the target's output, F is
    Σ_c Γ_c S_c / P; where Γ weights targets it is Σ_c (S_c + (2 - 2 Γ_c) B_c + (Γ_c² - 1) P_c) / P.
    """
    means = np.empty(len(classes))
    outputs_too[:] = 0  # (C, P): the last class's stay 0 where others are relative to it
    outputs_too[: len(outputs)] = f
    _class_losses(outputs_too, one_hot, means, outputs, classes)
    values[:] = 0
    for c in range(len(classes)):
        members, target = 0.0, 0.0
        for p in range(f.shape[1]):
            members += np.float64(one_hot[c, p])
        if kind == WEIGHTED_TARGETS:
            for p in range(f.shape[1]):
                target += np.float64(one_hot[c, p] * f[c, p])
        for i in range(len(gammas)):
            weight = gammas[i, c]
            if kind == WEIGHTED_TARGETS:
                of_class = members * means[c] + (2 - 2 * weight) * target
                values[i] += (of_class + (weight * weight - 1) * members) / points
            else:
                values[i] += weight * members * means[c] / points


@njit(**COMPILED)
def _count_uphill(k, uphill, climbs):
    """Count step k as one with Γ frozen, uphill or not, and episodes of them, which are close."""
    climbs[FROZEN] += 1
    if not uphill:
        return
    climbs[UPHILL] += 1
    apart = climbs[LAST_UPHILL] < 0 or k - climbs[LAST_UPHILL] > EPISODE_GAP
    climbs[IN_A_ROW] = 1 if apart else climbs[IN_A_ROW] + 1
    climbs[LAST_UPHILL] = k
    if climbs[IN_A_ROW] == EPISODE_STEPS:
        climbs[EPISODES] += 1


@njit(**COMPILED)
def _read_both(units, bias, sets, counts, losses, reading, sizes):
    """Read the training set and the validation set into the rows of a reading."""
    training, validation = sets
    correct, validation_correct = counts
    of_training = None if losses is None else losses[reading, 0]
    of_validation = None if losses is None else losses[reading, 1]
    _read(units, bias, training, correct[reading], of_training, *sizes)
    _read(units, bias, validation, validation_correct[reading], of_validation, *sizes)


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


@njit(**COMPILED)
def _look_up(gamma, given, row):
    """Γ in the place of gamma."""
    for c in range(len(gamma)):
        gamma[c] = given[row, c]


@partial(Cached, nogil=True, **COMPILED)
def advance_network(
    units,  # (F + 1 + K, H) in place
    bias,  # (K, 1) in place
    training,  # x (F, P padded), y (P padded,), -1 for padding, one_hot (C, P padded), 0 for it
    validation,  # the same of the validation set, V padded
    kind,
    rate,
    velocity,  # (F + 1 + K, H + 1) in place, that of the bias in its last column, or None
    momentum,  # 5 numbers, as `_moved` has them, or None
    amplitude,
    period,
    tail_start,
    given,  # (count + 1, C) Γ from step - 1 on, or None: by `_set_class_weights`
    points,  # P
    step,
    count,
    checkpoints,  # (M,)
    correct,  # (M, C) out
    validation_correct,  # (M, C) out
    losses,  # (S,) out, or (0,)
    class_losses,  # (M, 2, C) out, of both sets, or None: what is not asked for is not compiled
    last,  # (F + 1 + K, H + 1) in place, the last gradient, or None: onsets are not watched for
    alternation,  # (2,) in place, as `_alternates` has it
    onsets,  # (4,) in place: first onset and its end, -1 if none, how many, and how many ended
    value,  # (2,) in place, F_k at the last step and the sum so far, or None: for neither of both
    climbs,  # (5,) in place: steps with Γ frozen, uphill ones, episodes, and what they follow from
    summed,  # whether F_k is summed over all steps, or value may be of those with Γ frozen alone
    f,  # (K, P padded), for the kernel to work in
    inputs,  # F zeros
    outputs,  # K zeros
    classes,  # C zeros
):
    """Take `count` steps.

    Returns:
        The number of steps at which the network diverged, RUNNING, or PAUSED after the step of its
        first onset.
    """
    real = units.dtype.type
    x, _, one_hot = training
    sets, counts = (training, validation), (correct, validation_correct)
    sizes = (inputs, outputs, classes)
    gamma = np.empty(len(classes))
    weights = np.empty((len(classes), 1), units.dtype)
    shares = np.empty((len(classes), 1), units.dtype)
    products = np.empty(2)
    gradient = None if last is None else np.zeros_like(last)
    gammas, values = np.empty((2, len(classes))), np.empty(2)
    outputs_too = np.empty((len(classes), x.shape[1]), units.dtype)

    reading = np.searchsorted(checkpoints, step + 1)  # its padding moved to the end, as steps
    if step == 0 and checkpoints.size and checkpoints[0] == 0:
        _read_both(units, bias, sets, counts, class_losses, 0, sizes)

    for k in range(step, step + count):
        if given is None:
            _set_class_weights(gamma, k, amplitude, period, tail_start)
        else:
            _look_up(gamma, given, k - step + 1)
        for c in range(len(classes)):
            weights[c, 0] = real(gamma[c])
            shares[c, 0] = real(gamma[c] / points)
        _forward(units, bias, x, f, inputs, outputs)
        if value is not None and (summed or k <= tail_start or amplitude == 1):
            gammas[0] = gamma
            if given is None:
                _set_class_weights(gammas[1], k - 1, amplitude, period, tail_start)
            else:
                _look_up(gammas[1], given, k - step)
            _frozen_losses(f, outputs_too, one_hot, kind, gammas, values, points, outputs, classes)
            if k > 0 and (k <= tail_start or amplitude == 1):
                _count_uphill(k - 1, values[1] > value[0], climbs)
            value[0] = values[0]
        loss, witness = _differentiate(
            f,
            one_hot,
            kind,
            losses.size > 0,
            column(shares, 0, classes),
            column(weights, 0, classes),
            points,
            outputs,
        )
        if not np.isfinite(witness):
            return k
        if value is not None:
            value[1] += value[0]
        if losses.size:
            losses[k] = loss
        witness = _backward(
            units, bias, x, f, rate, velocity, momentum, gradient, inputs, outputs, classes
        )
        if not np.isfinite(witness):
            return k + 1
        if reading < checkpoints.size and checkpoints[reading] == k + 1:
            _read_both(units, bias, sets, counts, class_losses, reading, sizes)
            reading += 1
        if last is None:
            continue
        _compare(gradient, last, products, outputs, classes)
        if _alternates(k, products, alternation, onsets) and onsets[COUNT] == 1:
            return PAUSED
    return RUNNING
