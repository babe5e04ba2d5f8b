"""The loss about a network, along the leading eigenvectors of its Hessian.

It is for pictures: PyTorch in float64, whatever trained the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from math import prod
from typing import cast

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array
from dynstudy.errors import NEEDS_TORCH, BackendError
from dynstudy.measure.landscape import LandscapeSlice
from dynstudy.task.losses import LOSSES
from dynstudy.task.network import Network
from dynstudy.task.task_network import TaskNetwork
from dynstudy.train.backends import eigenpairs_of, load
from dynstudy.train.curvature import Curvature
from dynstudy.train.ensemble import Data, Ensemble, Parameters
from dynstudy.train.readings import Readings

POSITIONS = 20
"""Steps that are followed."""
POINTS = 31
"""Of the slice along either vector."""
MARGIN = 0.3
"""Of what the positions span, beyond them at each end."""
TOLERANCE = 1e-8
AT_ONCE = 20_000_000
"""Numbers of hidden units that are in memory at once."""


def check_landscape(network: TaskNetwork) -> None:
    """Find out before anything is trained that there can be none: a `BackendError`."""
    if not isinstance(network, Network):
        raise BackendError(f"a landscape is drawn about layers, not about {network}")
    if find_spec("torch") is None:
        raise BackendError(f"the landscape about a network {NEEDS_TORCH}")


@dataclass(frozen=True)
class _Walk:
    """A network before a step, and after the next ones."""

    step: int
    eigenvalues: Array  # (2,)
    plane: Array  # (2, N) v1 and v2
    positions: Array  # (J + 1, N)

    @property
    def path(self) -> Array:
        """(J + 1, 2)."""
        return (self.positions - self.positions[0]) @ self.plane.T

    @property
    def reach(self) -> float:
        """Half of what a slice covers that shows all of the path."""
        return float((0.5 + MARGIN) * np.ptp(self.path, axis=0).max())


def landscape_slices(
    ensemble: Ensemble, data: Data, starts: Mapping[int, Parameters]
) -> list[LandscapeSlice]:
    """Return the loss about a network at some steps, and where it goes next.

    All slices reach as far along v1 as along v2, and as far as the widest needs, so that they can
    be compared.

    Args:
        ensemble: one network.
        data: what it is trained on.
        starts: by step k where it is before that; the positions are those after the steps from k to
            k + 19, as far as it is trained.

    Returns:
        The slices along v1 and v2, and the positions in them, in order of the steps.

    Raises:
        ValueError: its Hessian has no two eigenvalues there, since something is not finite.
    """
    double = replace(ensemble, dtype="float64")
    walks = [_walk(double, data, starts[step], step) for step in sorted(starts)]
    reach = max(walk.reach for walk in walks) or 1e-6
    return [_slice(double, data, walk, reach) for walk in walks]


def _walk(ensemble: Ensemble, data: Data, parameters: Parameters, step: int) -> _Walk:
    start, advance = load("autograd")
    find = eigenpairs_of("autograd")
    assert find is not None
    unread = Readings.none(ensemble, data.classes)
    state = start(ensemble, data, parameters, unread)
    pairs = find(state, step, Curvature((step,), tolerance=TOLERANCE))
    if not np.isfinite(pairs.values).all():
        raise ValueError(f"the Hessian at step {step} has no two finite eigenvalues")
    plane = _flat(*(array[0] for array in pairs.vectors.arrays.values()))
    positions = [_of(state.parameters())]
    for following in range(step, min(step + POSITIONS, ensemble.steps)):
        advance(state, following, 1)
        positions.append(_of(state.parameters()))
    return _Walk(step, pairs.values[0], plane, np.concatenate(positions))


def _slice(ensemble: Ensemble, data: Data, walk: _Walk, reach: float) -> LandscapeSlice:
    here, path = walk.positions[0], walk.path
    middles = (path.min(0) + path.max(0)) / 2
    along_1, along_2 = (middle + np.linspace(-reach, reach, POINTS) for middle in middles)
    v1, v2 = walk.plane
    line = here + along_1[:, None] * v1

    def losses(vectors: Array) -> Array:
        return _losses(vectors, ensemble, data, walk.step)

    # a row at a time: the vectors of a whole plane of wide networks would not fit into memory
    plane = np.array([losses(line + b * v2) for b in along_2])
    cut, on_path = losses(line), losses(walk.positions)
    return LandscapeSlice(walk.step, walk.eigenvalues, along_1, along_2, plane, cut, path, on_path)


def _of(parameters: Parameters) -> Array:
    """A network as a vector, (1, N)."""
    return _flat(*parameters.arrays.values())


def _flat(*arrays: NDArray[np.floating]) -> Array:
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1).astype(float)


def _losses(vectors: Array, ensemble: Ensemble, data: Data, step: int) -> Array:
    """F_k of networks that are vectors (n, N), in float64: (n,)."""
    import torch

    from dynstudy.train.backends._autograd_network import Layers

    gamma = torch.tensor(ensemble.class_weights(step, data.classes)[0])
    x, y = torch.tensor(data.x[ensemble.training_set[0]]), torch.tensor(data.y)
    F, C, width = data.features, data.classes, int(ensemble.width[0])
    network = cast(Network, ensemble.network)
    layers, shapes = Layers(network.activation), network.shapes(width, F, C).values()
    several = max(1, AT_ONCE // (len(y) * width * network.depth))
    losses = []
    for first in range(0, len(vectors), several):
        part = torch.tensor(vectors[first : first + several])
        parts = zip(torch.split(part, list(map(prod, shapes)), 1), shapes, strict=True)
        output = layers.forward([each.reshape(-1, *shape) for each, shape in parts], x)
        weights = gamma.expand(len(part), C)
        losses.append(LOSSES[ensemble.loss].weighted(output, y, weights).numpy())
    return np.concatenate(losses)
