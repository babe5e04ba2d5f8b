"""Gradients by hand are PyTorch's, of any depth, and so is the curvature of deep networks."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dynstudy.task.losses import LOSSES
from dynstudy.task.network import Network
from dynstudy.task.optimiser import SGD
from dynstudy.train import Curvature, Data, Ensemble, Parameters, train
from dynstudy.train.backends import load
from dynstudy.train.backends._autograd_gradients import by_autograd, by_hand
from dynstudy.train.backends._autograd_losses import differentiated
from dynstudy.train.backends._autograd_network import Layers
from dynstudy.train.readings import Readings
from tests.conftest import make_data

ACTIVATIONS = ["relu", "tanh", "gelu"]


def random_task(features: int, sets: int, depth: int) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Two networks of 5 units, points (sets, F, P), one-hot classes and weights."""
    generator = torch.Generator().manual_seed(features + depth)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    shapes = Network(depth=depth).shapes(5, features, 3).values()
    y = torch.randint(3, (sets, 11), generator=generator)
    hot = torch.nn.functional.one_hot(y, 3).mT.double()
    return [random(2, *shape) for shape in shapes], (
        random(sets, features, 11),
        hot,
        random(2, 3).abs(),
    )


@pytest.mark.parametrize("written_out", [False, True])
@pytest.mark.parametrize(("features", "sets"), [(1, 1), (2, 2), (8, 1), (9, 1), (9, 2)])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_by_hand_are_those_of_automatic_differentiation(
    loss: str, depth: int, features: int, sets: int, written_out: bool
) -> None:
    for activation in ACTIVATIONS:
        network = Layers(activation)
        tensors, given = random_task(features, sets, depth)
        losses, gradients = by_hand(network, differentiated(LOSSES[loss]), written_out)(
            tensors, *given
        )
        expected_losses, expected = by_autograd(network, LOSSES[loss])(tensors, *given)
        torch.testing.assert_close(losses, expected_losses, rtol=1e-12, atol=1e-14)
        for ours, theirs in zip(gradients, expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_deep_network_is_read_and_its_eigenvalues_are_those_of_the_whole_hessian(
    activation: Any,
) -> None:
    network, data = Network(depth=2, activation=activation), make_data(points=6)
    ensemble = Ensemble.of(
        "dce",
        4,
        width=[3, 4],
        learning_rate=0.1,
        amplitude=5,
        period=4,
        dtype="float64",
        network=network,
    )
    curvature = Curvature((3,), largest=2, smallest=1, tolerance=1e-9)
    arguments = {"backend": "autograd", "checkpoints": [3]}
    outcome = train(ensemble, data, curvature=curvature, **arguments)  # type: ignore[arg-type]
    there = train(
        Ensemble(**(vars(ensemble) | {"steps": 3})),
        data,
        **arguments,  # type: ignore[arg-type]
    ).parameters
    for b, width in enumerate((3, 4)):
        shapes = network.shapes(width, 2, 3)
        arrays = {
            name: torch.tensor(there.arrays[name][(b, *map(slice, shape))])
            for name, shape in shapes.items()
        }
        sizes = [array.numel() for array in arrays.values()]
        weights = torch.tensor(ensemble.class_weights(3, 3)[b])

        def loss(
            flat: Tensor, shapes: Any = shapes, sizes: Any = sizes, w: Any = weights
        ) -> Tensor:
            parts = [
                part.reshape(1, *shape)
                for part, shape in zip(flat.split(sizes), shapes.values(), strict=True)
            ]
            output = Layers(activation).forward(parts, torch.tensor(data.x[0]))
            return LOSSES["dce"].weighted(output, torch.tensor(data.y), w[None])[0]

        flat = torch.cat([array.flatten() for array in arrays.values()])
        values = torch.linalg.eigvalsh(torch.func.hessian(loss)(flat)).numpy()
        np.testing.assert_allclose(
            outcome.spectra.values[b, 0], [*values[:-3:-1], values[0]], rtol=1e-7
        )
        for counts, x, y in (
            (outcome.correct, data.x[0], data.y),
            (outcome.validation_correct, data.validation_x, data.validation_y),
        ):
            numbers = {name: array.numpy() for name, array in arrays.items()}
            right = network.outputs(numbers, x).argmax(1) == y
            assert counts[b, 0].sum() == right.sum()


def test_each_training_set_is_read_on_its_own_validation_set(rng: np.random.Generator) -> None:
    y = np.repeat(np.arange(3), 4)
    x, validation_x = rng.normal(size=(2, 2, 12, 5))
    data = Data(x, y, validation_x, y)
    ensemble = Ensemble.of(
        "dce",
        5,
        width=4,
        learning_rate=0.1,
        seed=[0, 1, 2],
        training_set=[1, 0, 1],
        dtype="float64",
    )
    outcome = train(ensemble, data, backend="autograd", checkpoints=[5])
    for b, number in enumerate((1, 0, 1)):
        of_one = {name: array[b] for name, array in outcome.parameters.arrays.items()}
        for counts, points in ((outcome.correct, x), (outcome.validation_correct, validation_x)):
            right = Network().outputs(of_one, points[number]).argmax(1) == y
            assert counts[b, 0].tolist() == np.bincount(y[right], minlength=3).tolist()


@pytest.mark.parametrize("batch", ["full", 5])
def test_points_lie_next_to_each_other_in_memory(batch: int | str) -> None:
    """Or what is vectorised over them is no faster than one point after the other."""
    ensemble = Ensemble.of(
        "dce", 4, width=3, learning_rate=0.1, optimiser=SGD(batch=batch), training_set=[0, 1, 0]
    )
    data = make_data(points=6)
    two = Data(np.concatenate([data.x, data.x]), data.y, data.validation_x, data.validation_y)
    start, _ = load("autograd")
    for networks in (ensemble, ensemble.part(slice(1))):
        initial, unread = Parameters.drawn(networks, 3), Readings.none(networks, 3)
        for _, block in start(networks, two, initial, unread):  # type: ignore[attr-defined]
            assert {each.stride(2) for step in range(4) for each in block.points(step)} == {1}
