"""How the onset moves, and how well one curve serves all cells, as two pictures."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dynstudy.analysis.onset_scaling import Scaling
from dynstudy.analysis.onsets import ForgettingPanel, Onsets
from dynstudy.pictures.fitting import LEGEND, add_legend_below, add_title
from dynstudy.pictures.style import (
    AMPLITUDE,
    CURVES,
    PERIOD,
    label_log,
    plainly,
)

AXIS_INCHES = (4.2, 3.6)
MARKERS = "osD^vP*X<>"
MOST_IN_A_COLUMN = 18  # of a legend beside an axis
SYMBOLS = {"period_exponent": "T", "rate_exponent": "η", "width_exponent": "width"}


@plainly
def onset_figure(scalings: list[Scaling], level: float) -> Figure:
    """Onsets over the period, an axis for each loss and width, a colour for each learning rate."""
    panels_of: dict[tuple[str, int], list[ForgettingPanel]] = {}
    for scaling in scalings:
        for panel in scaling.panels:
            panels_of.setdefault((scaling.loss, panel.width), []).append(panel)
    columns = min(3, len(panels_of))
    rows = -(-len(panels_of) // columns)
    width, height = AXIS_INCHES
    figure = Figure((max(7.2, width * columns), height * rows), layout="constrained")
    drawn = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axis in drawn[len(panels_of) :]:
        axis.set_visible(False)
    axes = dict(zip(panels_of, drawn, strict=False))
    for (loss, units), axis in axes.items():
        axis.set(xscale="log", yscale="log")
        axis.set_title(f"{loss.upper()}, width {units}", fontsize=10)
        axis.set(xlabel=PERIOD, ylabel=AMPLITUDE)
        ends = np.array([panel.ends for panel in panels_of[loss, units]])
        axis.set_ylim(ends.min() / 2, ends.max() * 2)  # a band may go far beyond the map
    for scaling in scalings:
        rates = sorted({panel.learning_rate for panel in scaling.panels})
        for panel, onsets, law, band in zip(
            scaling.panels, scaling.onsets, scaling.laws, scaling.bands, strict=True
        ):
            axis = axes[scaling.loss, panel.width]
            number = rates.index(panel.learning_rate)
            shift = 1.04 ** (number - (len(rates) - 1) / 2)  # bars do not hide each other
            colour = CURVES[number % len(CURVES)]
            label = f"η = {panel.learning_rate:g}"
            if law is not None and band is not None:
                periods, (middle, low, high) = band
                axis.plot(periods, middle, color=colour)
                axis.fill_between(periods, low, high, color=colour, alpha=0.12, linewidth=0)
                label += f": T^{law.beta[1]:.2f}"
            _draw_onsets(axis, panel, onsets, shift, colour, label)
    for axis in axes.values():
        label_log(axis.xaxis)
        axis.legend(fontsize=LEGEND, loc="upper left", bbox_to_anchor=(0, -0.16), frameon=False)
    add_title(figure, f"Where net forgetting passes {level:g}, with power laws", 11)
    add_legend_below(
        figure, _beyond(), _caption(scalings, "bars: between tested amplitudes; bands: 95 %")
    )
    return figure


def _beyond() -> list[Line2D]:
    """What arrows mean."""
    meaning = {"v": "below all tested amplitudes", "^": "above all tested amplitudes"}
    return [
        Line2D([], [], linestyle="", marker=marker, color="0.4", label=label)
        for marker, label in meaning.items()
    ]


def _caption(scalings: list[Scaling], bars: str) -> str:
    """Which studies it is of, in small print, and what is beside its points."""
    studies = dict.fromkeys(panel.study for scaling in scalings for panel in scaling.panels)
    return f"{', '.join(studies)}\n{bars}; forgetting is net of the static loss's"


def _draw_onsets(
    axis: Axes, panel: ForgettingPanel, onsets: Onsets, shift: float, colour: str, label: str
) -> None:
    smallest, largest = panel.ends
    low, high = np.maximum(onsets.low, smallest), np.minimum(onsets.high, largest)
    x, inside = onsets.period * shift, (onsets.low > 0) & np.isfinite(onsets.high)
    middle = np.sqrt(low * high)
    ends = np.array([middle - low, high - middle])[:, inside]
    axis.errorbar(
        x[inside], middle[inside], yerr=ends, fmt="none", capsize=3, color=colour, label=label
    )
    for beyond, marker in ((onsets.low == 0, "v"), (np.isinf(onsets.high), "^")):
        axis.plot(x[beyond], middle[beyond], marker, color=colour, markersize=7)


@plainly
def collapse_figure(scalings: list[Scaling]) -> Figure:
    """Forgetting of all cells, over amplitude and over the one variable that serves them best."""
    width, height = AXIS_INCHES
    size = (2 * width + 2.4, height * len(scalings))
    figure = Figure(size, layout="constrained")
    axes = figure.subplots(len(scalings), 2, squeeze=False, sharey=True)
    for scaling, (plain, scaled) in zip(scalings, axes, strict=True):
        panels, curve = scaling.collapse
        for number, (panel, cells) in enumerate(zip(scaling.panels, panels, strict=True)):
            amplitude, variable, forgetting, error = cells
            style = {
                "yerr": error,
                "fmt": MARKERS[number % len(MARKERS)],
                "color": CURVES[number % len(CURVES)],
                "markersize": 3.5,
                "elinewidth": 0.7,
                "alpha": 0.75,
                "label": f"width {panel.width}, η = {panel.learning_rate:g}",
            }
            plain.errorbar(amplitude, forgetting, **style)
            scaled.errorbar(variable, forgetting, **style)
        scaled.plot(*curve, color="black", zorder=5)
        plain.set(xscale="log", xlabel=AMPLITUDE, ylabel="forgetting, net of static")
        scaled.set(xscale="log", xlabel=f"A / ({_power(scaling)})")
        plain.set_title(scaling.loss.upper(), fontsize=10)
        scaled.set_title(_title(scaling), fontsize=9)
        label_log(plain.xaxis)
        scaled.legend(
            fontsize=7,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            ncols=math.ceil(len(panels) / MOST_IN_A_COLUMN),
            frameon=False,
        )
    add_title(figure, "Forgetting in all cells, over one variable", 11)
    add_legend_below(figure, [], _caption(scalings, "bars: standard errors"))
    return figure


def _power(scaling: Scaling) -> str:
    """What the one variable divides the amplitude by."""
    names = [SYMBOLS[name] for name in SYMBOLS if scaling.rows[-1][name] is not None]
    return " ".join(f"{n}^{e:.2f}" for n, e in zip(names, scaling.exponents, strict=True))


def _title(scaling: Scaling) -> str:
    shares = [
        f"{row['model']} {row['explained']:.0%}"
        for row in scaling.rows
        if row["explained"] is not None
    ]
    return f"explained of periods left out:\n{', '.join(shares)}"
