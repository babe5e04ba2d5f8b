"""Lanczos for one network of the `cpu` backend: the leading eigenpairs of its Hessian.

Its vectors have the columns of all C outputs, in which curvature is defined. A direction's relative
outputs are the first columns less the last one; of a product, the last column is minus the sum of
the others, since a cross-entropy does not change where all outputs do by the same.
"""

from functools import cache, partial

import numpy as np
from numba import njit

from dynstudy.train.backends._cached import Cached
from dynstudy.train.backends._cpu_arrays import zeros
from dynstudy.train.backends._cpu_hessian import hessian_product, of_loss
from dynstudy.train.backends._cpu_kernel import _forward
from dynstudy.train.backends._registers import COMPILED, INLINED
from dynstudy.train.curvature import MOST_PRODUCTS, Curvature
from dynstudy.train.ensemble import Floats

FIRST_LOOK = 5
"""Products before it is asked whether they are enough."""
NOTHING_LEFT = 1e-14
"""Of the largest eigenvalue: what the vectors so far span is invariant."""
CANCELLED = 0.1
"""What is left of a vector when it has to be made orthogonal once more (Kahan and Parlett)."""


@njit(**INLINED)
def _unpack(vector, units, bias, classes):
    """A vector as a direction of the kernel's parameters."""
    (rows, width), outputs, last = units.shape, bias.shape[0], len(classes) - 1
    above = rows - outputs  # W1 and b1
    for row in range(rows):
        for h in range(width):
            units[row, h] = vector[row * width + h]
    for c in range(outputs):
        bias[c, 0] = vector[(above + last + 1) * width + c]
    if outputs == last:
        for c in range(outputs):
            for h in range(width):
                units[above + c, h] -= vector[(above + last) * width + h]
            bias[c, 0] -= vector[(above + last + 1) * width + last]


@njit(**INLINED)
def _pack(units, bias, classes, vector):
    """A gradient of the kernel's parameters as a vector."""
    (rows, width), outputs, last = units.shape, bias.shape[0], len(classes) - 1
    above = rows - outputs
    for row in range(rows):
        for h in range(width):
            vector[row * width + h] = units[row, h]
    for c in range(outputs):
        vector[(above + last + 1) * width + c] = bias[c, 0]
    if outputs == last:
        for h in range(width):
            vector[(above + last) * width + h] = 0
        vector[(above + last + 1) * width + last] = 0
        for c in range(outputs):
            for h in range(width):
                vector[(above + last) * width + h] -= units[above + c, h]
            vector[(above + last + 1) * width + last] -= bias[c, 0]


@njit(**INLINED)
def _inner(a, b):
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@njit(**INLINED)
def _made_orthogonal(vector, basis, count):
    """Take off what lies along the first vectors of the basis, again where little is left.

    Returns:
        The length of what is left; nan if that is beyond what a number can hold.
    """
    before = np.sqrt(_inner(vector, vector))
    while True:
        for j in range(count):
            along = _inner(vector, basis[j])
            for i in range(vector.size):
                vector[i] -= along * basis[j, i]
        after = np.sqrt(_inner(vector, vector))
        if not after <= CANCELLED * before or after == 0:  # nor is nan
            return after
        before = after


@njit(**INLINED)
def _tridiagonal(diagonal, beside):
    matrix = np.diag(diagonal)
    for i in range(beside.size):
        matrix[i, i + 1] = matrix[i + 1, i] = beside[i]
    return matrix


@njit(**INLINED)
def _rank(i, m, largest, smallest):
    """Where the i-th that is asked for stands among m, ascending; -1 if there is none."""
    rank = m - 1 - i if i < largest else largest + smallest - 1 - i
    return rank if 0 <= rank < m else -1


@partial(Cached, nogil=True, **COMPILED)
def lanczos(
    units,  # (F + 1 + K, H) as of the kernel
    bias,  # (K, 1)
    x,  # (F, P padded)
    one_hot,  # (C, P padded)
    kind,
    gamma,  # (C,) Γ(k), float64
    points,  # P
    basis,  # (M + 1, N) float64, its first vector where to start from; N = (F + 1 + C) H + C
    tolerance,  # of a residual, in units of the eigenvalue that is largest in magnitude
    largest,  # how many of the largest
    smallest,  # and of the smallest
    values,  # (largest + smallest,) out, either descending; nan where there are no more
    residuals,  # likewise, |Hv - λv|
    vectors,  # (largest + smallest, N) out, of length 1
    inputs,  # F zeros
    outputs,  # K zeros
    classes,  # C zeros
):
    """Lanczos with full reorthogonalisation; what a number cannot hold makes everything nan.

    Returns:
        How many products it took, M at most.
    """
    f = np.empty((len(outputs), x.shape[1]), units.dtype)
    _forward(units, bias, x, f, inputs, outputs)
    derivatives = of_loss(f, one_hot, kind, gamma, points, outputs, classes)
    along, along_bias = np.empty_like(units), np.empty_like(bias)
    product, bias_product = np.empty_like(units), np.empty_like(bias)
    most = min(basis.shape[0] - 1, basis.shape[1])
    wanted = largest + smallest
    diagonal, beside = np.zeros(most), np.zeros(most)
    values[:], residuals[:], vectors[:] = np.nan, np.nan, 0
    basis[0] /= np.sqrt(_inner(basis[0], basis[0]))
    m, since = 0, 0  # products, and those of them after an invariant space was full
    first = max(FIRST_LOOK, wanted)
    due = first  # of the latter, for the next look: of many, a look takes longer than a product
    while True:
        vector = basis[m + 1]
        _unpack(basis[m], along, along_bias, classes)
        hessian_product(
            units, along, along_bias, x, derivatives, product, bias_product, f, inputs, outputs
        )
        _pack(product, bias_product, classes, vector)
        diagonal[m] = _inner(vector, basis[m])
        left = _made_orthogonal(vector, basis, m + 1)
        m, since = m + 1, since + 1
        if not np.isfinite(left):
            values[:], residuals[:] = np.nan, np.nan
            return m
        if m == most or since >= due:
            due = since + max(1, since // 8)
            ritz, turned = np.linalg.eigh(_tridiagonal(diagonal[:m], beside[: m - 1]))
            scale, done = max(abs(ritz[0]), abs(ritz[-1])), True
            for i in range(wanted):
                j = _rank(i, m, largest, smallest)
                if j >= 0:
                    values[i], residuals[i] = ritz[j], left * abs(turned[m - 1, j])
                    done = done and residuals[i] <= tolerance * scale
            if m == most or done:
                for i in range(wanted):
                    j = _rank(i, m, largest, smallest)
                    for k in range(m if j >= 0 else 0):
                        for n in range(vector.size):
                            vectors[i, n] += turned[k, j] * basis[k, n]
                return m
        largest_so_far = max(np.abs(diagonal[:m]).max(), beside[:m].max())
        if left <= NOTHING_LEFT * largest_so_far:
            for i in range(vector.size):  # an eigenvalue may be there more than once: begin anew
                vector[i] = np.sin((i + 1.0) * (m + 1))
            vector /= _made_orthogonal(vector, basis, m)
            since, due = 0, first
        else:
            beside[m - 1] = left
            vector /= left


@cache
def _start(size: int) -> Floats:
    """Where to begin: drawing it takes as long as two products."""
    return np.random.default_rng(0).normal(size=size)


def eigenpairs_at(
    parameters: tuple[Floats, Floats],
    training: tuple[Floats, Floats, int],
    kind: int | None,
    gamma: Floats,
    curvature: Curvature,
) -> tuple[Floats, Floats, Floats, int]:
    """Leading eigenpairs of one network's Hessian.

    Args:
        parameters: units (F + 1 + K, H) and bias (K, 1), as the kernel has them.
        training: x (F, P padded), one_hot (C, P padded) and P.
        kind: which equation the loss is.
        gamma: (C,) Γ(k).
        curvature: which eigenvalues, and how well.

    Returns:
        Values (n,), residuals (n,), vectors (n, N), W1, b1 and W2 unit by unit in rows of (F + 1 +
        C, H) and then b2, and how many products they took.
    """
    (units, bias), (x, one_hot, points) = parameters, training
    C = len(one_hot)
    size = (len(x) + 1 + C) * units.shape[1] + C
    basis = np.empty((min(MOST_PRODUCTS, size) + 1, size))
    basis[0] = _start(size)
    values, residuals = np.empty((2, curvature.count))
    vectors = np.empty((curvature.count, size))
    products = lanczos(
        units,
        bias,
        x,
        one_hot,
        kind,
        gamma,
        points,
        basis,
        curvature.tolerance,
        curvature.largest,
        curvature.smallest,
        values,
        residuals,
        vectors,
        *(zeros(len(each), units.dtype) for each in (x, bias, one_hot)),
    )
    return values, residuals, vectors, products
