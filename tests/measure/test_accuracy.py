import numpy as np
import pytest
from scipy import stats

from dynstudy.measure.accuracy import accuracy, standard_error


def test_accuracy_is_the_share_of_points_classified_right() -> None:
    assert accuracy(np.array([10, 0, 5]), points=[10, 10, 10]) == pytest.approx(0.5)


def test_a_diverged_network_counts_as_chance() -> None:
    assert accuracy(np.array([-1, -1, -1, -1]), [10] * 4, diverged=True) == pytest.approx(0.25)


def test_standard_error_is_scipys(rng: np.random.Generator) -> None:
    values = rng.random(7)
    assert standard_error(values) == pytest.approx(stats.sem(values))
    assert np.isnan(standard_error(values[:1]))
