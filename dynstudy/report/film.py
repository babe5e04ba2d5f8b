"""A way through atlases as a film."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from dynstudy.analysis.atlas import Atlas
from dynstudy.analysis.zoom_path import Stretch, shares
from dynstudy.pictures.atlas_layers import Layer, colours_of, image_of
from dynstudy.pictures.film import WHOLE, Shot, frames
from dynstudy.report.film_file import write_film


def film(
    atlases: Sequence[Atlas],
    measure: str,
    path: Path,
    *,
    fps: int,
    seconds: float,
    enlarge: int = 1,
    smooth: bool = False,
    report: Callable[[str, int, int], None] = lambda *_: None,
) -> list[str]:
    """Write a film of a measure.

    Args:
        atlases: each a part of the one before, from `read_zooms`.
        measure: ``gain``, or a measure that the atlases have.
        path: from `film_file`.
        fps: frames a second.
        seconds: from each atlas to the next.
        enlarge: points to a side, of a pixel of the first atlas.
        smooth: whether values between pixels are interpolated.
        report: called with what is done now, how much of it is, and how much there is.

    Returns:
        What one has to know to read it.

    Raises:
        DynstudyError: an atlas has no such measure, or the film cannot be written.
    """
    layers = [Layer.of(atlas, measure) for atlas in atlases]
    low, high = colours_of(measure, [layer.values for layer in layers])
    colours = replace(layers[0], low=low, high=high)
    ways = [(WHOLE, WHOLE), *(shares(whole, part) for whole, part in pairwise(atlases))]
    shots = [
        _shot(atlas, layer, *way) for atlas, layer, way in zip(atlases, layers, ways, strict=True)
    ]
    per_zoom = max(1, math.floor(fps * seconds + 0.5))
    total = per_zoom * (len(shots) - 1) + 1

    def images() -> Iterator[Image.Image]:
        drawn = frames(shots, per_zoom, enlarge=enlarge, smooth=smooth)
        for number, frame in enumerate(drawn):
            report("frames", number, total)
            yield image_of(frame[::-1], colours)

    write_film(path, images(), fps)
    rows, columns = (enlarge * side for side in shots[0].values.shape)
    notes = [
        f"{colours.title}: colours from {low:.3g} to {high:.3g}; {total} frames of "
        f"{columns} x {rows}: {' > '.join(atlas.spec.name for atlas in atlases)}"
    ]
    missing = {atlas.spec.name: int((~atlas.recorded).sum()) for atlas in atlases}
    notes += [
        f"{name}: {count} pixels are not trained yet" for name, count in missing.items() if count
    ]
    return notes


def _shot(atlas: Atlas, layer: Layer, right: Stretch, upwards: Stretch) -> Shot:
    """An atlas in which coarse pixels stand for their neighbourhoods."""
    there = np.isfinite(atlas.whole(atlas.recorded.astype(float)))
    return Shot(atlas.whole(layer.values), there, right, upwards)
