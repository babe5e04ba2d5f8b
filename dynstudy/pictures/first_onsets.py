"""Curvature at the first onsets of instabilities over the learning rate: the paper's figure 4."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dynstudy.analysis.first_onsets import CONDITIONAL, COUNTS, FirstOnsets
from dynstudy.pictures.fitting import add_legend_below, add_title
from dynstudy.pictures.style import CURVES, label_log, plainly

PANEL_INCHES = 3.9
MARKERS = "os^Dv<>P*X"
RATE, CURVATURE = "learning rate η", "λ̄ at the first onset"
LIGHT = 0.45  # how strongly finite differences are drawn


@plainly
def first_onsets_figure(onsets: FirstOnsets) -> Figure:
    """A column for each loss and width: λ̄, in units of 2/η with the finite difference, counts."""
    frame = onsets.frame
    panels = list(frame.groupby(["loss", "width"], sort=False))
    styles = _styles(frame)
    figure = Figure((max(7.2, PANEL_INCHES * len(panels)), 6.6), layout="constrained")
    axes = figure.subplots(
        3, len(panels), squeeze=False, sharex=True, sharey="row", height_ratios=(3, 3, 1)
    )
    rates = np.sort(frame.learning_rate.unique())
    for ((loss, width), cells), (top, middle, bottom) in zip(panels, axes.T, strict=True):
        for column, ((amplitude, period), style) in enumerate(styles.items()):
            of_schedule = cells[_same(cells.amplitude, amplitude) & _same(cells.period, period)]
            shift = 1.035 ** (column - (len(styles) - 1) / 2)
            _draw(top, middle, of_schedule, shift, style)
        top.plot(rates, 2 / rates, "--", color="0.3", zorder=0)
        middle.axhline(1, linestyle="--", color="0.3", zorder=0)
        top.set(xscale="log", yscale="log")
        top.set_title(f"{loss.upper()}, width {width}", fontsize=10)
        _count(bottom, cells)
    for left, name in zip(axes[:, 0], (CURVATURE, "in units of 2/η", ""), strict=True):
        left.set_ylabel(name)
    label_log(axes[0, 0].yaxis)
    for bottom in axes[-1]:
        bottom.set_xlabel(RATE)
        label_log(bottom.xaxis)
    add_title(figure, "Curvature where instabilities set in", 11)
    marks = [Line2D([], [], linestyle="", **style) for style in styles.values()]
    black: dict[str, Any] = {"marker": "o", "linestyle": "", "color": "0.3"}
    marks += [
        Line2D([], [], linestyle="--", color="0.3", label="2/η"),
        Line2D([], [], **black, label=CURVATURE),
        Line2D([], [], **black, alpha=LIGHT, mfc="none", label="finite difference along v₁"),
    ]
    caption = f"{', '.join(onsets.studies)}\nbars: standard errors; {CONDITIONAL}"
    add_legend_below(figure, marks, caption)
    return figure


def _same(values: pd.Series, wanted: float) -> "pd.Series[bool]":
    """Which are the same, nan as nan."""
    return values.isna() if np.isnan(wanted) else values == wanted


def _styles(frame: pd.DataFrame) -> dict[tuple[float, float], dict[str, Any]]:
    """Of each schedule: a colour for each amplitude, a marker for each period."""
    amplitudes, periods = (list(np.sort(frame[axis].unique())) for axis in ("amplitude", "period"))
    schedules = (
        frame[["amplitude", "period"]].drop_duplicates().sort_values(["amplitude", "period"])
    )
    styles = {}
    for amplitude, period in schedules.astype(float).itertuples(index=False, name=None):
        static = np.isnan(amplitude)
        numbers = (-1, -1) if static else (amplitudes.index(amplitude), periods.index(period))
        styles[amplitude, period] = {
            "color": CURVES[numbers[0] % len(CURVES)],
            "marker": MARKERS[numbers[1] % len(MARKERS)],
            "markersize": 4.5,
            "label": "static" if static else f"A = {amplitude:g}, T = {period:g}",
        }
    return styles


def _draw(
    top: Axes, middle: Axes, cells: pd.DataFrame, shift: float, style: dict[str, Any]
) -> None:
    """The cells of one schedule; in units of 2/η, where bars can be seen, apart from others."""
    rates, x = cells.learning_rate, cells.learning_rate * shift
    bars = style | {"linestyle": "", "elinewidth": 0.8}
    light = bars | {"alpha": LIGHT, "mfc": "none", "label": None}
    top.errorbar(rates, cells.curvature, yerr=cells.curvature_sem, **bars)
    middle.errorbar(x, cells.curvature_edge, yerr=cells.curvature_edge_sem, **bars)
    of_difference = cells.finite_difference_edge, cells.finite_difference_edge_sem
    middle.errorbar(x, of_difference[0], yerr=of_difference[1], **light)


def _count(axis: Axes, cells: pd.DataFrame) -> None:
    """What all networks of each learning rate came to, as a small table below the points."""
    names = ("networks", *COUNTS)
    totals = cells.groupby("learning_rate")[list(names)].sum()
    for row, name in enumerate(names):
        for rate, number in totals[name].items():
            colour = "0.75" if number == 0 else "black"
            axis.text(rate, row, number, ha="center", va="center", fontsize=7, color=colour)
    labels = [name.replace("_", " ") for name in names]
    axis.set_yticks(range(len(names)), labels=labels, fontsize=7)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
