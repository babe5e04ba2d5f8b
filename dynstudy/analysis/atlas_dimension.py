"""Whether a boundary in atlases of one draw is a fractal: its dimension, over draws and zooms.

All pixels start at the same parameters there, so that what differs between neighbours is the
dynamics alone. After Sohl-Dickstein, arXiv:2402.06184, of another boundary: that of divergence.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dynstudy.analysis.atlas import GAIN, Atlas
from dynstudy.arrays import Array
from dynstudy.errors import DynstudyError
from dynstudy.measure.accuracy import standard_error
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.statistics.boundary_dimension import METHODS, Shares
from dynstudy.statistics.two_samples import LEVEL
from dynstudy.study.kinds.atlas import CHANGE_NO_NETWORK, AtlasSpec
from dynstudy.study.pixel_axes import PixelAxis


def _forgetting(atlas: Atlas) -> Array:
    """Beyond 0.4; a network that diverged has lost all that it knew."""
    return np.where(np.isfinite(atlas.diverged_at), np.inf, atlas.of("forgetting") - CATASTROPHIC)


SETS: dict[str, Callable[[Atlas], Array]] = {
    "forgetting": _forgetting,
    GAIN: lambda atlas: atlas.of(GAIN),
}
"""What is above 0 in the pixels of each set: networks that forget more than 0.4, raw, and those
that are more accurate than the static loss."""

UNDEFINED = {
    "forgetting": "forgetting takes more oscillations than there are classes: raise "
    "protocol.steps, or lower the period",
    GAIN: "their static loss is not trained; run it again",
}
"""Why a pixel may have no such value."""


@dataclass(frozen=True)
class PixelBoundary:
    """The boundary of a set of an atlas's pixels."""

    spec: AtlasSpec
    of: str  # which of the `SETS`
    inside: NDArray[np.bool_]  # (rows, columns)
    shares: dict[str, Shares]  # by method


def boundary_of(atlas: Atlas, of: str = "forgetting") -> PixelBoundary:
    """Return the boundary of one of the `SETS` of an atlas.

    Raises:
        DynstudyError: the atlas is not whole, its pixels are draws of their own, or some have no
            such value.
    """
    spec = atlas.spec
    if of not in SETS:
        raise DynstudyError(f"no boundary {of!r}; there are {', '.join(SETS)}")
    if spec.seed == "pixel":
        raise DynstudyError(
            f"{spec.name}: each pixel is a draw of its own, and a boundary between draws fills the "
            "plane; its dimension is of an atlas of one draw: seed = 0"
        )
    if missing := int((~atlas.recorded).sum()):
        raise DynstudyError(
            f"{spec.name}: {missing} of {atlas.recorded.size} pixels are not trained; run it to "
            "its end first"
        )
    above = SETS[of](atlas)
    if unknown := int(np.isnan(above).sum()):
        raise DynstudyError(
            f"{spec.name}: {unknown} of {above.size} pixels have no {of}; {UNDEFINED[of]}"
        )
    inside = above > 0
    return PixelBoundary(
        spec, of, inside, {name: shares(inside) for name, shares in METHODS.items()}
    )


def dimension_rows(boundaries: Sequence[PixelBoundary]) -> list[dict[str, Any]]:
    """Return a row for each atlas but for its draw and place, and method.

    Zooms of several draws lie at places of their own, each on the boundary of its draw: they are
    one row if they reach equally far. Of several draws it has the mean of their dimensions with its
    95 % interval (Student's t). A row has each draw once: other places of it are rows of their own.
    """
    alike: dict[tuple[str, int], list[PixelBoundary]] = {}
    places = Counter[tuple[str, object]]()
    seen = set[str]()
    for boundary in boundaries:
        if (networks := _but_for(boundary.spec)) in seen:
            continue
        seen.add(networks)
        draw = _but_for_draw_and_place(boundary.spec), boundary.spec.seed
        alike.setdefault((draw[0], places[draw]), []).append(boundary)
        places[draw] += 1
    return [row for group in alike.values() for row in _rows(group)]


def _rows(group: Sequence[PixelBoundary]) -> Iterator[dict[str, Any]]:
    spec = group[0].spec
    reaches = {axis.name: _reach(axis, group) for axis in spec.axes}
    for method in METHODS:
        values = np.array([boundary.shares[method].dimension() for boundary in group])
        defined = values[np.isfinite(values)]
        mean = defined.mean() if len(defined) else np.nan
        margin = margin_of_draws(defined)
        yield {
            "studies": ", ".join(boundary.spec.name for boundary in group),
            "dtype": spec.protocol.dtype,
            "width": spec.widest,
            **reaches,
            "pixels": f"{spec.pixels[0]} x {spec.pixels[1]}",
            "inside": float(np.mean([boundary.inside.mean() for boundary in group])),
            "method": method,
            "draws": len(defined),
            "dimension": float(mean),
            "low": float(mean - margin),
            "high": float(mean + margin),
        }


def margin_of_draws(values: Array) -> float:
    """Half of the 95 % interval of the mean of some draws (n,), by Student's t; nan of one."""
    return float(standard_error(values) * stats.t.ppf(1 - LEVEL / 2, max(len(values) - 1, 1)))


def unlike_in_precision(boundaries: Sequence[PixelBoundary]) -> list[dict[str, Any]]:
    """Return the share of pixels that are on different sides in float32 and in float64.

    Returns:
        A row for each pair of atlases that differ in nothing else; ``unrelated`` is the share that
        would be if neither knew of the other.
    """
    rows = []
    for first, second in combinations(boundaries, 2):
        of_first, of_second = first.spec.protocol.dtype, second.spec.protocol.dtype
        if of_first != of_second and _one_precision(first.spec) == _one_precision(second.spec):
            p, q = first.inside.mean(), second.inside.mean()
            rows.append({
                "study": first.spec.name,
                "beside": second.spec.name,
                "unlike": float((first.inside != second.inside).mean()),
                "unrelated": float(p * (1 - q) + q * (1 - p)),
            })
    return rows


def _reach(axis: PixelAxis, group: Sequence[PixelBoundary]) -> str:
    """From where to where an axis of all of them reaches, or how far."""
    ranges = {getattr(boundary.spec.space, axis.name) for boundary in group}
    if len(ranges) == 1:
        return f"{axis.range.low:.10g} to {axis.range.high:.10g}"
    length = _length(axis)
    if not axis.range.log:
        return f"{length:g} wide"
    return f"a factor {math.exp(length):.3g}" if length > 0.1 else f"{length:.2e} of its value"


def _length(axis: PixelAxis) -> float:
    """On its scale; zooms are rounded, so that those that are equally long are so to few digits."""
    low, high = axis.scaled(np.array([axis.range.low, axis.range.high]))
    return float(f"{high - low:.3g}")


def _but_for_draw_and_place(spec: AtlasSpec) -> str:
    fixed = spec.space.model_dump(exclude={axis.name for axis in spec.axes})
    lengths = [(axis.name, axis.range.log, _length(axis)) for axis in spec.axes]
    return str((_but_for(spec, "seed", "space"), fixed, lengths))


def _one_precision(spec: AtlasSpec) -> str:
    """Which networks it is of, but for their precision."""
    protocol = spec.protocol.model_copy(update={"dtype": "float64"})
    return _but_for(spec.model_copy(update={"protocol": protocol}))


def _but_for(spec: AtlasSpec, *keys: str) -> str:
    """Which networks it is of, but for some keys."""
    return str(spec.model_dump(exclude={*CHANGE_NO_NETWORK, *keys}))
