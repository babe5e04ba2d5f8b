"""Sides of a comparison in one picture: their maps on one scale, or gains over width."""

from typing import Any

from matplotlib.figure import Figure

from dynstudy.analysis.comparison import GainCurve, Side, SideBySide
from dynstudy.pictures.fitting import add_legend_below, add_panel_title, add_title
from dynstudy.pictures.map_description import describe_panel, largest_gain
from dynstudy.pictures.regime_map import add_legend, colour_bar, draw_panel
from dynstudy.pictures.style import (
    label_widths,
    plainly,
)

PANEL_INCHES = (3.9, 3.4)
MOST_PANELS = 40
MOST_LABELLED = 30  # panels are smaller than those of a map
MARKERS = "osD^v<>P"


@plainly
def comparison_figure(compared: SideBySide) -> Figure:
    """A map for each side and width where there are few enough, else gains over width."""
    rows = [
        (side, float(rate))
        for side in compared.sides
        for rate in sorted(side.trained().learning_rate.unique())
    ]
    widths = sorted({row["width"] for row in compared.summary})
    maps = any(row["cells"] > 1 for row in compared.summary)
    if maps and len(rows) * len(widths) <= MOST_PANELS:
        return _maps(compared, rows, widths)
    return _gains(compared, widths)


def _maps(compared: SideBySide, rows: list[tuple[Side, float]], widths: list[int]) -> Figure:
    """Sides downwards and widths across, in the same colours."""
    width, height = PANEL_INCHES
    size = max(7.2, width * len(widths) + 1.0), height * len(rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(rows), len(widths), squeeze=False)
    limit = max(largest_gain(side.study_map) for side in compared.sides)
    signs = False
    for (side, rate), line in zip(rows, axes, strict=True):
        trained = side.trained()
        for units, axis in zip(widths, line, strict=True):
            cells = trained[(trained.width == units) & (trained.learning_rate == rate)]
            if not len(cells):
                axis.set_visible(False)
                continue
            panel = describe_panel(
                side.study_map,
                (side.loss, units, rate),
                cells,
                limit,
                most_labelled=MOST_LABELLED,
                heading=f"{side.study}: {side.loss.upper()}, width {units}, η = {rate:g}",
            )
            draw_panel(axis, panel)
            signs |= bool(panel.written)
            add_panel_title(axis, panel.title, 0.8 * width, 9)
            axis.set(xlabel=panel.amplitude.name, ylabel=panel.period.name)
    colour_bar(figure, axes, limit)
    add_legend(figure, _caption(compared), signs=signs)
    return figure


def _caption(compared: SideBySide) -> str:
    """What each study is, in small print."""
    return "\n".join(dict.fromkeys(side.study_map.caption() for side in compared.sides))


def _gains(compared: SideBySide, widths: list[int]) -> Figure:
    """Mean gain over matched cells, or of the only cell, with 95 % intervals, over width."""
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axis = figure.subplots()
    axis.axhline(0, color="0.8", zorder=0)
    curves, handles = GainCurve.of(compared), list[Any]()
    for number, curve in enumerate(curves):
        # side by side, so that intervals do not hide each other
        shift = 1.015 ** (number - (len(curves) - 1) / 2)
        values = curve.gains
        ends = [values.gain - values.gain_low, values.gain_high - values.gain]
        bars = axis.errorbar(
            values.width * shift,
            values.gain,
            yerr=[end.fillna(0) for end in ends],
            marker=MARKERS[number % len(MARKERS)],
            capsize=3,
            markersize=4,
            label=f"{curve.study}: {curve.loss.upper()}, η = {curve.learning_rate:g}",
        )
        handles.append(bars)
    axis.set(ylabel="gain in validation accuracy\nover the static loss")
    label_widths(axis, widths)
    add_title(figure, "Gain, mean over matched cells where there are several; 95 % intervals", 11)
    add_legend_below(figure, handles, _caption(compared))
    return figure
