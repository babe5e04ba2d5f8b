"""Arrays of numbers: their types, and what is taken for whole numbers and for real ones."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


def whole_numbers(name: str, values: ArrayLike) -> Ints:
    """Return values as integers; ValueError, by their name, for all that would change in that."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu" and array.size:
        raise ValueError(f"{name} must be whole numbers, not {_described(array)}")
    return array.astype(np.int64)


def real_numbers(name: str, values: ArrayLike) -> Array:
    """Return values as float64; ValueError, by their name, for text and complex numbers."""
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be real numbers, not {_described(array)}")
    return array.astype(np.float64)


def _described(array: np.ndarray) -> str:
    return f"{array.item()!r}" if array.size == 1 else f"{array.dtype}"
