"""What pictures have in common: colours, signs, borders of cells, how they are saved."""

import warnings
from collections.abc import Callable
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dynstudy.statistics.labels import HARMFUL, NEUTRAL, UNSETTLED, USEFUL

COLOURS = colormaps["RdBu"]
MEASURE_COLOURS = colormaps["viridis"]
ONSET = "#b2007f"
CONTOUR = "#137a3b"
CURVES: list[str] = [mpl.colors.to_hex(colour) for colour in colormaps["tab10"].colors]  # type: ignore[attr-defined]
SMALLEST_LOSS = 1e-12  # that a logarithmic axis shows
SIGNS = {USEFUL: "▲", HARMFUL: "▼", NEUTRAL: "=", UNSETTLED: "?"}

AMPLITUDE, PERIOD, WIDTH = "amplitude A", "period T (steps)", "width (hidden units)"
ACCURACY, CHANCE, FRONT = "validation accuracy", "chance", "Pareto front"


Arguments = ParamSpec("Arguments")
Drawn = TypeVar("Drawn")

USERS = {"backend", "backend_fallback", "interactive"}
"""Settings of windows, which belong to whoever opens some."""

PLAIN = {name: mpl.rcParamsDefault[name] for name in mpl.rcParamsDefault.keys() - USERS}


def plainly(draw: Callable[Arguments, Drawn]) -> Callable[Arguments, Drawn]:
    """Draw with Matplotlib's own settings, whatever the user's are, and leave these as they are."""

    @wraps(draw)
    def drawn(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Drawn:
        with mpl.rc_context(PLAIN), warnings.catch_warnings():
            # a name may hold what the font has no glyph for; it is drawn as a box
            warnings.filterwarnings("ignore", message="Glyph")
            return draw(*args, **kwargs)

    return drawn


def on_dark(gain: float, limit: float) -> bool:
    """Whether the colour of a gain is so dark that what stands on it has to be white."""
    return is_dark(COLOURS(0.5 + 0.5 * gain / limit))


def is_dark(colour: tuple[float, ...]) -> bool:
    """Whether what stands on a colour (red, green, blue, ...) has to be white."""
    red, green, blue, *_ = colour
    return bool(0.3 * red + 0.59 * green + 0.11 * blue < 0.5)


def edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Borders between logarithmic neighbours, as far outside as inside."""
    logs = np.log(values)
    if len(logs) == 1:
        return np.exp(logs[0] + np.array([-0.5, 0.5]))
    middles = (logs[1:] + logs[:-1]) / 2
    first, last = 2 * logs[0] - middles[0], 2 * logs[-1] - middles[-1]
    return np.exp(np.concatenate([[first], middles, [last]]))


def label_log(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers, as many as there is room for.

    Up to three decades; beyond, Matplotlib's powers of ten are the shorter ones.
    """
    low, high = axis.get_view_interval()
    decades = np.log10(high / low)
    if decades > 3:
        return
    axis.set_major_locator(
        mpl.ticker.LogLocator(subs=(1, 2, 5) if decades > 0.7 else (1, 1.5, 2, 3, 4, 5, 7))
        if decades > 0.3
        else mpl.ticker.MaxNLocator(5)
    )
    axis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:.6g}"))
    axis.set_minor_formatter(mpl.ticker.NullFormatter())


def label_widths(axis: Axes, widths: list[int]) -> None:
    """Label the widths that there are on a logarithmic axis, and no others."""
    axis.set(xscale="log", xlabel=WIDTH)
    axis.xaxis.set_ticks(widths, labels=[str(width) for width in widths])
    axis.xaxis.set_minor_locator(mpl.ticker.NullLocator())


@plainly
def save(figure: Figure, path: Path, title: str | None = None) -> Path:
    """Write a figure, as PNG or PDF by the suffix of the file, in which its title is kept."""
    _write(figure, path, dpi=150, metadata={} if title is None else {"Title": title})
    return path


@plainly
def as_png(figure: Figure) -> bytes:
    """A figure as a notebook shows it."""
    picture = BytesIO()
    _write(figure, picture, dpi=100, format="png")
    return picture.getvalue()


def _write(figure: Figure, target: Path | BytesIO, **how: Any) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(target, **how)
