"""How the onset moves, and how well one curve serves all cells, as two pictures."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynstudy.analysis.onset_collapse import Curve, cells_of
from dynstudy.analysis.onset_laws import law_band
from dynstudy.analysis.onset_scaling import Scaling
from dynstudy.analysis.onsets import Onsets, Panel

AXIS_INCHES = (4.2, 3.6)
PERIODS = 13  # at which a law's band is drawn
COLOURS = mpl.colormaps["tab10"].colors  # type: ignore[attr-defined]
MARKERS = "osD^vP*X<>"
VARIABLE = ("T", "η", "width")


def onset_figure(found: list[Scaling], level: float) -> Figure:
    """Onsets over the period, an axis for each loss and width, a colour for each learning rate.

    Args:
        found: what was found.
        level: at which forgetting sets in.

    Returns:
        Bars between the tested amplitudes on both sides, arrows beyond the map, and fitted laws.
    """
    axes_of = {(own.loss, panel.width): None for own in found for panel in own.panels}
    columns = min(3, len(axes_of))
    rows = -(-len(axes_of) // columns)
    width, height = AXIS_INCHES
    figure = Figure((max(7.2, width * columns), height * rows + 0.8), layout="constrained")
    drawn = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axis in drawn[len(axes_of) :]:
        axis.set_visible(False)
    axes = dict(zip(axes_of, drawn, strict=False))
    for (loss, units), axis in axes.items():
        axis.set(xscale="log", yscale="log", title=f"{loss.upper()}, width {units}")
        axis.set(xlabel="period T (steps)", ylabel="amplitude A")
        own_panels = [p for own in found for p in own.panels if (p.loss, p.width) == (loss, units)]
        ends = np.array([_ends(panel) for panel in own_panels])
        axis.set_ylim(ends.min() / 2, ends.max() * 2)  # a band may go far beyond the map
    for own in found:
        rates = sorted({panel.learning_rate for panel in own.panels})
        for panel, place, law in zip(own.panels, own.onsets, own.laws, strict=True):
            axis = axes[own.loss, panel.width]
            number = rates.index(panel.learning_rate)
            shift = 1.04 ** (number - (len(rates) - 1) / 2)  # bars do not hide each other
            colour = COLOURS[number % len(COLOURS)]
            label = f"η = {panel.learning_rate:g}"
            if law is not None:
                _draw_law(axis, place, law_band(place, law, _periods(place)), colour)
                label += f": T^{law.beta[1]:.2f}"
            _draw_onsets(axis, panel, place, shift, colour, label)
    for axis in axes.values():
        axis.legend(fontsize=8)
    figure.suptitle(
        f"Where net forgetting passes {level:g}: between tested amplitudes; lines are power laws, "
        "bands 95 %",
        fontsize=10,
    )
    return figure


def _ends(panel: Panel) -> tuple[float, float]:
    """The smallest and the largest amplitude."""
    log_amplitude = panel.cells.place[:, 0]
    return float(np.exp(log_amplitude.min())), float(np.exp(log_amplitude.max()))


def _periods(place: Onsets) -> np.ndarray:
    return np.geomspace(place.period[0], place.period[-1], PERIODS)


def _draw_law(axis: Axes, place: Onsets, band: np.ndarray, colour: tuple[float, ...]) -> None:
    axis.plot(_periods(place), band[0], color=colour)
    axis.fill_between(_periods(place), band[1], band[2], color=colour, alpha=0.12, linewidth=0)


def _draw_onsets(
    axis: Axes, panel: Panel, place: Onsets, shift: float, colour: tuple[float, ...], label: str
) -> None:
    smallest, largest = _ends(panel)
    low, high = np.maximum(place.low, smallest), np.minimum(place.high, largest)
    x, inside = place.period * shift, (place.low > 0) & np.isfinite(place.high)
    middle = np.sqrt(low * high)
    ends = np.array([middle - low, high - middle])[:, inside]
    axis.errorbar(
        x[inside], middle[inside], yerr=ends, fmt="none", capsize=3, color=colour, label=label
    )
    for beyond, marker in ((place.low == 0, "v"), (np.isinf(place.high), "^")):
        axis.plot(x[beyond], middle[beyond], marker, color=colour, markersize=7)


def collapse_figure(found: list[Scaling]) -> Figure:
    """Forgetting of all cells, over amplitude and over the one variable that serves them best.

    Args:
        found: what was found.

    Returns:
        A row for each loss, a colour for each panel.
    """
    width, height = AXIS_INCHES
    size = (2 * width + 2.4, height * len(found) + 0.4)
    figure = Figure(size, layout="constrained")
    for own, (plain, scaled) in zip(found, figure.subplots(len(found), 2, squeeze=False,
                                                         sharey=True), strict=True):  # fmt: skip
        cells = cells_of(own.panels, own.shared)
        x = cells.variable(own.exponents)
        y = np.concatenate([panel.cells.means() for panel in own.panels])
        error = np.sqrt(np.concatenate([panel.noise() for panel in own.panels]))
        start = 0
        for number, panel in enumerate(own.panels):
            part = slice(start, start := start + len(panel.static))
            label = f"width {panel.width}, η = {panel.learning_rate:g}"
            style = {
                "fmt": MARKERS[number % len(MARKERS)],
                "color": COLOURS[number % len(COLOURS)],
                "markersize": 3.5,
                "elinewidth": 0.7,
                "alpha": 0.75,
            }
            plain.errorbar(np.exp(cells.start[part]), y[part], yerr=error[part], **style)
            scaled.errorbar(np.exp(x[part]), y[part], yerr=error[part], label=label, **style)
        grid = np.linspace(x.min(), x.max(), 200)
        scaled.plot(np.exp(grid), Curve.through(x, y)(grid), color="black", zorder=5)
        names = [VARIABLE[0], *_other(own)]
        power = " ".join(f"{n}^{e:.2f}" for n, e in zip(names, own.exponents, strict=True))
        plain.set(xscale="log", xlabel="amplitude A", ylabel="forgetting, net of static")
        scaled.set(xscale="log", xlabel=f"A / ({power})")
        plain.set_title(own.loss.upper(), fontsize=10)
        scaled.set_title(_title(own), fontsize=9)
        scaled.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def _other(own: Scaling) -> list[str]:
    names = [name.removesuffix("_exponent") for name in own.rows[-1] if name.endswith("_exponent")]
    known = [name for name in names if own.rows[-1][name + "_exponent"] is not None]
    return [{"period": "T", "rate": "η", "width": "width"}[name] for name in known][1:]


def _title(own: Scaling) -> str:
    shares = [
        f"{row['model']} {row['explained']:.0%}" for row in own.rows if row["explained"] is not None
    ]
    return f"explained of periods left out:\n{', '.join(shares)}"
