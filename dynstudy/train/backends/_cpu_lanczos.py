"""Lanczos for one network of the `cpu` backend: the leading eigenpairs of its Hessian.

A cross-entropy does not change where the outputs of all classes do by the same. So Lanczos works in
orthonormal coordinates of what is left of the columns of W2 and of b2, where the Hessian has the
same eigenvalues as in all C, but for zeros; `turn` leads from them to the relative ones and back.
"""

from functools import cache, partial

import numpy as np
from numba import njit

from dynstudy.train.backends._cached import Cached
from dynstudy.train.backends._cpu_hessian import hessian_product, of_loss
from dynstudy.train.backends._cpu_kernel import _forward
from dynstudy.train.backends._registers import COMPILED
from dynstudy.train.curvature import MOST_PRODUCTS, Curvature
from dynstudy.train.ensemble import Floats

FIRST_LOOK = 5
"""Products before it is asked whether they are enough."""
NOTHING_LEFT = 1e-14
"""Of the largest eigenvalue: what the vectors so far span is invariant."""
CANCELLED = 0.1
"""What is left of a vector when it has to be made orthogonal once more (Kahan and Parlett)."""


@njit(**COMPILED)
def _unpack(vector, turn, units, bias):
    """A vector in orthonormal coordinates as a direction of parameters."""
    width, outputs = units.shape[1], bias.shape[0]
    for row in range(3):
        for h in range(width):
            units[row, h] = vector[row * width + h]
    for c in range(outputs):
        moved = 0.0
        for k in range(outputs):
            moved += turn[k, c] * vector[(3 + outputs) * width + k]
        bias[c, 0] = moved
        for h in range(width):
            moved = 0.0
            for k in range(outputs):
                moved += turn[k, c] * vector[(3 + k) * width + h]
            units[3 + c, h] = moved


@njit(**COMPILED)
def _pack(units, bias, turn, vector):
    """A gradient of parameters as a vector in orthonormal coordinates."""
    width, outputs = units.shape[1], bias.shape[0]
    for row in range(3):
        for h in range(width):
            vector[row * width + h] = units[row, h]
    for k in range(outputs):
        moved = 0.0
        for c in range(outputs):
            moved += turn[k, c] * bias[c, 0]
        vector[(3 + outputs) * width + k] = moved
        for h in range(width):
            moved = 0.0
            for c in range(outputs):
                moved += turn[k, c] * units[3 + c, h]
            vector[(3 + k) * width + h] = moved


@njit(**COMPILED)
def _inner(a, b):
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@njit(**COMPILED)
def _made_orthogonal(vector, basis, count):
    """Take off what lies along the first vectors of the basis, again where little is left.

    Returns:
        The length of what is left.
    """
    before = np.sqrt(_inner(vector, vector))
    while True:
        for j in range(count):
            along = _inner(vector, basis[j])
            for i in range(vector.size):
                vector[i] -= along * basis[j, i]
        after = np.sqrt(_inner(vector, vector))
        if after > CANCELLED * before or after == 0:
            return after
        before = after


@partial(Cached, nogil=True, **COMPILED)
def lanczos(
    units,  # (3 + K, H) as of the kernel
    bias,  # (K, 1)
    x,  # (2, P padded)
    one_hot,  # (C, P padded)
    kind,
    gamma,  # (C,) Γ(k), float64
    points,  # P
    turn,  # (K, K) from orthonormal to relative outputs
    basis,  # (M + 1, N) float64, its first vector where to start from; N = (3 + K) H + K
    tolerance,  # of a residual, in units of the eigenvalue that is largest in magnitude
    largest,  # how many of the largest
    smallest,  # and of the smallest
    values,  # (largest + smallest,) out, descending
    residuals,  # likewise, |Hv - λv|
    vectors,  # (largest + smallest, N) out, orthonormal, in orthonormal coordinates
    outputs,  # K zeros
    classes,  # C zeros
):
    """Lanczos with full reorthogonalisation; returns how many products it took, M at most."""
    f = np.empty((len(outputs), x.shape[1]), units.dtype)
    _forward(units, bias, x, f, outputs)
    derivatives = of_loss(f, one_hot, kind, gamma, points, outputs, classes)
    along, along_bias = np.empty_like(units), np.empty_like(bias)
    product, bias_product = np.empty_like(units), np.empty_like(bias)
    most = min(basis.shape[0] - 1, basis.shape[1])
    wanted = largest + smallest
    tridiagonal = np.zeros((most, most))
    basis[0] /= np.sqrt(_inner(basis[0], basis[0]))
    m, since = 0, 0  # products, and those of them after an invariant space was full
    while True:
        vector = basis[m + 1]
        _unpack(basis[m], turn, along, along_bias)
        hessian_product(units, along, along_bias, x, derivatives, product, bias_product, f, outputs)
        _pack(product, bias_product, turn, vector)
        tridiagonal[m, m] = _inner(vector, basis[m])
        left = _made_orthogonal(vector, basis, m + 1)
        m, since = m + 1, since + 1
        if m == most or since >= max(FIRST_LOOK, wanted):
            ritz, turned = np.linalg.eigh(tridiagonal[:m, :m].copy())
            scale, done = max(abs(ritz[0]), abs(ritz[-1])), True
            for i in range(min(wanted, m)):
                j = m - 1 - i if i < largest else wanted - 1 - i
                values[i], residuals[i] = ritz[j], left * abs(turned[m - 1, j])
                done = done and residuals[i] <= tolerance * scale
            if m == most or done:
                for i in range(min(wanted, m)):
                    j = m - 1 - i if i < largest else wanted - 1 - i
                    vectors[i] = 0
                    for k in range(m):
                        for n in range(vector.size):
                            vectors[i, n] += turned[k, j] * basis[k, n]
                return m
        if left <= NOTHING_LEFT * np.abs(tridiagonal[:m, :m]).max():
            for i in range(vector.size):  # an eigenvalue may be there more than once: begin anew
                vector[i] = np.sin((i + 1.0) * (m + 1))
            vector /= _made_orthogonal(vector, basis, m)
            since = 0
        else:
            tridiagonal[m - 1, m] = tridiagonal[m, m - 1] = left
            vector /= left


@cache
def orthonormal(outputs: int, classes: int) -> Floats:
    """(C, K) an orthonormal basis of the outputs that matter: all, or those that sum to 0."""
    if outputs == classes:
        return np.eye(classes)
    return np.linalg.qr(np.eye(classes) - 1 / classes)[0][:, :outputs]


def eigenpairs_at(
    parameters: tuple[Floats, Floats],
    training: tuple[Floats, Floats, int],
    kind: int | None,
    gamma: Floats,
    curvature: Curvature,
) -> tuple[Floats, Floats, Floats, int]:
    """Leading eigenpairs of one network's Hessian.

    Args:
        parameters: units (3 + K, H) and bias (K, 1), as the kernel has them.
        training: x (2, P padded), one_hot (C, P padded) and P.
        kind: which equation the loss is.
        gamma: (C,) Γ(k).
        curvature: which eigenvalues, and how well.

    Returns:
        Values (n,), residuals (n,), vectors (n, N) in orthonormal coordinates, and how many
        products they took.
    """
    (units, bias), (x, one_hot, points) = parameters, training
    K, C, real = len(bias), len(one_hot), units.dtype.type
    basis = orthonormal(K, C)
    size = units.size + K
    vectors_so_far = np.empty((min(MOST_PRODUCTS, size) + 1, size))
    vectors_so_far[0] = np.random.default_rng(0).normal(size=size)
    values, residuals = np.full((2, curvature.count), np.nan)
    vectors = np.zeros((curvature.count, size))
    products = lanczos(
        units,
        bias,
        x,
        one_hot,
        kind,
        gamma,
        points,
        np.ascontiguousarray((basis[:K] - (K < C) * basis[-1]).T),
        vectors_so_far,
        curvature.tolerance,
        curvature.largest,
        curvature.smallest,
        values,
        residuals,
        vectors,
        (real(0),) * K,
        (real(0),) * C,
    )
    return values, residuals, vectors, products
