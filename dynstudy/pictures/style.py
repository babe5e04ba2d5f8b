"""What pictures have in common: colours, signs, borders of cells, how they are saved."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.statistics.labels import HARMFUL, NEUTRAL, UNSETTLED, USEFUL

COLOURS = colormaps["RdBu"]


ONSET = "#b2007f"


CONTOUR = "#137a3b"


MOST_LABELLED = 80  # cells of a panel beyond which numbers in them are unreadable


SIGNS = {USEFUL: "▲", HARMFUL: "▼", NEUTRAL: "=", UNSETTLED: "?"}


def largest_gain(found: RegimeMap) -> float:
    """Where the colours end, the same in all panels of a map: the largest gain or loss."""
    gains = found.frame.gain.abs()
    return max(0.05, float(gains.max()) if gains.notna().any() else 0.05)


def edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Borders between logarithmic neighbours, as far outside as inside."""
    logs = np.log(values)
    if len(logs) == 1:
        return np.exp(logs[0] + np.array([-0.5, 0.5]))
    middles = (logs[1:] + logs[:-1]) / 2
    first, last = 2 * logs[0] - middles[0], 2 * logs[-1] - middles[-1]
    return np.exp(np.concatenate([[first], middles, [last]]))


def shown_gain(cell: Any) -> str:
    """The gain of a row as it is written into a cell, in brackets where it is predicted."""
    return f"({cell.gain:+.2f})" if cell.predicted else f"{cell.gain:+.2f}"


def save(figure: Figure, path: Path, title: str) -> Path:
    """Write a figure, as PNG or PDF by the suffix of the file.

    Args:
        figure: to be drawn.
        path: the file.
        title: kept in the file.

    Returns:
        The file.
    """
    FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # a name may hold what the font has no glyph for; it is drawn as a box
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(path, dpi=150, metadata={"Title": title})
    return path
