"""The squared error beside its own gradient, 2 Γ_y (f - one-hot) / P."""

import numpy as np
import torch

from dynstudy.task.losses.squared_error import DMSE1, MSE


def test_its_gradient_is_the_weighted_difference(rng: np.random.Generator) -> None:
    f, y = rng.normal(0, 1, (7, 4)), rng.integers(0, 4, 7)
    gamma = np.array([2.0, 1.0, 0.5, 0.5])
    output = torch.tensor(f, requires_grad=True)
    DMSE1.weighted(output, torch.tensor(y), torch.tensor(gamma)).backward()
    expected = 2 * gamma[y][:, None] * (f - np.eye(4)[y]) / 7
    assert output.grad is not None
    np.testing.assert_allclose(output.grad, expected, rtol=1e-12)


def test_what_is_right_costs_nothing_and_each_output_counts() -> None:
    assert MSE.of_points is not None
    y = np.array([0, 2])
    assert MSE.of_points(np.eye(3)[y], y).tolist() == [0, 0]
    assert MSE.of_points(np.zeros((2, 3)), y).tolist() == [1, 1]
    assert MSE.of_points(np.full((2, 3), 2.0), y).tolist() == [9, 9]
