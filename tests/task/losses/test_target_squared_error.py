"""The squared error of scaled targets beside its own gradient, 2 (f - Γ one-hot) / P."""

import numpy as np
import torch

from dynstudy.task.losses.target_squared_error import DMSE2


def test_its_gradient_is_the_difference_to_the_scaled_target(rng: np.random.Generator) -> None:
    f, y = rng.normal(0, 1, (7, 4)), rng.integers(0, 4, 7)
    gamma = np.array([2.0, 1.0, 0.5, 0.5])
    output = torch.tensor(f, requires_grad=True)
    DMSE2.weighted(output, torch.tensor(y), torch.tensor(gamma)).backward()
    expected = 2 * (f - gamma * np.eye(4)[y]) / 7
    assert output.grad is not None
    np.testing.assert_allclose(output.grad, expected, rtol=1e-12)


def test_the_scaled_target_is_what_costs_nothing() -> None:
    y, gamma = torch.tensor([0, 1]), torch.tensor([3.0, 0.5])
    target = gamma * torch.eye(2)[y]
    assert float(DMSE2.weighted(target, y, gamma)) == 0
    assert float(DMSE2.weighted(torch.eye(2), y, gamma)) == (4 + 0.25) / 2
