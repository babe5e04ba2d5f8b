"""PyTorch's own gradients: any device, any number of inputs."""

from typing import Any

import numpy as np
import pytest
import torch

from dynstudy.errors import BackendError
from dynstudy.task.losses import LOSSES
from dynstudy.task.network import Network
from dynstudy.task.schedule import class_weights
from dynstudy.train import Data, Ensemble, train
from dynstudy.train.backends._autograd_network import Layers
from tests.conftest import make_data
from tests.drawn_network import draw
from tests.forked import in_child


def test_a_device_that_is_not_there_is_named(data: Data) -> None:
    missing = "cuda" if not torch.cuda.is_available() else "cuda:99"
    ensemble = Ensemble.of("ce", 2, width=4, learning_rate=0.1)
    with pytest.raises(BackendError, match=rf"no device '{missing}'.*use --backend cpu"):
        train(ensemble, data, backend=f"autograd:{missing}", checkpoints=[2])


RATE, AMPLITUDE, PERIOD, STEPS = 0.3, 5, 4, 9


def points(features: int, rng: np.random.Generator) -> Data:
    y = np.arange(12) % 3
    return Data(rng.normal(size=(1, 12, features)), y, rng.normal(size=(12, features)), y)


def network(width: int = 5, **changes: Any) -> Ensemble:
    settings = {"learning_rate": RATE, "amplitude": AMPLITUDE, "period": PERIOD, "dtype": "float64"}
    return Ensemble.of("dce", STEPS, width=width, seed=7, **(settings | changes))


def naive(data: Data, width: int) -> list[np.ndarray]:
    """Gradient descent on equation 2, point after point, without any code of the engine."""
    W1, b1, W2, b2 = draw(7, width, 3, data.features)
    for step in range(STEPS):
        gamma = class_weights(step, 3, AMPLITUDE, PERIOD)
        gradients = [np.zeros_like(p) for p in (W1, b1, W2, b2)]
        for x, c in zip(data.x[0], data.y, strict=True):
            hidden = np.array([max(0.0, x @ W1[:, h] + b1[h]) for h in range(width)])
            exps = np.exp(hidden @ W2 + b2)
            delta = gamma[c] * (exps / exps.sum() - (np.arange(3) == c)) / len(data.y)
            back = (W2 @ delta) * (hidden > 0)
            of_point = np.outer(x, back), back, np.outer(hidden, delta), delta
            gradients = [g + more for g, more in zip(gradients, of_point, strict=True)]
        W1, b1, W2, b2 = (p - RATE * g for p, g in zip((W1, b1, W2, b2), gradients, strict=True))
    return [W1, b1, W2, b2]


@pytest.mark.parametrize("features", [1, 2, 3, 17])
def test_autograd_trains_any_number_of_inputs(features: int, rng: np.random.Generator) -> None:
    data = points(features, rng)
    outcome = train(network(), data, backend="autograd", checkpoints=[STEPS])
    expected = naive(data, 5)
    for trained, parameter in zip(outcome.parameters.arrays.values(), expected, strict=True):
        np.testing.assert_allclose(trained[0], parameter, rtol=1e-12, atol=1e-13)
    W1, b1, W2, b2 = expected
    right = (np.maximum(data.validation_x @ W1 + b1, 0) @ W2 + b2).argmax(1) == data.validation_y
    assert outcome.validation_correct[0, 0].sum() == right.sum()


@pytest.mark.gpu
@pytest.mark.parametrize("loss", LOSSES)
def test_autograd_on_a_card_is_autograd(loss: str) -> None:
    static = not LOSSES[loss].dynamical
    ensemble = Ensemble.of(
        loss,
        150,  # more than a piece
        width=[3, 20, 7, 7],
        learning_rate=[0.05, 0.1, 0.02, 1e9],  # the last one diverges
        amplitude=1.0 if static else [1.0, 3.0, 9.0, 3.0],
        period=[2, 9, 30, 10],
        tail_start=[0, 90, 150, 150],
        seed=[0, 1, 2, 3],
        dtype="float64",
    )
    arguments = {"checkpoints": [0, 1, 64, 90, 150], "trace": True}
    data = make_data(points=20, validation_points=15)
    ours, oracle = (
        train(ensemble, data, backend=backend, **arguments)  # type: ignore[arg-type]
        for backend in ("autograd:cuda", "autograd")
    )
    assert ours.device == torch.cuda.get_device_name()
    for name in ("W1", "b1", "W2", "b2"):
        a, b = getattr(ours.parameters, name)[:3], getattr(oracle.parameters, name)[:3]
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(ours.diverged_at, oracle.diverged_at)
    np.testing.assert_array_equal(ours.correct, oracle.correct)
    np.testing.assert_array_equal(ours.validation_correct, oracle.validation_correct)
    np.testing.assert_allclose(ours.losses[:3], oracle.losses[:3], rtol=1e-9)


def test_a_forked_child_trains_as_its_parent_did() -> None:
    """The threads of PyTorch's parent are not there, and it would wait for them for ever."""
    data, before = make_data(), torch.get_num_threads()
    ensemble = Ensemble.of("ce", 2, width=[300, 300], learning_rate=0.1)

    def trained() -> list[int]:
        outcome = train(ensemble, data, backend="autograd", checkpoints=[2])
        return outcome.validation_correct.ravel().tolist()

    torch.set_num_threads(2)
    try:
        assert trained() == in_child(trained)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_batched_layers_are_the_network_written_in_numpy(
    depth: int, activation: str, rng: np.random.Generator
) -> None:
    network = Network(depth=depth, activation=activation)  # type: ignore[arg-type]
    drawn = [network.draw(seed, 5, classes=3, features=4) for seed in (0, 1)]
    tensors = [
        torch.tensor(np.stack(pair)) for pair in zip(*(d.values() for d in drawn), strict=True)
    ]
    x = rng.normal(size=(2, 6, 4))
    of_each = Layers(network.activation).forward(tensors, torch.tensor(x)).numpy()
    of_all = Layers(network.activation).forward(tensors, torch.tensor(x[0])).numpy()
    for b, arrays in enumerate(drawn):
        np.testing.assert_allclose(of_each[b], network.outputs(arrays, x[b]), rtol=1e-12)
        np.testing.assert_allclose(of_all[b], network.outputs(arrays, x[0]), rtol=1e-12)
