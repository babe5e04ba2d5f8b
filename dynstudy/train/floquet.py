"""The multiplier of a cycle of two steps, which tells where it doubles into one of four.

Beyond the edge of stability training goes to and fro between two walls of a valley. With J(k) =
I - ηH(k) the Jacobian of step k, what is a little beside such a cycle comes back after two steps
times M = J(k + 1) J(k): the cycle is stable while the eigenvalues of M, its Floquet multipliers,
lie in the unit circle, and period 4 comes where the most negative one passes -1. An eigenvalue of
one of the two Hessians says less: λ2 beyond 2/η on one wall is made up for by a smaller one on the
other. What curves on the kinks of ReLU is missed, as it is by any eigenvalue.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array
from dynstudy.train.ensemble import Data, Ensemble, Parameters
from dynstudy.train.readings import Readings

if TYPE_CHECKING:
    from dynstudy.train.backends._autograd_state import Block, State

BASIS = 10
"""Vectors of Arnoldi's method before it begins anew."""
TOLERANCE = 1e-4
"""Of a residual, in units of the multiplier."""

Product = Callable[[Array], Array]


def floquet_multiplier(first: Product, second: Product, learning_rate: float, size: int) -> complex:
    """Find the most negative multiplier of a cycle of two steps, by products with its Hessians.

    That is the eigenvalue of (I - η second)(I - η first) of smallest real part, by the implicitly
    restarted Arnoldi method (ARPACK). The product of two symmetric matrices is not symmetric, so
    its eigenvalues may be complex; most of them are near 1, which makes this one easy to find.

    Args:
        first: the Hessian before a step times a vector, (N,) to (N,).
        second: that before the next step.
        learning_rate: η.
        size: N, 4 at least.

    Returns:
        The multiplier, of a complex pair the one above the real axis; nan where a product is not
        finite, or nothing converges.

    >>> round(floquet_multiplier(lambda v: 3 * v, lambda v: 1.5 * v, 1.0, size=6).real, 3)
    1.0
    """
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

    def twice(vector: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            between = vector.ravel() - learning_rate * first(vector.ravel())
            return between - learning_rate * second(between)

    start = np.random.default_rng(0).normal(size=size)
    if not np.isfinite(twice(start)).all():
        return complex(np.nan, np.nan)
    jacobian = LinearOperator((size, size), matvec=twice, dtype=float)
    try:
        (value,) = eigs(
            jacobian,
            k=1,
            which="SR",
            v0=start,
            ncv=min(BASIS, size),
            tol=TOLERANCE,
            return_eigenvectors=False,
        )
    except ArpackError:
        return complex(np.nan, np.nan)
    return complex(value.real, abs(value.imag))


def multipliers(
    ensemble: Ensemble,
    data: Data,
    parameters: Parameters,
    step: int,
    running: NDArray[np.bool_] | None = None,
) -> NDArray[np.complex128]:
    """Find the most negative multiplier of each network, by automatic differentiation in float64.

    Args:
        ensemble: B networks.
        data: what they are trained on.
        parameters: theirs before step `step`.
        step: k; the next step is taken here.
        running: (B,) which of them are looked at; all, if None.

    Returns:
        (B,) as of `floquet_multiplier`; nan where nothing was looked at.

    Raises:
        BackendError: there is no PyTorch.
    """
    from dynstudy.train.backends import load

    start, _ = load("autograd")
    values = np.full(len(ensemble), complex(np.nan, np.nan))
    for b in np.flatnonzero(np.ones(len(ensemble), bool) if running is None else running):
        alone = slice(b, b + 1)
        network = replace(ensemble.part(alone), dtype="float64")
        unread = Readings.none(network, data.classes)
        state = cast("State", start(network, data, parameters.part(alone), unread))
        ((_, block),) = state
        values[b] = _multiplier(block, step)
    return values


def _multiplier(block: "Block", step: int) -> complex:
    """That of the one network of a block."""
    import torch

    from dynstudy.train.backends._autograd_curvature import hessian_products

    def product_at(there: "Block", step: int) -> tuple[Product, list[torch.Tensor]]:
        product, gradients = hessian_products(there, step)
        return lambda vector: product(torch.from_numpy(vector)[None])[0].numpy(), gradients

    first, gradients = product_at(block, step)
    moved = [
        tensor - block.rate * gradient  # of one network
        for tensor, gradient in zip(block.tensors, gradients, strict=True)
    ]
    second, _ = product_at(replace(block, tensors=moved), step + 1)
    size = sum(tensor.numel() for tensor in moved)
    return floquet_multiplier(first, second, float(block.rate), size)
