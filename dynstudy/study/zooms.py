"""A zoom: a part of an atlas as an atlas, of the same kind of networks and of as many pixels."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, cast

import numpy as np

from dynstudy.errors import SpecError
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.pixel_axes import DIGITS, PixelAxis
from dynstudy.study.spec import StudySpec

Ends = Mapping[str, tuple[float, float]]
"""By the name of an axis, from where to where."""

Draw = int | Literal["pixel"]


def part(
    atlas: AtlasSpec,
    bounds: Ends,
    name: str,
    pixels: tuple[int, int] | None = None,
    seed: Draw | None = None,
) -> AtlasSpec:
    """Return the study of a part of an atlas.

    Args:
        atlas: the whole.
        bounds: of the axes along which it is a part; of whole numbers, those between.
        name: of the new study.
        pixels: to the right and upwards; if None, as many as the whole has.
        seed: the draw, as in a study file; if None, that of the whole.

    Raises:
        SpecError: there is no such part.
    """
    values = atlas.resolved()
    axes = _axes_of(atlas, bounds)
    for word, (low, high) in bounds.items():
        low, high = _within(axes[word], low, high, atlas.name)
        values["space"][word] |= {"low": low, "high": high}
    del values["replicates"]  # which a tile's pixels are
    if seed is not None and seed != atlas.seed:
        del values["baseline_replicates"]
        values["seed"] = seed
    values |= {"name": name, "pixels": pixels or atlas.pixels, "zoom_of": atlas.name}
    return cast(AtlasSpec, StudySpec.of(values, f"a zoom of {atlas.name}"))


def nearer(atlas: AtlasSpec, point: Mapping[str, float], factor: float) -> dict[str, Any]:
    """Return the bounds of a part that is smaller by a factor along some axes.

    The point stays where it is in the picture, so that the part lies within the whole. Along a
    logarithmic axis it is the ratio of its ends whose logarithm is divided.

    Raises:
        SpecError: the point is not within the atlas.
    """
    axes = _axes_of(atlas, point)
    nearby = {}
    for word, value in point.items():
        low, high = ends = axes[word].range.low, axes[word].range.high
        if not low <= value <= high:
            raise SpecError(
                f"{_said(word)} = {value:g}: is outside {atlas.name}, which reaches from {low:g} "
                f"to {high:g}"
            )
        if axes[word].range.log:
            nearby[word] = tuple(value * (end / value) ** (1 / factor) for end in ends)
        else:
            nearby[word] = tuple(value + (end - value) / factor for end in ends)
        # a last bit of rounding is not outside
        nearby[word] = max(low, nearby[word][0]), min(high, nearby[word][1])
    return nearby


def repeated_values(atlas: AtlasSpec) -> Iterator[str]:
    """What a person should know of axes that have fewer values than pixels, or too near ones.

    Yields:
        A sentence for each such axis.
    """
    alone, dtype = atlas.seed == "pixel", atlas.protocol.dtype
    for axis in atlas.axes:
        different = np.unique(axis.values)
        if len(different) < axis.pixels:
            which = "replicates" if alone else "one network, which is shown wide"
            yield (
                f"{_said(axis.name)}: {axis.pixels} pixels have {len(different)} values; those "
                f"that share one are {which}"
            )
        elif not axis.integer and len(different) > len(np.unique(different.astype(dtype))):
            yield (
                f"{_said(axis.name)}: neighbouring pixels are the same number in {dtype}, in which "
                'networks are trained; protocol.dtype = "float64" tells them apart'
            )


def _axes_of(atlas: AtlasSpec, words: Iterable[str]) -> dict[str, PixelAxis]:
    """The axes of an atlas by name; all of the words have to be among them."""
    axes = {axis.name: axis for axis in atlas.axes}
    for word in words:
        if word not in axes:
            names = " and ".join(_said(name) for name in axes)
            raise SpecError(f"{_said(word)}: is no axis of {atlas.name}; its axes are {names}")
    return axes


def _within(axis: PixelAxis, low: float, high: float, name: str) -> tuple[float, float]:
    """Check the ends of a part of an axis, and return them as a study file has them."""
    asked = f"{_said(axis.name)} {low:.{DIGITS}g}:{high:.{DIGITS}g}"
    if not low < high:
        raise SpecError(f"{asked}: holds nothing; the lower end comes first, as in 80:120")
    whole = axis.range
    if low < whole.low or high > whole.high:
        raise SpecError(
            f"{asked}: {name} reaches from {whole.low:g} to {whole.high:g}; what is beyond is "
            "another atlas"
        )
    if axis.integer:
        low, high, what = math.ceil(low), math.floor(high), "whole numbers"
    else:  # rounded, but not beyond the whole
        rounded = (float(f"{end:.{DIGITS}g}") for end in (low, high))
        low, high = (min(max(end, whole.low), whole.high) for end in rounded)
        what = f"numbers of {DIGITS} digits"
    if low >= high:
        raise SpecError(f"{asked}: holds no two {what}, and an axis has two ends")
    return low, high


def _said(name: str) -> str:
    return name.replace("_", " ")
