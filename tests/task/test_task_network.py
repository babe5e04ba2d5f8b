"""Whatever a network is made of, it answers the same questions."""

import json

import numpy as np
import pytest

from dynstudy.task.network import Network
from dynstudy.task.own_network import OwnNetwork
from dynstudy.task.task_network import TaskNetwork
from tests.models import layers, normed

KINDS = [Network(depth=2, activation="tanh"), OwnNetwork.of(layers, 1), OwnNetwork.of(normed, 1)]


@pytest.fixture(params=KINDS, ids=str)
def network(request: pytest.FixtureRequest) -> TaskNetwork:
    kind: TaskNetwork = request.param
    return kind


def test_what_is_drawn_has_the_shapes_that_are_said(network: TaskNetwork) -> None:
    drawn = network.draw(3, 5, classes=3, features=2)
    assert {name: array.shape for name, array in drawn.items()} == network.shapes(5, 2, 3)
    assert {array.dtype for array in drawn.values()} == {np.dtype(float)}


def test_a_draw_follows_from_seed_and_width(network: TaskNetwork) -> None:
    first, again, other = (network.draw(seed, 5, 3, 2) for seed in (3, 3, 4))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_outputs_are_one_for_each_class(network: TaskNetwork) -> None:
    x = np.random.default_rng(0).normal(size=(7, 2))
    outputs = network.outputs(network.draw(3, 5, 3, 2), x, width=5, seed=3)
    assert outputs.shape == (7, 3)
    assert np.isfinite(outputs).all()


def test_what_a_key_is_of_can_be_written_down(network: TaskNetwork) -> None:
    assert json.loads(json.dumps(network.content())) == network.content() != {}
    assert network.drawn_by
