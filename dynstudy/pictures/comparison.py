"""Sides of a comparison in one picture: their maps on one scale, or gains over width."""

from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from dynstudy.analysis.boundaries import pooled_gain
from dynstudy.analysis.comparison import Side, SideBySide
from dynstudy.pictures.regime_map import draw_contour, draw_panel, legend
from dynstudy.pictures.style import COLOURS, largest_gain

PANEL_INCHES = (3.9, 3.4)
MOST_PANELS = 40
MOST_LABELLED = 30  # panels are smaller than those of a map
MARKERS = "osD^v<>P"


def comparison_figure(found: SideBySide) -> Figure:
    """Draw a comparison.

    Args:
        found: the comparison.

    Returns:
        A map for each side and width where there are few enough, else gains over width.
    """
    rows = [
        (side, float(rate), own)
        for side in found.sides
        for rate, own in side.trained().groupby("learning_rate", sort=True)
    ]
    widths = sorted({row["width"] for row in found.summary})
    maps = any(row["cells"] > 1 for row in found.summary)
    if maps and len(rows) * len(widths) <= MOST_PANELS:
        return _maps(found, rows, widths)
    return _gains(found, widths)


def _maps(
    found: SideBySide, rows: list[tuple[Side, float, pd.DataFrame]], widths: list[int]
) -> Figure:
    """Sides downwards and widths across, in the same colours."""
    width, height = PANEL_INCHES
    size = max(7.2, width * len(widths) + 1.0), height * len(rows) + 1.2
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(rows), len(widths), squeeze=False)
    limit = max(largest_gain(side.found) for side in found.sides)
    norm = TwoSlopeNorm(0, -limit, limit)
    labelled = False  # with the signs of regimes
    for (side, rate, own), line in zip(rows, axes, strict=True):
        for units, axis in zip(widths, line, strict=True):
            panel = own[own.width == units]
            if not len(panel):
                axis.set_visible(False)
                continue
            draw_panel(axis, panel, norm, MOST_LABELLED)
            draw_contour(axis, pooled_gain(side.found, (side.loss, units, rate), panel))
            labelled |= panel.amplitude.nunique() * panel.period.nunique() <= MOST_LABELLED
            title = (
                f"{side.study}: {side.loss.upper()}, width {units}, η = {rate:g}\n"
                f"{side.found.static_accuracy(side.loss, units, rate)}"
            )
            axis.set_title(title, fontsize=9, parse_math=False)  # names may hold a $
            axis.set(xlabel="amplitude A", ylabel="period T (steps)")
    mappable = mpl.cm.ScalarMappable(norm, COLOURS)
    figure.colorbar(
        mappable, ax=axes, label="gain in validation accuracy over the static loss", aspect=40
    )
    figure.legend(
        handles=legend() if labelled else legend()[:-1],
        loc="outside lower center",
        ncols=2 if len(widths) == 1 else 4,
        fontsize=8,
        frameon=False,
    )
    return figure


def _gains(found: SideBySide, widths: list[int]) -> Figure:
    """Mean gain over matched cells, or of the only cell, with 95 % intervals, over width."""
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axis = figure.subplots()
    axis.axhline(0, color="0.8", zorder=0)
    curves: dict[tuple[str, str, float], list[dict[str, Any]]] = {}
    for row in found.summary:
        known = row if row["gain"] is not None else _only(found, row)
        if known["gain"] is not None:
            key = row["study"], row["loss"], row["learning_rate"]
            curves.setdefault(key, []).append(row | known)
    for number, ((study, loss, rate), own) in enumerate(curves.items()):
        # side by side, so that intervals do not hide each other
        shift = 1.015 ** (number - (len(curves) - 1) / 2)
        gain = pd.DataFrame(own).astype(dict.fromkeys(("gain", "gain_low", "gain_high"), float))
        axis.errorbar(
            gain.width * shift,
            gain.gain,
            yerr=[(gain.gain - gain.gain_low).fillna(0), (gain.gain_high - gain.gain).fillna(0)],
            marker=MARKERS[number % len(MARKERS)],
            capsize=3,
            markersize=4,
            label=_escaped(f"{study}: {loss.upper()}, η = {rate:g}"),
        )
    axis.set(
        xscale="log",
        xlabel="width (hidden units)",
        ylabel="gain in validation accuracy\nover the static loss",
        title="Gain, mean over matched cells where there are several; 95 % intervals",
    )
    label_widths(axis, widths)
    if curves:
        axis.legend(fontsize=8, frameon=False)
    return figure


def label_widths(axis: Axes, widths: list[int]) -> None:
    """Label the widths that there are on a logarithmic axis, and no others."""
    axis.xaxis.set_ticks(widths, labels=[str(width) for width in widths])
    axis.xaxis.set_minor_locator(mpl.ticker.NullLocator())


def _escaped(name: str) -> str:
    """A name in a legend, where a $ would begin mathematics."""
    return name.replace("$", r"\$")


def _only(found: SideBySide, row: dict[str, Any]) -> dict[str, Any]:
    """The gain of a side's only cell of a width and learning rate, which may match no other."""
    none = {"gain": None, "gain_low": None, "gain_high": None}
    if row["cells"] != 1:
        return none
    side = next(s for s in found.sides if (s.study, s.loss) == (row["study"], row["loss"]))
    own = side.trained()
    own = own[(own.width == row["width"]) & (own.learning_rate == row["learning_rate"])]
    values = own.iloc[0][list(none)]
    return none if pd.isna(values.gain) else dict(values)
