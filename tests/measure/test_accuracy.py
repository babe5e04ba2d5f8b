import numpy as np
import pytest
from scipy import stats

from dynstudy.measure.accuracy import accuracy, balanced_accuracy, standard_error


def test_accuracy_is_the_share_of_points_classified_right() -> None:
    assert accuracy(np.array([10, 0, 5]), points=[10, 10, 10]) == pytest.approx(0.5)


def test_a_diverged_network_counts_as_chance() -> None:
    assert accuracy(np.array([-1, -1, -1, -1]), [10] * 4, diverged=True) == pytest.approx(0.25)


def test_standard_error_is_scipys(rng: np.random.Generator) -> None:
    values = rng.random(7)
    assert standard_error(values) == pytest.approx(stats.sem(values))
    assert np.isnan(standard_error(values[:1]))


def test_each_class_counts_alike_in_balanced_accuracy() -> None:
    """Answering the largest class for everything is worth as much as guessing."""
    points = [90, 9, 1]
    correct = np.array([[90, 0, 0], [45, 9, 0], [0, 0, 1], [90, 9, 1]])
    expected = [1 / 3, (0.5 + 1) / 3, 1 / 3, 1.0]
    np.testing.assert_allclose(balanced_accuracy(correct, points), expected)
    np.testing.assert_allclose(accuracy(correct, points), [0.9, 0.54, 0.01, 1.0])
    diverged = balanced_accuracy(correct, points, diverged=[False, True, True, False])
    np.testing.assert_allclose(diverged, [1 / 3, 1 / 3, 1 / 3, 1.0])
