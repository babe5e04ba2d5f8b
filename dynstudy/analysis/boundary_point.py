"""A point of an atlas's boundary that a zoom goes into.

Lone pixels on the wrong side are boundary, too, but a zoom into one of them soon sees nothing else
of it. So the point lies where both sides have a good part of the pixels around it.
"""

import numpy as np
from scipy.ndimage import uniform_filter

from dynstudy.analysis.atlas_dimension import PixelBoundary
from dynstudy.analysis.atlas_edges import value_at
from dynstudy.errors import DynstudyError

AROUND = 1 / 8
"""Of the picture's sides: how much of it is around a point."""

GOOD_PART = 1 / 4
"""Of the pixels around a point, that each side has at least."""


def boundary_point(boundary: PixelBoundary) -> dict[str, float]:
    """Return where between two unlike neighbours the boundary is nearest the picture's middle.

    Both sides have a quarter of the pixels around it, or it is where they come nearest to halves.

    Returns:
        A value for each axis.

    Raises:
        DynstudyError: all pixels are on one side.
    """
    inside, spec = boundary.inside, boundary.spec
    rows, columns = np.concatenate([
        np.add(np.nonzero(inside[1:] != inside[:-1]), [[1.0], [0.5]]),
        np.add(np.nonzero(inside[:, 1:] != inside[:, :-1]), [[0.5], [1.0]]),
    ], axis=1)  # fmt: skip
    if not len(rows):
        raise DynstudyError(
            f"{spec.name}: all its pixels are on one side of {boundary.of}, so that there is no "
            "boundary to zoom into; --to takes a point, as in amplitude=100"
        )
    sides = np.array(inside.shape)
    around = np.maximum(3, np.round(sides * AROUND)).astype(int)
    share = uniform_filter(inside.astype(float), around.tolist(), mode="nearest")
    uneven = np.abs(share[rows.astype(int), columns.astype(int)] - 0.5)
    off_middle = np.hypot(*(np.array([rows, columns]) / sides[:, None] - 0.5))
    nearest = np.lexsort((off_middle, np.maximum(uneven, 0.5 - GOOD_PART)))[0]
    at = columns[nearest], rows[nearest]
    return {axis.name: value_at(axis, float(to)) for axis, to in zip(spec.axes, at, strict=True)}
