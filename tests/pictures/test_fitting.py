"""Nothing that is drawn is cut or drawn over, however much there is and however long a name is."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.transforms import Bbox

from dynstudy.analysis.comparison import SideBySide, sides
from dynstudy.analysis.onset_laws import empty_row
from dynstudy.analysis.onset_scaling import Scaling
from dynstudy.analysis.onsets import onsets
from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.launch.first_oscillations import MOST_SLICES
from dynstudy.pictures.accuracy import search_figure, width_figure
from dynstudy.pictures.association import association_figure
from dynstudy.pictures.atlas import PANELS, atlas_figure
from dynstudy.pictures.branches import branches_figure
from dynstudy.pictures.class_curves import curve_figure, trace_figure
from dynstudy.pictures.comparison import comparison_figure
from dynstudy.pictures.first_onsets import first_onsets_figure
from dynstudy.pictures.fitting import in_lines
from dynstudy.pictures.landscape import landscape_figure
from dynstudy.pictures.measure_map import measure_figure
from dynstudy.pictures.onset_scaling import collapse_figure, onset_figure
from dynstudy.pictures.regime_map import regime_figure
from dynstudy.pictures.training_curves import training_figure
from dynstudy.statistics.censored_regression import Line
from tests.analysis.planted_onsets import planted
from tests.conftest import ROOT
from tests.pictures.made_up import made_up, with_baseline
from tests.pictures.made_up_atlas import OTHERS, of_atlas
from tests.pictures.made_up_figures import (
    association_of,
    branches_of,
    first_onsets_of,
    first_oscillations_of,
    measures_of,
    training_curves_of,
)
from tests.pictures.test_class_curves import traced
from tests.pictures.test_pictures import drawers
from tests.planted import small_map, small_search

LONG = "a-very-long-name-of-a-study-" * 7
NAMES = {"words": LONG.replace("-", " "), "wide": "W" * 200, "dollars": "a$b_" * 40}
WIDTHS = [5, 9, 20, 50, 100, 200, 500]
ONE_CELL = {"amplitude": 3, "period": 10}


def of_map(name: str, panels: int, **space: Any) -> RegimeMap:
    """A map of as many widths, or of several losses and learning rates as well where many."""
    many = panels > len(WIDTHS)
    widths = WIDTHS[: 2 if many else panels]
    space = {"amplitude": [3, 30], "period": [10, 30], "width": widths} | space
    rates = [0.1, 1.0] if many else 1.0
    losses = ["ce", "dce", "mse", "dmse1"] if many else ["ce", "dce"]
    spec = small_map(name=name, loss=losses, space=space | {"learning_rate": rates})
    rng = np.random.default_rng(0)
    dynamical = spec.model_copy(update={"loss": tuple(spec.dynamical_losses)})
    return replace(with_baseline(made_up(dynamical, rng), rng), spec=spec, ledger="0" * 64)


def of_search(name: str, panels: int) -> RegimeMap:
    """A search of one trial for each width."""
    widths = WIDTHS[:panels]
    drawn = made_up(small_map(space={**ONE_CELL, "learning_rate": 1.0, "width": widths}), RNG)
    amplitudes = np.geomspace(2, 100, len(widths))
    frame = drawn.frame.assign(amplitude=amplitudes, period=10 + amplitudes)
    return RegimeMap(small_search(name=name), frame, [], drawn.outcomes)


RNG = np.random.default_rng(0)


def side_by_side(name: str, panels: int, **space: Any) -> SideBySide:
    """Two studies of such names."""
    maps = [of_map(name[:200], panels, **space), of_map(f"{name}2"[-200:], panels, **space)]
    compared = [side for study_map in maps for side in sides(study_map)]
    summary = [
        {
            "width": width,
            "learning_rate": rate,
            "cells": len(cells),
            "study": side.study,
            "loss": side.loss,
            "gain": 0.1,
            "gain_low": 0.05,
            "gain_high": 0.15,
        }
        for side in compared
        for (width, rate), cells in side.trained().groupby(["width", "learning_rate"])
    ]
    return SideBySide(compared, summary, [], [])


def scalings(name: str, panels: int) -> list[Scaling]:
    """As many panels, two learning rates for each width, with laws that nobody fitted."""
    each = [
        replace(planted(0.5, (1.0, 3.0)[n % 2], width=WIDTHS[n // 2]), study=name)
        for n in range(panels)
    ]
    places = [onsets(panel, 0.4) for panel in each]
    laws: list[Line | None] = [Line(np.array([1.5, 0.5]), 0.1, 0.0, 7)] * panels
    row = empty_row("one curve") | {"explained": 0.75, "period_exponent": 0.5}
    shared = np.zeros((panels, 0))
    scaling = Scaling("dce", each, places, laws, shared, np.array([0.5]), [row])
    scaling.__dict__["bands"] = [
        (onset.period, np.outer([1, 0.5, 2], 4 * onset.period**0.5)) for onset in places
    ]
    return [scaling]


ONE_NETWORK = traced(60)[lambda frame: frame.seed == 0]
DRAWN: dict[str, Callable[[str, int], Figure]] = {
    "regime_figure": lambda name, panels: regime_figure(of_map(name, panels), True),
    "atlas_figure": lambda name, panels: atlas_figure(
        of_atlas(name, panels), [*PANELS, *OTHERS][:panels]
    ),
    "width_figure": lambda name, panels: width_figure(of_map(name, panels)),
    "width_figure, one cell": lambda name, panels: width_figure(of_map(name, panels, **ONE_CELL)),
    "search_figure": lambda name, panels: search_figure(of_search(name, panels)),
    "comparison_figure": lambda name, panels: comparison_figure(side_by_side(name, panels)),
    "comparison_figure, one cell": lambda name, panels: comparison_figure(
        side_by_side(name, panels, **ONE_CELL)
    ),
    "onset_figure": lambda name, panels: onset_figure(scalings(name, panels), 0.4),
    "collapse_figure": lambda name, panels: collapse_figure(scalings(name, panels)),
    "trace_figure": lambda name, _: trace_figure(traced(60), 10, 40, f"{name}\nand more"),
    "curve_figure": lambda name, _: curve_figure(ONE_NETWORK, f"{name}, seed 0\nand more"),
    "measure_figure": lambda name, panels: measure_figure(measures_of(of_map(name, panels))),
    "association_figure": lambda name, panels: association_figure(
        association_of(measures_of(of_map(name, panels)))
    ),
    "landscape_figure": lambda name, panels: landscape_figure(
        first_oscillations_of(min(panels, MOST_SLICES)), f"{name}\nand more"
    ),
    "first_onsets_figure": lambda name, panels: first_onsets_figure(first_onsets_of(name, panels)),
    "branches_figure": lambda name, _: branches_figure(branches_of(), 100, f"{name}\nand more"),
    "training_figure": lambda name, panels: training_figure(
        training_curves_of(name, [*WIDTHS, 1000][:panels])
    ),
}
"""Whatever is drawn, of a study's name and of as many panels or curves."""

CHOOSING = {"study_figure", "grid_figure"}
"""What chooses one of them."""


def test_every_picture_is_tried() -> None:
    files = (ROOT / "dynstudy" / "pictures").glob("*.py")
    public = {name for path in files for name, _ in drawers(path)}
    assert {name.partition(",")[0] for name in DRAWN} == public - CHOOSING


def assert_fits(figure: Figure) -> None:
    """Nothing is cut, nothing lies on something else, and panels are as large as they should be."""
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()  # all is placed, and no pixel is looked at
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    whole = figure.get_tightbbox(renderer)
    width, height = figure.get_size_inches()
    assert whole.x0 >= 0
    assert whole.y0 >= 0
    assert whole.x1 <= width
    assert whole.y1 <= height
    axes = [axis for axis in figure.axes if axis.get_visible()]
    around = [*figure.legends, *figure.texts]
    inside = [axis.get_legend() for axis in axes if axis.get_legend()]
    boxes = [axis.get_tightbbox(renderer) for axis in axes]
    boxes += [each.get_window_extent(renderer) for each in around]
    assert_apart(boxes)
    for legend in inside:
        extent = legend.get_window_extent(renderer)
        assert_apart([legend.axes.get_window_extent(renderer), extent])
    for axis in axes:
        if len(axis.get_yticks()):  # a strip or a bar has nothing that is read upwards
            assert axis.get_window_extent(renderer).height >= 0.7 * figure.dpi
        for scale in (axis.xaxis, axis.yaxis):
            assert_apart([
                label.get_window_extent(renderer)
                for label in scale.get_ticklabels(which="both")
                if label.get_visible() and label.get_text()
            ])


def assert_apart(boxes: list[Bbox]) -> None:
    for one, other in combinations(boxes, 2):
        common = Bbox.intersection(one, other)
        assert common is None or min(common.width, common.height) < 2, (one, other)  # pixels


@pytest.mark.parametrize("panels", [1, pytest.param(4, marks=pytest.mark.long), 8])
@pytest.mark.parametrize("kind", DRAWN)
def test_few_panels_and_many(kind: str, panels: int) -> None:
    """More than there are widths is 2 widths of 2 losses at 2 learning rates."""
    assert_fits(DRAWN[kind]("short", panels))


@pytest.mark.parametrize(
    "name",
    ["words", *(pytest.param(name, marks=pytest.mark.long) for name in NAMES if name != "words")],
)
@pytest.mark.parametrize("kind", DRAWN)
def test_a_long_name(kind: str, name: str) -> None:
    assert_fits(DRAWN[kind](NAMES[name][:200].strip(), 2))


def test_a_text_is_broken_at_its_spaces_and_in_words_that_are_too_long() -> None:
    assert in_lines("a b c", 5, 10) == "a b c"
    assert in_lines("one two\nthree", 0.6, 10).split("\n") == ["one two", "three"]
    assert in_lines("one two three", 0.5, 10).split() == ["one", "two", "three"]
    broken = in_lines("W" * 50, 1, 10).split("\n")
    assert "".join(broken) == "W" * 50
    assert 1 < len(broken) < 50


def test_a_line_is_as_long_as_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured once each; a long caption that was measured line by line took a tenth of a page."""
    measured: list[str] = []
    measure = RendererAgg.get_text_width_height_descent

    def counted(self: RendererAgg, text: str, *args: Any, **more: Any) -> Any:
        measured.append(text)
        return measure(self, text, *args, **more)

    monkeypatch.setattr(RendererAgg, "get_text_width_height_descent", counted)
    text = "AVAVA To 1.0 (iii) jf, ±0.015 " * 20
    lines = in_lines(text.strip(), 4, 8).split("\n")
    assert {each.strip("|") for each in measured} <= {*text.split(" "), " ", ""}
    renderer, font = RendererAgg(1, 1, 720), FontProperties(size=8)
    inches = [measure(renderer, line, font, ismath=False)[0] / 720 for line in lines]
    assert max(inches) <= 0.94 * 4


def test_no_word_is_left_alone_and_an_equation_stays_whole() -> None:
    words = "one two three four five six seven eight nine ten"
    first, second = in_lines(words, 3, 10).split("\n")
    assert f"{first} {second}" == words
    assert abs(len(first) - len(second)) < 10
    for inches in np.linspace(1.4, 3, 9):
        lines = in_lines("gains +0.045 ± 0.015 at A = 30, T = 100", inches, 10).split("\n")
        assert not any(line.startswith(("=", "±")) or line.endswith(("=", "±")) for line in lines)
