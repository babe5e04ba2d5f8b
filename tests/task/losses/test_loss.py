"""A loss as a value."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from dynstudy.task.losses import LOSSES, static_losses

Y = np.array([0, 2, 1, 0, 2, 2, 1])


def test_a_name_that_the_ledger_has_no_room_for_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 16 characters"):
        replace(LOSSES["dce"], name="d" * 17)


@pytest.fixture
def output(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, 2, (len(Y), 3))


def test_the_losses_are_their_equations_point_by_point(output: np.ndarray) -> None:
    def cross_entropy(f: list[float], y: int) -> float:
        return math.log(sum(math.exp(value) for value in f)) - f[y]

    def squares(f: list[float], y: int) -> float:
        return sum((value - (i == y)) ** 2 for i, value in enumerate(f))

    for name, equation in (("ce", cross_entropy), ("mse", squares)):
        expected = [
            np.mean([equation(f, y) for f, y in zip(output.tolist(), Y, strict=True) if y == c])
            for c in range(3)
        ]
        np.testing.assert_allclose(LOSSES[name].per_class(output, Y, 3), expected, rtol=1e-12)


@pytest.mark.parametrize("name", static_losses())
def test_weighted_by_the_sizes_of_classes_they_are_the_loss_that_is_trained(
    name: str, output: np.ndarray
) -> None:
    each = LOSSES[name].per_class(output, Y, 3)
    whole = LOSSES[name].weighted(
        torch.tensor(output), torch.tensor(Y), torch.ones(3, dtype=torch.float64)
    )
    assert each @ np.bincount(Y) / len(Y) == pytest.approx(float(whole), rel=1e-12)


def test_what_a_curve_shows_of_a_static_loss_is_not_a_dynamical_ones() -> None:
    assert all((LOSSES[name].of_points is None) == LOSSES[name].dynamical for name in LOSSES)
