"""The points of studies/long-tail.toml are what its first lines say."""

import numpy as np
from sklearn.datasets import load_digits

from tests.conftest import ROOT


def test_they_are_the_first_of_each_digit_tenfold_fewer_from_zeros_to_nines() -> None:
    pixels, digits = load_digits(return_X_y=True)
    first = [
        np.flatnonzero(digits == digit)[: round(174 / 10 ** (digit / 9))] for digit in range(10)
    ]
    rows = np.sort(np.concatenate(first))
    with np.load(ROOT / "studies" / "long-tail-digits.npz") as points:
        np.testing.assert_array_equal(points["x"], pixels[rows])
        np.testing.assert_array_equal(points["y"], digits[rows])
    assert (len(rows), (digits[rows] == 0).sum(), (digits[rows] == 9).sum()) == (710, 174, 17)
