"""What the `cpu` backend reads of one network at an onset: λ1, and a difference along its vector.

The Hessian, with ReLU'' = 0, misses the curvature that sits on the kinks of ReLU; the difference of
the gradients on both sides, ε along v1 from the parameters, has it.
"""

from functools import partial

import numpy as np

from dynstudy.train.backends._cached import Cached
from dynstudy.train.backends._cpu_arrays import zeros
from dynstudy.train.backends._cpu_hessian import of_loss
from dynstudy.train.backends._cpu_kernel import _backward, _forward
from dynstudy.train.backends._cpu_lanczos import _inner, _pack, _unpack, eigenpairs_at
from dynstudy.train.backends._registers import COMPILED
from dynstudy.train.curvature import AT_ONSET, DIFFERENCE
from dynstudy.train.ensemble import Floats


@partial(Cached, nogil=True, **COMPILED)
def gradient_along(
    units,  # (F + 1 + K, H) as of the kernel
    bias,  # (K, 1)
    x,  # (F, P padded)
    one_hot,  # (C, P padded)
    points,  # P
    kind,
    gamma,  # (C,) Γ(k), float64
    vector,  # (N,) float64, as of the solver
    distance,
    inputs,  # F zeros
    outputs,  # K zeros
    classes,  # C zeros
):
    """∇F(θ + distance · vector) · vector."""
    real, width = units.dtype.type, units.shape[1]
    there, bias_there = np.empty_like(units), np.empty_like(bias)
    _unpack(vector, there, bias_there, classes)
    for row in range(units.shape[0]):
        for h in range(width):
            there[row, h] = units[row, h] + real(distance) * there[row, h]
    for c in range(len(outputs)):
        bias_there[c, 0] = bias[c, 0] + real(distance) * bias_there[c, 0]
    f = np.empty((len(outputs), x.shape[1]), units.dtype)
    _forward(there, bias_there, x, f, inputs, outputs)
    delta, _, _ = of_loss(f, one_hot, kind, gamma, points, outputs, classes)
    gradient = np.empty((units.shape[0], width + 1), units.dtype)
    sizes = (inputs, outputs, classes)
    _backward(there, bias_there, x, delta, real(0), None, None, gradient, *sizes)  # a step of 0
    packed = np.empty_like(vector)
    _pack(gradient[:, :width], gradient[len(inputs) + 1 :, width:], classes, packed)
    return _inner(packed, vector)


def curvature_at_onset(
    parameters: tuple[Floats, Floats],
    training: tuple[Floats, Floats, int],
    kind: int | None,
    gamma: Floats,
) -> tuple[float, float]:
    """Return λ1 of a network, and the finite difference along v1; arguments as `eigenpairs_at`."""
    values, _, vectors, _ = eigenpairs_at(parameters, training, kind, gamma, AT_ONSET)
    (_, bias), (x, one_hot, _) = parameters, training
    sizes = [zeros(len(each), bias.dtype) for each in (x, bias, one_hot)]
    ahead, behind = (
        gradient_along(*parameters, *training, kind, gamma, vectors[0], distance, *sizes)
        for distance in (DIFFERENCE, -DIFFERENCE)
    )
    return values[0], (ahead - behind) / (2 * DIFFERENCE)
