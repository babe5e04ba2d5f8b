"""Nothing that is drawn is cut, however many panels there are and however long a name is."""

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.accuracy import search_figure, width_figure
from dynstudy.pictures.class_curves import curve_figure, trace_figure
from dynstudy.pictures.fitting import in_lines
from dynstudy.pictures.regime_map import regime_figure
from tests.pictures.made_up import MapMaker, made_up
from tests.pictures.test_class_curves import traced
from tests.planted import SpecMaker

LONG = "a-very-long-name-of-a-study-" * 7
NAMES = ["short", LONG, LONG.replace("-", " "), "W" * 200, "a$b_" * 40]


def assert_nothing_is_cut(figure: Figure) -> None:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box = figure.get_tightbbox(canvas.get_renderer())  # type: ignore[no-untyped-call]
    width, height = figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("panels", [1, 2, 3, 4, 7])
def test_maps_of_few_panels_and_of_many(
    panels: int, pooled: bool, make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30]}
    widths = [5, 9, 20, 50, 100, 200, 500][:panels]
    study_map = made_up(make_spec(space=space | {"width": widths}), rng, predicted=True)
    assert_nothing_is_cut(regime_figure(study_map, pooled))


@pytest.mark.parametrize("name", NAMES)
def test_a_long_name(name: str, make_spec: SpecMaker, rng: np.random.Generator) -> None:
    assert_nothing_is_cut(regime_figure(made_up(make_spec(name=name.strip()[:200]), rng)))


@pytest.mark.parametrize("name", NAMES)
def test_curves_of_a_network_of_a_long_name(name: str) -> None:
    frame = traced(60)
    assert_nothing_is_cut(trace_figure(frame, 10, 40, f"{name}\nand more"))
    assert_nothing_is_cut(curve_figure(frame[frame.seed == 0], f"{name}, seed 0\nand more"))


@pytest.mark.parametrize("name", NAMES)
def test_accuracies_of_a_study_of_a_long_name(name: str, study_map: RegimeMap) -> None:
    spec = study_map.spec.model_copy(update={"name": name})
    object.__setattr__(study_map, "spec", spec)
    assert_nothing_is_cut(search_figure(study_map))


@pytest.mark.parametrize("name", NAMES)
def test_widths_of_a_study_of_a_long_name(name: str, planted: MapMaker) -> None:
    drawn: Any = planted()
    object.__setattr__(drawn, "spec", drawn.spec.model_copy(update={"name": name}))
    assert_nothing_is_cut(width_figure(drawn))


def test_a_text_is_broken_at_its_spaces_and_in_words_that_are_too_long() -> None:
    assert in_lines("a b c", 5, 10) == "a b c"
    assert in_lines("one two\nthree", 0.6, 10).split("\n") == ["one two", "three"]
    assert in_lines("one two three", 0.5, 10).split() == ["one", "two", "three"]
    broken = in_lines("W" * 50, 1, 10).split("\n")
    assert "".join(broken) == "W" * 50
    assert 1 < len(broken) < 50
