"""Uphill steps: both backends beside the losses written out, and episodes."""

import numpy as np
import pytest
import torch

from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train import Curvature, Ensemble, Parameters, train
from dynstudy.train.climbs import episodes
from tests.conftest import make_data
from tests.train.oracle import NAMES

CASES = {
    "mse": ([0.45, 0.05], 1.0, 2),
    "ce": ([20.0, 0.1], 1.0, 2),
    "dce": ([12.0, 0.5], 25.0, 60),
    "dmse1": ([0.6, 0.02], 5.0, 40),
    "dmse2": ([0.5, 0.02], 3.0, 40),
}
TAIL = 110


def naive(ensemble: Ensemble, network: int) -> list[bool]:
    """Whether each step raised the loss that it descends, by training in steps of one."""
    data = make_data(points=20, validation_points=3)
    x, y = torch.tensor(data.x[0]), torch.tensor(data.y)
    parts = Parameters.drawn(ensemble, 3)
    width = int(ensemble.width[network])
    W1, b1, W2, b2 = (torch.tensor(getattr(parts, name)[network]) for name in NAMES)
    tensors = [W1[:, :width], b1[:width], W2[:width], b2]

    def loss(tensors: list[torch.Tensor], gamma: torch.Tensor) -> torch.Tensor:
        W1, b1, W2, b2 = tensors
        return LOSSES[ensemble.loss].weighted(torch.relu(x @ W1 + b1) @ W2 + b2, y, gamma)

    climbed = []
    for step in range(ensemble.steps):
        gamma = torch.tensor(
            class_weights(
                step, 3, ensemble.amplitude, ensemble.period, ensemble.tail_start
            )[network]
        )  # fmt: skip
        tensors = [tensor.detach().requires_grad_() for tensor in tensors]
        before = loss(tensors, gamma)
        rate = float(ensemble.learning_rate[network])
        of_step = torch.autograd.grad(before, tensors)
        tensors = [t - rate * g for t, g in zip(tensors, of_step, strict=True)]
        climbed.append(bool(loss(tensors, gamma) > before))
    return climbed


@pytest.mark.parametrize("backend", ["autograd", "cpu"])
@pytest.mark.parametrize("name", CASES)
def test_uphill_steps_are_those_that_raise_their_own_loss(name: str, backend: str) -> None:
    rates, amplitude, period = CASES[name]
    static = not LOSSES[name].dynamical
    ensemble = Ensemble.of(
        name,
        150,
        width=[9, 5],
        learning_rate=rates,
        amplitude=amplitude,
        period=period,
        tail_start=0 if static else TAIL,
        dtype="float64",
    )
    data = make_data(points=20, validation_points=3)
    asked = Curvature(climbs=True)
    climbs = train(ensemble, data, backend=backend, checkpoints=[150], curvature=asked).climbs
    for b in range(2):
        expected = naive(ensemble, b)[: 149 if static else TAIL]
        assert climbs.steps[b] == len(expected)
        assert climbs.uphill[b] == sum(expected)
        assert climbs.episodes[b] == episodes(expected)
    assert climbs.share[0] > 0.05
    assert climbs.share[1] == 0


def test_episodes_are_three_or_more_with_gaps_of_ten_at_most() -> None:
    steps = np.zeros(100, bool)
    steps[[3, 13, 23]] = True
    assert episodes(steps) == 1
    steps[[60, 61]] = True
    assert episodes(steps) == 1
    steps[71] = True
    assert episodes(steps) == 2
    steps[[61, 71]], steps[72] = False, True  # too far from the one before
    assert episodes(steps) == 1
    assert episodes([]) == 0
