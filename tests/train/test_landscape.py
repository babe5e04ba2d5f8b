"""Slices of the loss about a network: eigenvectors of a dense Hessian, and the loss itself."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from dynstudy.arrays import Array
from dynstudy.errors import BackendError
from dynstudy.task.losses import LOSSES
from dynstudy.task.network import Network
from dynstudy.task.own_network import OwnNetwork
from dynstudy.task.schedule import class_weights
from dynstudy.train import Data, Ensemble, Parameters, train
from dynstudy.train.landscape import POINTS, POSITIONS, check_landscape, landscape_slices
from tests import models
from tests.conftest import make_data
from tests.train.oracle import NAMES, random_state
from tests.train.test_alternation import gradient_at
from tests.train.test_curvature import dense_hessian


def network(loss: str, **changes: object) -> Ensemble:
    schedule = {"amplitude": 30, "period": 20} if LOSSES[loss].dynamical else {}
    return replace(
        Ensemble.of(loss, 100, width=7, learning_rate=0.05, dtype="float64", **schedule), **changes
    )


def flat(parameters: Parameters) -> Array:
    return np.concatenate([getattr(parameters, name)[0].ravel() for name in NAMES])


def shaped(vector: Array, like: Parameters) -> Parameters:
    shapes = [getattr(like, name).shape for name in NAMES]
    parts = np.split(vector, np.cumsum([np.prod(shape) for shape in shapes])[:-1])
    return Parameters.of_layers(
        *(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    )


def loss_at(ensemble: Ensemble, data: Data, step: int, vector: Array, like: Parameters) -> float:
    W1, b1, W2, b2 = (torch.tensor(getattr(shaped(vector, like), name)[0]) for name in NAMES)
    schedule = ensemble.amplitude[0], ensemble.period[0], ensemble.tail_start[0]
    gamma = torch.tensor(class_weights(step, data.classes, *schedule))
    output = torch.relu(torch.tensor(data.x[0]) @ W1 + b1) @ W2 + b2
    return float(LOSSES[ensemble.loss].weighted(output, torch.tensor(data.y), gamma))


@pytest.mark.parametrize("loss", LOSSES)
def test_it_is_the_loss_along_the_leading_eigenvectors_and_where_descent_goes(
    loss: str, rng: np.random.Generator
) -> None:
    ensemble, data, step = network(loss), make_data(points=20, validation_points=3), 18
    here = random_state(rng, ensemble, 3)
    (drawn,) = landscape_slices(ensemble, data, {step: here})
    values, vectors = np.linalg.eigh(dense_hessian(ensemble, data, here, step, 0))
    np.testing.assert_allclose(drawn.eigenvalues, values[[-1, -2]], rtol=1e-8)
    positions = [flat(here)]
    for k in range(step, step + POSITIONS):  # over the switch of class at step 20
        gradient = gradient_at(ensemble, data, k, shaped(positions[-1], here))
        positions.append(positions[-1] - 0.05 * gradient)
    moved = np.array(positions) - positions[0]
    plane = []
    for i in range(2):
        v = vectors[:, -1 - i]
        v = v * np.sign(drawn.path[-1, i] * (moved[-1] @ v))  # which way it points is anybody's
        np.testing.assert_allclose(drawn.path[:, i], moved @ v, rtol=1e-6, atol=1e-8)
        plane.append(v)

    def losses(points: Array) -> list[float]:
        return [loss_at(ensemble, data, step, point, here) for point in points]

    np.testing.assert_allclose(drawn.path_losses, losses(np.array(positions)), rtol=1e-9)
    cut = flat(here) + drawn.along_1[:, None] * plane[0]
    np.testing.assert_allclose(drawn.cut, losses(cut), rtol=1e-6)
    for row in (0, 11):
        np.testing.assert_allclose(
            drawn.losses[row], losses(cut + drawn.along_2[row] * plane[1]), rtol=1e-6
        )


def test_all_slices_are_as_large_and_hold_all_positions(rng: np.random.Generator) -> None:
    ensemble, data = network("dmse2"), make_data(points=20, validation_points=3)
    starts = {step: random_state(rng, ensemble, 3) for step in (50, 0, 93)}
    drawn = landscape_slices(ensemble, data, starts)
    assert [each.step for each in drawn] == [0, 50, 93]
    assert [len(each.path) for each in drawn] == [21, 21, 8]  # training ends
    sides = [np.ptp(along) for each in drawn for along in (each.along_1, each.along_2)]
    np.testing.assert_allclose(sides, sides[0])
    spans = [np.ptp(each.path, axis=0).max() for each in drawn]
    assert sides[0] == pytest.approx(1.6 * max(spans))
    for each in drawn:
        assert each.losses.shape == (POINTS, POINTS)
        for along, there in zip((each.along_1, each.along_2), each.path.T, strict=True):
            assert along[0] < there.min() <= there.max() < along[-1]


def test_of_a_network_of_float32_it_is_in_float64(rng: np.random.Generator) -> None:
    ensemble, data = network("dce"), make_data(points=20, validation_points=3)
    state = random_state(rng, ensemble, 3)
    single = Parameters.of_layers(*(array.astype(np.float32) for array in state.arrays.values()))
    first, second = (
        landscape_slices(replace(ensemble, dtype=dtype), data, {0: single})[0]
        for dtype in ("float32", "float64")
    )
    np.testing.assert_array_equal(first.losses, second.losses)
    np.testing.assert_array_equal(first.path, second.path)


def test_where_nothing_is_finite_there_is_no_slice(rng: np.random.Generator) -> None:
    ensemble, data = network("mse"), make_data(points=20, validation_points=3)
    state = random_state(rng, ensemble, 3)
    state.W1[:] *= 1e200
    with pytest.raises(ValueError, match="the Hessian at step 5 has no two finite eigenvalues"):
        landscape_slices(ensemble, data, {5: state})


@pytest.mark.parametrize(("depth", "activation"), [(1, "tanh"), (2, "gelu")])
def test_layers_may_be_deep_and_of_any_activation(depth: int, activation: Any) -> None:
    layers = Network(depth=depth, activation=activation)
    ensemble, data = network("ce", network=layers), make_data(points=20, validation_points=3)
    traced = train(ensemble, data, checkpoints=[0], trace=True, backend="autograd")
    (drawn,) = landscape_slices(ensemble, data, {0: Parameters.drawn(ensemble, 3)})
    np.testing.assert_allclose(drawn.path_losses, traced.losses[0, : POSITIONS + 1], rtol=1e-9)


def test_of_modules_there_is_none() -> None:
    with pytest.raises(BackendError, match=r"drawn about layers, not about tests\.models:layers"):
        check_landscape(OwnNetwork.of(models.layers, 1))
