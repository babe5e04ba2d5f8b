"""Points to train on and to validate on, and features on one scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.task.data.split import split, standardised, validation_counts

SIZES = st.lists(st.integers(2, 30), min_size=2, max_size=5)


@given(SIZES, st.floats(0.001, 0.999), st.integers(0, 2**32 - 1))
def test_each_class_is_on_both_sides_and_no_point_on_two(
    sizes: list[int], share: float, seed: int
) -> None:
    y = np.repeat(np.arange(len(sizes)), sizes)
    counts = validation_counts(np.array(sizes), share)
    train, validation = split(y, counts, seed)
    assert sorted([*train, *validation]) == list(range(len(y)))
    assert np.bincount(y[validation]).tolist() == counts.tolist()
    assert (np.bincount(y[train]) >= 1).all()
    assert (np.diff(train) > 0).all()
    for count, size in zip(counts, sizes, strict=True):
        assert abs(count - share * size) <= 0.5 or count in {1, size - 1}


def test_the_draw_is_uniform_and_of_the_seed_alone() -> None:
    y = np.repeat([0, 1], [10, 40])
    counts = validation_counts(np.array([10, 40]), 0.3)
    drawn = np.zeros(50)
    for seed in range(2000):
        drawn[split(y, counts, seed)[1]] += 1
    assert np.abs(drawn / 2000 - 0.3).max() < 0.05  # five standard errors
    (_, first), (_, again), (_, other) = (split(y, counts, seed) for seed in (7, 7, 8))
    assert first.tolist() == again.tolist() != other.tolist()


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-200, 1e-3, 1.0, 1e30]))
def test_training_points_have_mean_0_and_deviation_1(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x, other = scale * rng.normal(3, 2, (20, 4)), scale * rng.normal(3, 2, (5, 4))
    mine, others = standardised(x, other)
    np.testing.assert_allclose(mine.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(mine.std(0), 1, rtol=1e-12)
    slope = (mine[1] - mine[0]) / ((x[1] - x[0]) / scale)
    np.testing.assert_allclose(others - mine[0], (other - x[0]) / scale * slope, atol=1e-10)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, -1e30])
def test_a_constant_feature_is_0_wherever_it_is_not(value: float) -> None:
    x = np.column_stack([np.full(7, value), np.arange(7)])
    mine, others = standardised(x, np.array([[9.0, 3.0]]))
    assert mine[:, 0].tolist() == [0.0] * 7
    assert others.tolist() == [[0.0, 0.0]]


def test_what_is_far_beyond_all_training_points_stays_finite() -> None:
    _, others = standardised(np.array([[0.0], [1e-310]]), np.array([[1e30]]))
    assert np.isfinite(np.float32(others)).all()
