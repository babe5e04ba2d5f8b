"""What pictures have in common."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from dynstudy.pictures.style import COLOURS, edges, label_log, label_widths, on_dark, save


def test_borders_lie_between_neighbours_on_a_logarithm() -> None:
    np.testing.assert_allclose(
        edges(np.array([1.0, 10, 100])), 10 ** np.array([-0.5, 0.5, 1.5, 2.5])
    )
    low, high = edges(np.array([7.0]))
    assert low * high == pytest.approx(49)
    values = np.array([3.0, 5, 50, 51])
    borders = edges(values)
    assert len(borders) == len(values) + 1
    assert (borders[:-1] < values).all()
    assert (values < borders[1:]).all()


def test_what_stands_on_a_dark_colour_is_white() -> None:
    assert on_dark(0.5, 0.5)
    assert on_dark(-0.5, 0.5)
    assert not on_dark(0.0, 0.5)
    darkness = [1 - np.mean(COLOURS(0.5 + gain / 2)[:3]) for gain in np.linspace(0, 1, 11)]
    dark = [on_dark(gain, 1.0) for gain in np.linspace(0, 1, 11)]
    assert dark == sorted(dark)
    assert darkness == sorted(darkness)


def test_the_widths_that_there_are_are_labelled_and_no_others() -> None:
    axis = Figure().subplots()
    label_widths(axis, [5, 20, 50])
    assert axis.get_xscale() == "log"
    assert [label.get_text() for label in axis.get_xticklabels()] == ["5", "20", "50"]
    assert axis.get_xticks(minor=True).size == 0


@pytest.mark.parametrize(("name", "begins"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF")])
def test_a_figure_is_what_its_suffix_says_and_needs_no_window(
    name: str, begins: bytes, tmp_path: Path
) -> None:
    figure = Figure()
    path = save(figure, tmp_path / name, title="kept")
    assert path.read_bytes().startswith(begins)
    assert b"kept" in path.read_bytes()
    assert type(figure.canvas) is FigureCanvasAgg


def test_a_box_is_drawn_for_what_has_no_glyph(tmp_path: Path) -> None:
    pictures = []
    for text in ("", "🌀"):
        figure = Figure()
        figure.suptitle(text)
        pictures.append(imread(save(figure, tmp_path / "a.png")))
    empty, drawn = pictures
    assert empty.min() == 1.0
    assert drawn.min() < 0.5


@pytest.mark.parametrize("low", [0.27, 0.4, 0.63, 0.8])
@pytest.mark.parametrize("times", [1.5, 2.1, 4.2, 8.0, 90.0])
def test_numbers_on_a_low_logarithmic_axis_have_room(low: float, times: float) -> None:
    figure = Figure((6.0, 1.35))
    axis = figure.add_axes((0.1, 0.05, 0.8, 0.9))
    axis.set(yscale="log", ylim=(low, low * times))
    label_log(axis.yaxis)
    FigureCanvasAgg(figure).draw()
    shown = [
        label.get_window_extent()
        for at, label in zip(axis.get_yticks(), axis.get_yticklabels(), strict=True)
        if low <= at <= low * times
    ]
    assert len(shown) >= 2
    assert all(lower.y1 < upper.y0 for lower, upper in pairwise(shown))
