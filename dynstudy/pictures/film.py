"""A way through atlases as frames: between two of them the picture is scaled into the part.

Each point of a frame is a network: that at this place in the part where it is there, else that of
the whole. The first frame is the whole, a point a pixel, and the last one the nearest part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dynstudy.analysis.zoom_path import Stretch
from dynstudy.arrays import Array

Frame = NDArray[np.float32]
WHOLE: Stretch = (0.0, 1.0)


@dataclass(frozen=True)
class Shot:
    """An atlas on the way, and where in the one before it is."""

    values: Array  # (rows, columns) of a measure, the lowest row first
    there: NDArray[np.bool_]  # (rows, columns) what the one before is not seen through
    right: Stretch = WHOLE  # of the one before, from where to where
    upwards: Stretch = WHOLE


def frames(
    shots: Sequence[Shot], per_zoom: int, *, enlarge: int = 1, smooth: bool = False
) -> Iterator[Frame]:
    """Yield the frames of a way, all of one size.

    Args:
        shots: the atlases, the widest first.
        per_zoom: frames from each to the next.
        enlarge: points to a side, of a pixel of the first.
        smooth: whether values between pixels are interpolated.

    Yields:
        (rows, columns) values, the lowest row first; nan where there is none.
    """
    rows, columns = shots[0].values.shape
    size = enlarge * rows, enlarge * columns
    yield _seen(shots[0].values, [WHOLE, WHOLE], size, smooth)
    for whole, part in pairwise(shots):
        for number in range(1, per_zoom + 1):
            share = number / per_zoom
            ends = [_view(of_part, share) for of_part in (part.right, part.upwards)]
            wide = _seen(whole.values, ends, size, smooth)
            inner = [
                ((left - low) / (high - low), (right - low) / (high - low))
                for (left, right), (low, high) in zip(ends, (part.right, part.upwards), strict=True)
            ]
            inside = _seen(part.there, inner, size, False) > 0
            yield np.where(inside, _seen(part.values, inner, size, smooth), wide)


def _view(part: Stretch, share: float) -> Stretch:
    """What is seen of the whole so far on the way to a part, at a rate that is always the same."""
    low, high = part
    length = (high - low) ** share
    fixed = low / (1 - (high - low)) if high - low < 1 else 0.0  # which stays where it is
    return fixed * (1 - length), fixed * (1 - length) + length


def _seen(
    values: NDArray[np.generic], ends: Sequence[Stretch], size: tuple[int, ...], smooth: bool
) -> Frame:
    """A part of an array, beyond which there is nan, scaled to a size (rows, columns)."""
    (left, right), (bottom, top) = ends
    rows, columns = values.shape
    image = Image.fromarray(values.astype(np.float32)).transform(
        (size[1], size[0]),
        Image.Transform.EXTENT,
        (left * columns, bottom * rows, right * columns, top * rows),
        Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST,
        fillcolor=np.nan,
    )
    return np.asarray(image)
