"""What stands around panels fits their figure: nothing is cut, however long a name is.

A figure is made as large as its panels; titles, legends and captions make it higher.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend

MARGIN = 0.2  # inches of a figure's width that texts leave free
DPI = 720
"""Where texts are measured, so fine that nothing is rounded."""
ROUNDED = 0.94
"""What a text measures there of what it may where letters are rounded to whole pixels."""
EVENER = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55)
"""Shares of a width that lines are tried to fit, for as long as that makes no more of them."""
BETWEEN_WORDS = re.compile("(?<![=±]) (?![=±])")
"""Where a line may end: not in an equation or before an error."""
MOST_COLUMNS = 4  # of a legend
SPACED = 1.4 / 72  # inches from a line of text to the next, of each point of its letters
LEGEND = 8.0  # points
HANDLE = 0.6  # inches of a legend's width that its lines and signs take
SMALL = 7.0  # points: what a picture is of, below what it shows


def in_lines(text: str, inches: float, points: float) -> str:
    """Break a text at its spaces, or in a word where that is too long, so that it fits a width.

    Returns:
        As few lines as there can be of each paragraph, about equally long, so that no word is left
        alone in a last one.
    """
    renderer, font = RendererAgg(1, 1, DPI), FontProperties(size=points)  # type: ignore[no-untyped-call]

    @cache
    def word_wide(word: str) -> float:
        """With the space that its letters keep from others."""
        size, alone = (
            renderer.get_text_width_height_descent(text, font, ismath=False)  # type: ignore[no-untyped-call]
            for text in (f"|{word}|", "||")
        )
        return float(size[0] - alone[0]) / (ROUNDED * DPI)

    def wide(line: str) -> float:
        """By its words: many lines are tried, and each word is measured once."""
        words = line.split(" ")
        return sum(map(word_wide, words)) + (len(words) - 1) * word_wide(" ")

    lines = []
    for paragraph in text.split("\n"):
        broken = _broken(paragraph, inches, wide)
        for share in EVENER:
            evener = _broken(paragraph, share * inches, wide)
            if len(evener) == len(broken) > 1:
                broken = evener
        lines += broken
    return "\n".join(lines)


def _broken(paragraph: str, inches: float, wide: Callable[[str], float]) -> list[str]:
    """The lines of a paragraph, each filled as far as it goes."""
    lines, line = [], ""
    for word in BETWEEN_WORDS.split(paragraph):
        longer = f"{line} {word}" if line else word
        if wide(longer) <= inches:
            line = longer
            continue
        if line:
            lines.append(line)
        line = ""
        for part in [word] if wide(word) <= inches else word:
            if line and wide(line + part) > inches:
                lines.append(line)
                line = ""
            line += part
    return [*lines, line]


def add_title(figure: Figure, text: str, points: float = 10) -> None:
    """A title as wide as the figure at most, above it."""
    broken = in_lines(text, figure.get_figwidth() - MARGIN, points)
    figure.suptitle(broken, fontsize=points, parse_math=False)  # names may hold a $
    _add_height(figure, SPACED * points * (1 + broken.count("\n")))


def add_panel_title(axis: Axes, text: str, inches: float, points: float = 10) -> None:
    """A title above a panel, as wide as that at most."""
    axis.set_title(in_lines(text, inches, points), fontsize=points, parse_math=False)


def _add_height(figure: Figure, inches: float) -> None:
    figure.set_figheight(figure.get_figheight() + inches)


def add_legend_below(figure: Figure, handles: Sequence[Any], caption: str = "") -> Legend:
    """A legend below the panels, in as many columns as there is room for, and a small caption."""
    room = figure.get_figwidth() - MARGIN
    for handle in handles:
        handle.set_label(in_lines(handle.get_label(), room - HANDLE, LEGEND))
    title = in_lines(caption, room, SMALL) if caption else None
    canvas = FigureCanvasAgg(figure)
    for columns in range(MOST_COLUMNS, 0, -1):
        legend = figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=columns,
            fontsize=LEGEND,
            frameon=False,
            title=title,
            title_fontproperties={"size": SMALL},
        )
        for each in (*legend.get_texts(), legend.get_title()):
            each.set_parse_math(False)
        renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
        extent = legend.get_window_extent(renderer)
        if extent.width <= room * figure.dpi or columns == 1:
            break
        legend.remove()
    _add_height(figure, extent.height / figure.dpi)
    return legend
