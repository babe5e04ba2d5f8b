"""What stands around panels fits their figure: nothing is cut, however long a name is."""

from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend

MARGIN = 0.2  # inches of a figure's width that texts leave free
DPI = 720
"""Where texts are measured, so fine that nothing is rounded."""
ROUNDED = 0.94
"""What a text measures there of what it may where letters are rounded to whole pixels."""
MOST_COLUMNS = 4  # of a legend
SMALL = 7.0  # points: what a picture is of, below what it shows


def in_lines(text: str, inches: float, points: float) -> str:
    """Break a text at its spaces, or in a word where that is too long, so that it fits a width."""
    renderer, font = RendererAgg(1, 1, DPI), FontProperties(size=points)  # type: ignore[no-untyped-call]

    def fits(line: str) -> bool:
        size = renderer.get_text_width_height_descent(line, font, ismath=False)  # type: ignore[no-untyped-call]
        return bool(size[0] <= ROUNDED * DPI * inches)

    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if fits(longer):
                line = longer
                continue
            if line:
                lines.append(line)
            line = ""
            for letter in word:
                if line and not fits(line + letter):
                    lines.append(line)
                    line = ""
                line += letter
        lines.append(line)
    return "\n".join(lines)


def add_title(figure: Figure, text: str, points: float = 10) -> None:
    """A title as wide as the figure at most."""
    broken = in_lines(text, figure.get_figwidth() - MARGIN, points)
    figure.suptitle(broken, fontsize=points, parse_math=False)  # names may hold a $


def add_legend_below(figure: Figure, handles: Sequence[Any], caption: str = "") -> Legend:
    """A legend below the panels, in as many columns as there is room for, and a small caption."""
    room = figure.get_figwidth() - MARGIN
    title = in_lines(caption, room, SMALL) if caption else None
    canvas = FigureCanvasAgg(figure)
    for columns in range(MOST_COLUMNS, 0, -1):
        legend = figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=columns,
            fontsize=8,
            frameon=False,
            title=title,
            title_fontproperties={"size": SMALL},
        )
        for each in (*legend.get_texts(), legend.get_title()):
            each.set_parse_math(False)
        renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
        width = legend.get_window_extent(renderer).width
        if width <= room * figure.dpi or columns == 1:
            break
        legend.remove()
    return legend
