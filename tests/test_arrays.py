"""What is taken for whole numbers and for real ones."""

from typing import Any

import numpy as np
import pytest

from dynstudy.arrays import real_numbers, whole_numbers


@pytest.mark.parametrize("values", [7, [1, 2], np.uint8(3), np.array([4, 5], np.int32), []])
def test_whole_numbers_stay_what_they_are(values: Any) -> None:
    array = whole_numbers("seed", values)
    assert array.dtype == np.int64
    np.testing.assert_array_equal(array, values)


@pytest.mark.parametrize("values", [2.0, [1, 2.5], "3", True, [True, False], None, 1j])
def test_nothing_is_rounded_or_read_into_a_whole_number(values: Any) -> None:
    with pytest.raises(ValueError, match=r"^seed must be whole numbers, not "):
        whole_numbers("seed", values)


@pytest.mark.parametrize("values", [7, [1, 2.5], np.float32(0.5), np.array([4, 5], np.int32)])
def test_real_numbers_stay_what_they_are(values: Any) -> None:
    array = real_numbers("x", values)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, values)


@pytest.mark.parametrize("values", ["3", True, None, 1j, [1j, 2]])
def test_nothing_is_read_into_a_real_number(values: Any) -> None:
    with pytest.raises(ValueError, match=r"^x must be real numbers, not "):
        real_numbers("x", values)
