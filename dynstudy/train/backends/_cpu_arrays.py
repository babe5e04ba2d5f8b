"""Arrays as the kernel of the `cpu` backend is fast with: whole vectors, aligned with the cache."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dynstudy.train.backends._cpu_kernel import POINT_BLOCK

CACHE_LINE = 64  # bytes


def zeros(count: int, dtype: DTypeLike) -> tuple[Any, ...]:
    """As many, in a tuple: how the kernel is told, when it is compiled, how many there are."""
    return (np.dtype(dtype).type(0),) * count


def pad_points(array: NDArray[Any], fill: int) -> NDArray[Any]:
    """Pad the last axis, which runs over points, to whole vectors."""
    widths = [(0, 0)] * (array.ndim - 1) + [(0, -array.shape[-1] % POINT_BLOCK)]
    return aligned(np.pad(array, widths, constant_values=fill))


def aligned(array: NDArray[Any]) -> NDArray[Any]:
    """Copy to where a vector never straddles two cache lines, which costs up to a fifth."""
    memory = np.empty(array.nbytes + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[:] = array
    return copy
