"""The cross-entropy beside its own gradient, Γ (softmax - one-hot) / P."""

import numpy as np
import torch

from dynstudy.task.losses.cross_entropy import CE, DCE


def test_its_gradient_is_the_softmax_less_what_is_right(rng: np.random.Generator) -> None:
    f, y = rng.normal(0, 3, (7, 4)), rng.integers(0, 4, 7)
    gamma = np.array([2.0, 1.0, 0.5, 0.5])
    output = torch.tensor(f, requires_grad=True)
    DCE.weighted(output, torch.tensor(y), torch.tensor(gamma)).backward()
    softmax = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    expected = gamma[y][:, None] * (softmax - np.eye(4)[y]) / 7
    assert output.grad is not None
    np.testing.assert_allclose(output.grad, expected, rtol=1e-12, atol=1e-15)


def test_outputs_of_any_size_have_a_loss_and_its_mean_is_that_of_the_points() -> None:
    f, y = np.array([[1e4, 0.0, -1e4], [0.0, 1e4, 0.0]]), np.array([1, 1])
    assert CE.of_points is not None
    points = CE.of_points(f, y)
    np.testing.assert_allclose(points, [1e4, 0])
    ones = torch.ones(3, dtype=torch.float64)
    mean = CE.weighted(torch.tensor(f), torch.tensor(y), ones)
    assert float(mean) == points.mean()
