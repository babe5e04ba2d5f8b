"""Eigenpairs of the networks of a backend that has no products of its own, by `autograd`'s."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array, Ints
from dynstudy.train.backends import autograd
from dynstudy.train.backends._autograd_curvature import at_onset
from dynstudy.train.backends._autograd_state import State
from dynstudy.train.curvature import Curvature, Eigenpairs
from dynstudy.train.ensemble import Data, Ensemble, Parameters
from dynstudy.train.readings import Readings

AT_A_TIME = 256
"""Networks, so that the vectors of them all have room: up to 200 for each, in float64."""


def eigenpairs_by_autograd(
    ensemble: Ensemble,
    data: Data,
    parameters: Parameters,
    running: NDArray[np.bool_],
    step: int | Ints,
    curvature: Curvature,
    device: str = "cpu",
) -> Eigenpairs:
    """Leading eigenpairs of Hessians, of networks with these parameters that run.

    Args:
        ensemble: the networks.
        data: what they are trained on.
        parameters: where they are.
        running: (B,) of which networks they are wanted.
        step: before which step of the schedule, of all or of each (B,).
        curvature: which, and how well.
        device: of PyTorch.

    Returns:
        Those of all networks, nan for the others.
    """
    shape = len(ensemble), curvature.count
    values, residuals = np.full((2, *shape), np.nan)
    vectors = Parameters({
        name: np.zeros((*shape, *each.shape[1:])) for name, each in parameters.arrays.items()
    })
    products, steps = np.zeros(len(ensemble), int), np.broadcast_to(step, len(ensemble))
    for members, there in _few(ensemble, data, parameters, np.flatnonzero(running), device):
        pairs = autograd.eigenpairs(there, steps[members], curvature)
        values[members], residuals[members] = pairs.values, pairs.residuals
        products[members] = pairs.products
        for name, of_all in vectors.arrays.items():
            part = pairs.vectors.arrays[name]  # as wide as the widest of these
            there_in: Any = (members, *map(slice, part.shape[1:]))
            of_all[there_in] = part
    return Eigenpairs(values, residuals, vectors, products)


def curvature_at_onsets(
    ensemble: Ensemble, data: Data, parameters: Parameters, steps: Ints, device: str
) -> tuple[Array, Array]:
    """Return λ1 (B,) of networks with these parameters before steps (B,), and differences along v1.

    As `Instabilities` has both.
    """
    values, differences = np.empty((2, len(ensemble)))
    for members, there in _few(ensemble, data, parameters, np.arange(len(ensemble)), device):
        for part, block in there:
            of_block = members[part]
            values[of_block], differences[of_block] = at_onset(block, steps[of_block])
    return values, differences


def _few(
    ensemble: Ensemble, data: Data, parameters: Parameters, networks: Ints, device: str
) -> Iterator[tuple[Ints, State]]:
    """Some of the networks at a time, and `autograd`'s state of them."""
    for first in range(0, len(networks), AT_A_TIME):
        members = networks[first : first + AT_A_TIME]
        part = ensemble.part(members)
        unread = Readings.none(part, data.classes)
        yield members, autograd.start(part, data, parameters.part(members), unread, device)
