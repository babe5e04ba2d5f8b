"""The picture of an atlas: its pixels a panel for each measure, and the edges of its regimes.

Its axes count pixels, which are even there whatever the scale; their labels are values.
"""

import math
from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from dynstudy.analysis.atlas import GAIN
from dynstudy.analysis.atlas_edges import AtlasEdges, LevelSurface
from dynstudy.analysis.atlas_slope import BandSlope
from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.arrays import Array
from dynstudy.measure.measures import net_names
from dynstudy.pictures.atlas_layers import Layer, axis_title
from dynstudy.pictures.fitting import add_legend_below, add_panel_title, add_title
from dynstudy.pictures.style import ONSET, plainly
from dynstudy.search.level_sets import CONFIDENT
from dynstudy.study.pixel_axes import PixelAxis

PANELS = ("val_accuracy", GAIN, "forgetting", "val_accuracy_at_last_peak", "share_uphill")
"""Those of them that any network has."""

PANEL_INCHES = (4.6, 3.9)
COLUMNS_AT_MOST = 3
TICKS = 5
FEW_DECADES = 0.7  # of a logarithmic axis, whose labels are those of a linear one
FEWEST_TICKS, LONG_LABEL = 3, 7  # ticks, and digits of theirs beyond which half are left out
ROUNDING = 1e-9
USEFUL_EDGE: dict[str, Any] = {"color": "black", "linewidth": 1.5}
ONSET_EDGE: dict[str, Any] = {"color": ONSET, "linewidth": 1.8}
MIDDLE: dict[str, Any] = {"color": "black", "linewidth": 1.2, "linestyle": (0, (6, 2, 1, 2))}
OF_BAND: dict[str, Any] = {"linewidth": 0.9, "linestyle": ":"}
BANDS = "ends of their 95 % bands, at each place by itself"
OUTLINE: list[Any] = [withStroke(linewidth=3, foreground="white", alpha=0.7)]


@plainly
def atlas_figure(
    study_map: RegimeMap, shown: Iterable[str] = PANELS, *, boundaries: bool = True
) -> Figure:
    """Draw the pixels of an atlas, a panel for each measure, and the edges of its regimes."""
    atlas, edges = study_map.atlas, study_map.edges if boundaries else None
    assert atlas is not None
    right, upwards = atlas.right, atlas.upwards
    layers = [Layer.of(atlas, name) for name in shown if name in atlas.names]
    layers = [each for each in layers if np.isfinite(each.values).any()] or layers[:1]
    columns = min(COLUMNS_AT_MOST, len(layers)) if len(layers) != 4 else 2
    rows = math.ceil(len(layers) / columns)
    width, height = PANEL_INCHES
    figure = Figure(figsize=(max(7.2, width * columns), height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis, layer in zip(axes.flat, layers, strict=False):
        norm = Normalize(layer.low, layer.high)
        image = axis.imshow(
            atlas.whole(layer.values),
            origin="lower",
            extent=(0, right.pixels, 0, upwards.pixels),
            aspect="auto",
            cmap=layer.colours,
            norm=norm,
        )
        axis.set_facecolor("#dddddd")  # what is not trained
        label_pixels(axis.xaxis, right)
        label_pixels(axis.yaxis, upwards)
        net = ", less the static loss's" if layer.name in net_names() else ""
        add_panel_title(axis, f"{layer.title}{net}", 0.8 * width)
        figure.colorbar(image, ax=axis, aspect=30, extend="both")
        draw_edges(axis, edges)
        if study_map.slope is not None and layer.name == GAIN:
            _draw_middle(axis, study_map.slope, right, upwards)
    for axis in axes.flat[len(layers) :]:
        axis.set_visible(False)
    add_title(figure, study_map.headline() if edges is None else edges.headline, 11)
    add_legend_below(figure, _handles(study_map), _caption(study_map))
    return figure


def label_pixels(axis: Axis, pixels: PixelAxis) -> None:
    """Label an axis that counts pixels with round values."""
    low, high = pixels.edges[[0, -1]]
    values = _round_values(low, high, log=pixels.range.log)
    axis.set_ticks(
        pixels.positions(values), labels=[f"{value:.{_digits(values)}g}" for value in values]
    )
    axis.set_label_text(axis_title(pixels.name))


def _digits(values: Array) -> int:
    """How many digits tell values apart that are evenly spaced, as deep in a zoom."""
    steps = np.diff(values)
    return (
        max(6, 1 + math.ceil(math.log10(np.abs(values).max() / steps.min()))) if len(steps) else 6
    )


def _round_values(low: float, high: float, *, log: bool) -> Array:
    decades = math.log10(high / low) if log else 0.0
    if decades <= FEW_DECADES:
        ticks = np.asarray(mpl.ticker.MaxNLocator(TICKS).tick_values(low, high), float)
        if len(ticks) > FEWEST_TICKS and _digits(ticks) > LONG_LABEL:
            ticks = ticks[::2]
    else:
        powers = 10.0 ** np.arange(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        steps = (1, 2, 5) if decades < 2 else (1, 3) if decades < 3 else (1,)
        ticks = np.outer(powers[:: math.ceil(decades / TICKS)], steps).ravel()
    return ticks[(ticks >= low * (1 - ROUNDING)) & (ticks <= high * (1 + ROUNDING))]


def draw_edges(axis: Axes, edges: AtlasEdges | None) -> None:
    """Draw where smoothed pixels pass their levels, and the ends of the bands around."""
    if edges is None:
        return
    for surface, style in ((edges.gain, USEFUL_EDGE), (edges.forgetting, ONSET_EDGE)):
        if surface is not None:
            for level in (-CONFIDENT, 0.0, CONFIDENT):
                look = style | OF_BAND if level else style
                strokes = LineCollection(_contours(surface, level), **look)
                strokes.set_path_effects(OUTLINE)
                axis.add_collection(strokes, autolim=False)


def _contours(surface: LevelSurface, level: float) -> list[Array]:
    """Lines (points, 2) in pixels from the corner."""
    rows, columns = (np.arange(side) + 0.5 for side in surface.excess.shape)
    excess = np.ma.masked_invalid(surface.excess)
    lines: Any = contour_generator(columns, rows, excess).lines(level)
    return list(lines)


def _draw_middle(axis: Axes, slope: BandSlope, right: PixelAxis, upwards: PixelAxis) -> None:
    ends = right.positions(slope.right), upwards.positions(slope.upwards)
    axis.plot(*ends, scalex=False, scaley=False, path_effects=OUTLINE, **MIDDLE)


def _caption(study_map: RegimeMap) -> str:
    spec, edges = study_map.spec, study_map.edges
    smoother = "" if edges is None else f"; {edges.smoother}"
    return (
        f"{spec.name}: {spec.protocol.steps_said} steps, {spec.described()}{smoother}\n"
        f"{study_map.condition}; ledger {study_map.ledger[:12]}"
    )


def _handles(study_map: RegimeMap) -> list[Any]:
    edges, slope, handles = study_map.edges, study_map.slope, list[Any]()
    if edges is None:
        return [Line2D([], [], color="none", label=study_map.spec.untested or "nothing smoothed")]
    handles.append(Line2D([], [], label="edge of the useful region: gain 0.02", **USEFUL_EDGE))
    if edges.forgetting is not None:
        handles.append(Line2D([], [], label="onset of forgetting: 0.4", **ONSET_EDGE))
    handles.append(Line2D([], [], label=BANDS, **USEFUL_EDGE | OF_BAND))
    if slope is not None:
        handles.append(Line2D([], [], label=f"middle of the useful region: {slope}", **MIDDLE))
    return handles
