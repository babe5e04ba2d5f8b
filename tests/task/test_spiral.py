import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.task.spiral import replicate_data_seed, spiral
from tests.conftest import DATA


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("*.npz")))
def test_seed_0_equals_the_authors_training_set_bit_for_bit(name: str) -> None:
    reference = np.load(DATA / f"{name}.npz")
    x, y = spiral(100, 3, turns=2.0, noise=0.2, seed=0)
    assert x.tobytes() == reference["X"].tobytes()
    np.testing.assert_array_equal(y, reference["y"])


def test_without_noise_an_arm_is_its_neighbour_turned_by_a_full_angle_over_the_classes() -> None:
    x, y = spiral(50, 4, turns=1.5, noise=0.0, seed=7)
    quarter = np.array([[0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_allclose(x[y == 0] @ quarter, x[y == 1], atol=1e-15)
    np.testing.assert_allclose(np.hypot(*x[y == 2].T), np.linspace(0, 1, 50), atol=1e-15)


def test_seeds_give_different_noise() -> None:
    assert not np.array_equal(spiral(10, 3, 2.0, 0.2, 0)[0], spiral(10, 3, 2.0, 0.2, 1)[0])


@given(st.integers(0, 100_000))
def test_a_replicates_own_data_is_neither_the_validation_set_nor_another_replicates(
    seed: int,
) -> None:
    data_seed = replicate_data_seed(seed)
    assert 0 <= data_seed < 2**32
    assert data_seed not in {0, 1, replicate_data_seed(seed + 1)}
