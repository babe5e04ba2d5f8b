"""Where the regimes of an atlas end, from its smoothed pixels.

Gain and net forgetting are smoothed by local linear regression
(`dynstudy.statistics.local_regression`), which takes a million pixels; where the smoothed gain is
0.02 is the edge of the useful region, where the smoothed net forgetting is 0.4 its onset. The band
around an edge is where the 95 % band of the surface, the static loss's error included, holds the
level: beyond its ends it is settled on which side one is.

It stands on pixels that are independent of each other, each a draw of its own: of one draw for all
there are no bands, and no edges.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from dynstudy.analysis.atlas import GAIN, Atlas
from dynstudy.analysis.boundary_words import ABOVE, BELOW, LOWER, NOWHERE, ONSET, UPPER
from dynstudy.arrays import Array
from dynstudy.config import EQUIVALENCE, SYMBOLS
from dynstudy.measure.accuracy import with_error
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.search.level_sets import CONFIDENT
from dynstudy.statistics.columns import Column, names, typed
from dynstudy.statistics.local_regression import Smoothed, smooth
from dynstudy.study.pixel_axes import PixelAxis

FORGETTING = "forgetting"
FEWEST_PIXELS = 16  # of which a surface is made


@dataclass(frozen=True, eq=False)
class LevelSurface:
    """A smoothed quantity (rows, columns) beside a level; nan where there are too few pixels."""

    smoothed: Smoothed
    level: float
    static_error: Array  # of the static loss, which all pixels share

    @property
    def error(self) -> Array:
        """Standard error of the surface less the static loss."""
        return np.hypot(self.smoothed.error, self.static_error)

    @cached_property
    def excess(self) -> Array:
        """How many standard errors above the level."""
        error = np.maximum(self.error, np.finfo(float).tiny)
        excess: Array = (self.smoothed.mean - self.level) / error
        return excess

    @property
    def least(self) -> Array:
        """The lower end of its 95 % band."""
        return self.smoothed.mean - CONFIDENT * self.error

    @property
    def share(self) -> tuple[float, float]:
        """Of the pixels that have a surface: how many are above the level, and surely so."""
        there = self.excess[np.isfinite(self.excess)]
        return float((there > 0).mean()), float((there > CONFIDENT).mean())


@dataclass(frozen=True, eq=False)
class AtlasEdges:
    """The smoothed gain and net forgetting of an atlas, and where they pass their levels."""

    atlas: Atlas
    gain: LevelSurface
    forgetting: LevelSurface | None  # where too few networks have any

    @property
    def headline(self) -> str:
        """What came out, in a line: the gain that is surest to be large, and how much is useful."""
        axes, gain = (self.atlas.right, self.atlas.upwards), self.gain
        row, column = np.unravel_index(np.nanargmax(gain.least), gain.least.shape)
        cell = next(self.atlas.spec.tile_cells()).configuration
        what = cell.loss.upper()
        if "width" not in {axis.name for axis in axes}:
            what += f" at width {cell.width}"
        most = with_error(gain.smoothed.mean[row, column], gain.error[row, column], "+.3f")
        at = ", ".join(
            f"{SYMBOLS.get(axis.name, axis.name)} = {axis.values[index]:.3g}"
            for axis, index in zip(axes, (column, row), strict=True)
        )
        useful, surely = gain.share
        words = f"smoothed, {what} gains {most} at {at}"
        words += f"; {useful:.0%} of the atlas is useful, {surely:.0%} surely"
        if self.forgetting is not None:
            words += f"; {self.forgetting.share[0]:.0%} forgets"
        return words

    @property
    def smoother(self) -> str:
        """How pixels were smoothed, in words."""
        parts = [("gain", self.gain), (FORGETTING, self.forgetting)]
        widths = "; ".join(
            f"{name} {each.smoothed.bandwidth[1]:.1f} to the right, "
            f"{each.smoothed.bandwidth[0]:.1f} upwards"
            for name, each in parts
            if each is not None
        )
        return (
            "lines of local linear regression (Epanechnikov kernel; pixels that it reaches, by "
            f"cross-validation: {widths})"
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        """Of `frame`."""
        return edge_columns(self.atlas.right.name, self.atlas.upwards.name)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each edge along each row of pixels, with `columns`."""
        right, rows = self.atlas.right, []
        for number, value in enumerate(self.atlas.upwards.values.tolist()):
            at = {self.atlas.upwards.name: value}
            rows += [at | row for row in useful_pieces(self.gain.excess[number], right)]
            if self.forgetting is not None:
                rows.append(at | _onset(self.forgetting.excess[number], right))
        return typed(pd.DataFrame(rows, columns=names(self.columns)), self.columns)


def find_edges(atlas: Atlas) -> AtlasEdges | None:
    """Return the smoothed surfaces of an atlas and its edges; None where it has no gain.

    There is none where too few pixels are trained or no static loss, and of one draw for all.
    """
    if atlas.spec.seed != "pixel":
        return None
    gain = atlas.of(GAIN), EQUIVALENCE, atlas.static_error("val_accuracy")
    net = atlas.net(FORGETTING), CATASTROPHIC, atlas.static_error(FORGETTING)
    with ThreadPoolExecutor() as pool:
        of_gain, of_net = pool.map(_surface, *zip(gain, net, strict=True))
    return None if of_gain is None else AtlasEdges(atlas, of_gain, of_net)


def no_edges(atlas: Atlas) -> str:
    """Why there are none where `find_edges` gives None, in words."""
    few = "too few pixels are trained, or no static loss; run it again"
    return f"no edges: {few if atlas.spec.seed == 'pixel' else atlas.spec.untested}"


def _surface(values: Array, level: float, static_error: Array) -> LevelSurface | None:
    """Smooth pixels; None where they are too few, or in a line, as those of the first row."""
    if np.isfinite(values).sum() < FEWEST_PIXELS:
        return None
    surface = LevelSurface(smooth(values), level, static_error)
    return surface if np.isfinite(surface.excess).any() else None


def edge_columns(right: str, upwards: str) -> tuple[Column, ...]:
    """The columns of edges along an axis to the right, for each value of the one upwards."""
    return (
        Column(upwards, "", "the row of pixels: the value of the axis upwards"),
        Column("boundary", "", f"`{LOWER}`, `{UPPER}` or `{ONSET}`", "string"),
        Column("piece", "", "which of the useful pieces along the row, from 1", "Int64"),
        Column(
            right, "", "where it is on the axis to the right; empty where the atlas ends before"
        ),
        Column(
            f"{right}_low",
            "",
            "lower end of its 95 % band, at each place by itself; empty where the band goes on "
            "beyond the atlas",
        ),
        Column(f"{right}_high", "", "likewise the upper end"),
        Column("sure", "", "whether the band is above the level anywhere in the piece", "boolean"),
        Column("says", "", "where the edge is instead, if it is not in the atlas", "string"),
    )


def useful_pieces(excess: Array, axis: PixelAxis) -> Iterator[dict[str, Any]]:
    """Yield two rows for each piece along a row of pixels (N,) that is above; else one of none."""
    pieces = runs_above(excess)
    if not pieces:
        yield _row(LOWER, 1, axis, None, sure=False, says=NOWHERE)
    for piece, (start, stop) in enumerate(pieces, start=1):
        sure = bool((excess[start:stop] > CONFIDENT).any())
        for boundary, before, says in ((LOWER, start, BELOW), (UPPER, stop, ABOVE)):
            band = edge_band(excess, before)
            yield _row(boundary, piece, axis, band, sure=sure, says="" if band else says)


def _onset(excess: Array, axis: PixelAxis) -> dict[str, Any]:
    """From where on all is above, to the right end of what is known of a row of pixels (N,)."""
    ends = np.flatnonzero(np.isfinite(excess))
    last = runs_above(excess)[-1:]
    if not last or last[0][1] <= ends[-1]:
        return _row(ONSET, 1, axis, None, sure=False, says=ABOVE)
    start, stop = last[0]
    band = edge_band(excess, start)
    sure = bool((excess[start:stop] > CONFIDENT).any())
    return _row(ONSET, 1, axis, band, sure=sure, says="" if band else BELOW)


def runs_above(excess: Array) -> list[tuple[int, int]]:
    """The first pixel of each run that is above 0 in a row (N,), and the one after its last."""
    above = np.concatenate([[False], excess > 0, [False]])
    starts, stops = (
        np.flatnonzero(turn) for turn in (~above[:-1] & above[1:], above[:-1] & ~above[1:])
    )
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def edge_band(excess: Array, before: int) -> tuple[float, float, float] | None:
    """Where an edge is, and the ends of its band, in pixels from the left border of the row.

    Args:
        excess: (N,) standard errors above the level.
        before: the edge is between this pixel and the one before it.

    Returns:
        The edge, then the ends, nan where the row ends before; None where it has no such edge.
    """
    if not 0 < before < len(excess) or not np.isfinite(excess[before - 1 : before + 1]).all():
        return None
    low, high = excess[before - 1], excess[before]
    at = before - 0.5 + low / (low - high)
    to_right = before - 0.5 + _settled(excess[before - 1 :])
    return at, before + 0.5 - _settled(excess[before::-1]), to_right


def _settled(excess: Array) -> float:
    """After how many pixels |excess| comes to `CONFIDENT`, from the first, across the edge."""
    beyond = np.flatnonzero(~(np.abs(excess[1:]) < CONFIDENT)) + 1
    if not len(beyond) or np.isnan(excess[beyond[0]]):
        return np.nan
    last = int(beyond[0])
    before, after = excess[last - 1], excess[last]
    return float(last - 1 + (np.sign(after) * CONFIDENT - before) / (after - before))


def _row(
    boundary: str,
    piece: int,
    axis: PixelAxis,
    band: tuple[float, float, float] | None,
    *,
    sure: bool,
    says: str,
) -> dict[str, Any]:
    at, low, high = (value_at(axis, each) for each in band or (np.nan,) * 3)
    return {
        "boundary": boundary,
        "piece": piece,
        axis.name: at,
        f"{axis.name}_low": low,
        f"{axis.name}_high": high,
        "sure": sure,
        "says": says,
    }


def value_at(axis: PixelAxis, position: float) -> float:
    """The value of an axis so many pixels from its lower end; nan of nan."""
    edges = axis.scaled(axis.edges)
    at = np.interp([position], np.arange(axis.pixels + 1), edges)
    return float(axis.unscaled(at)[0])
