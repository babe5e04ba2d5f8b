import hashlib

import numpy as np
import pytest
import scipy.stats
import torch

from dynstudy.task.network import Network
from tests.drawn_network import draw


def test_weights_have_the_glorot_variance_and_biases_are_small() -> None:
    width, classes = 400, 5
    drawn = [draw(seed, width, classes) for seed in range(40)]
    W1, b1, W2, b2 = (np.stack(parameter) for parameter in zip(*drawn, strict=True))
    # n draws estimate a standard deviation to a relative 1/sqrt(2n)
    for parameter, expected in (
        (W1, np.sqrt(2 / (2 + width))),
        (b1, 0.01),
        (W2, np.sqrt(2 / (width + classes))),
        (b2, 0.01),
    ):
        assert abs(parameter.std() / expected - 1) < 5 / np.sqrt(2 * parameter.size)
        assert abs(parameter.mean()) < 5 * expected / np.sqrt(parameter.size)


def test_the_draw_depends_on_seed_and_width_alone() -> None:
    for first, again in zip(draw(3, 20, 3), draw(3, 20, 3), strict=True):
        np.testing.assert_array_equal(first, again)
    assert not np.array_equal(draw(3, 20, 3)[0], draw(4, 20, 3)[0])
    # another width is another draw, not a longer one
    assert not np.array_equal(
        draw(3, 21, 3)[0][0, :20] * np.sqrt(23), draw(3, 20, 3)[0][0] * np.sqrt(22)
    )


def test_the_draw_of_two_inputs_is_pinned() -> None:
    """Changing it would change every network of every database."""
    drawn = np.concatenate([parameter.ravel() for parameter in draw(3, 20, 3)])
    assert hashlib.sha256(drawn.tobytes()).hexdigest() == (
        "adb62427ece2e88f5a469ff1370dcedb41675a75cf4bb80b39bdc8c6dd011d07"
    )


def test_inputs_are_counted_in_the_variance_of_the_first_layer() -> None:
    W1, b1, W2, b2 = draw(1, 300, 4, features=50)
    assert (W1.shape, b1.shape, W2.shape, b2.shape) == ((50, 300), (300,), (300, 4), (4,))
    assert abs(W1.std() / np.sqrt(2 / 350) - 1) < 5 / np.sqrt(2 * W1.size)


@pytest.mark.parametrize("how", ["glorot-normal", "glorot-uniform", "he-normal", "he-uniform"])
def test_an_initialisation_has_its_variance_in_every_layer(how: str) -> None:
    network = Network(depth=2, initialisation=how)
    drawn = network.draw(0, 300, classes=50, features=70)
    for layer, (fan_in, fan_out) in enumerate(((70, 300), (300, 300), (300, 50)), 1):
        expected = 2 / fan_in if how.startswith("he") else 2 / (fan_in + fan_out)
        assert abs(drawn[f"W{layer}"].var() / expected - 1) < 0.05
        bound = np.sqrt(3 * expected) if how.endswith("uniform") else np.inf
        assert abs(drawn[f"W{layer}"]).max() <= bound
        assert abs(drawn[f"b{layer}"].std() / 0.01 - 1) < 0.5


def test_pytorchs_initialisation_is_that_of_its_linear_layers() -> None:
    drawn = Network(initialisation="pytorch").draw(0, 400, classes=200, features=100)
    torch.manual_seed(0)
    for layer, theirs in ((1, torch.nn.Linear(100, 400)), (2, torch.nn.Linear(400, 200))):
        for name, parameter in (("W", theirs.weight), ("b", theirs.bias)):
            ours, expected = drawn[f"{name}{layer}"], parameter.detach().numpy()
            assert ours.size == expected.size
            assert scipy.stats.ks_2samp(ours.ravel(), expected.ravel()).pvalue > 1e-3


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
@pytest.mark.parametrize("depth", [1, 3])
def test_outputs_are_those_of_pytorchs_layers(activation: str, depth: int) -> None:
    network = Network(depth=depth, activation=activation)
    arrays = network.draw(5, 7, classes=4, features=3)
    assert {name: array.shape for name, array in arrays.items()} == network.shapes(7, 3, 4)
    x = np.random.default_rng(0).normal(size=(6, 3))
    between = {"relu": torch.nn.ReLU(), "tanh": torch.nn.Tanh(), "gelu": torch.nn.GELU()}
    output = torch.tensor(x)
    for layer in range(1, depth + 2):
        W, b = (torch.tensor(arrays[f"{kind}{layer}"]) for kind in "Wb")
        output = torch.nn.functional.linear(output, W.T, b)
        if layer <= depth:
            output = between[activation](output)
    np.testing.assert_allclose(network.outputs(arrays, x), output.numpy(), rtol=1e-12, atol=1e-14)


def test_what_was_always_so_is_no_content() -> None:
    assert Network().content() == {}
    assert Network().drawn_by == "glorot-normal, bias 0.01"
    deep = Network(depth=2, initialisation="he-normal")
    assert deep.content() == {"network": {"depth": 2, "activation": "relu"}}
    assert deep.drawn_by == "he-normal"
    assert str(deep) == "2 hidden layers of relu"
