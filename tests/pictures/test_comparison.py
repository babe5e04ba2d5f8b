"""The picture of a comparison: maps on one scale, or curves over width."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dynstudy.analysis.comparison import GainCurve, SideBySide, side_by_side
from dynstudy.pictures.comparison import comparison_figure
from dynstudy.pictures.map_description import largest_gain
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker, plant

Comparer = Callable[..., SideBySide]


@pytest.fixture
def compared(storage: Storage, make_spec: SpecMaker) -> Comparer:
    """Two losses of a planted study; keywords replace parts of its space."""

    def make(**changes: Any) -> SideBySide:
        space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 9]}
        plant(storage, make_spec(name="a$b$", loss=["dce", "dmse1"], space=space | changes))
        return side_by_side(storage, ["a$b$"])

    return make


def test_sides_are_maps_in_the_same_colours(compared: Comparer) -> None:
    sides = compared()
    figure = comparison_figure(sides)
    *axes, colours = figure.axes
    assert [axis.get_title() for axis in axes] == [
        f"a$b$: {side.loss.upper()}, width {width}, η = 1\n"
        f"{side.study_map.static_accuracy(side.loss, width, 1.0)}"
        for side in sides.sides
        for width in (5, 9)
    ]
    limit = max(largest_gain(side.study_map) for side in sides.sides)
    meshes = [axis.collections[0] for axis in axes]
    assert {mesh.get_clim() for mesh in meshes} == {(-limit, limit)}
    for mesh, (side, width) in zip(
        meshes, [(side, width) for side in sides.sides for width in (5, 9)], strict=True
    ):
        cells = side.trained()
        gain = cells[cells.width == width].pivot(index="period", columns="amplitude", values="gain")
        np.testing.assert_array_equal(mesh.get_array(), gain.to_numpy(float))
    assert {(axis.get_xlabel(), axis.get_ylabel()) for axis in axes} == {
        ("amplitude A", "period T (steps)")
    }
    assert colours.get_ylabel() == "gain in validation accuracy over the static loss"
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[0] == "border of the useful regime"
    assert "▲ useful" in legend[-1]


def test_signs_are_explained_where_there_are_some(compared: Comparer) -> None:
    figure = comparison_figure(compared(amplitude=[3.0 + k for k in range(16)]))
    assert not figure.axes[0].texts
    assert figure.legends[0].get_texts()[-1].get_text() == "catastrophic forgetting"


def test_a_legend_is_no_wider_than_its_figure(compared: Comparer) -> None:
    figure = comparison_figure(compared())
    assert figure.legends[0].get_window_extent().width <= figure.bbox.width


def test_one_cell_of_each_width_makes_curves(compared: Comparer) -> None:
    sides = compared(amplitude=3, period=10, width=[5, 9, 20])
    curves = GainCurve.of(sides)
    figure = comparison_figure(sides)
    (axis,) = figure.axes
    for number, (curve, drawn) in enumerate(zip(curves, axis.containers, strict=True)):
        line, _, (bars,) = drawn.lines
        shift = 1.015 ** (number - 0.5)
        np.testing.assert_allclose(line.get_xdata().astype(float), np.array([5, 9, 20]) * shift)
        np.testing.assert_array_equal(line.get_ydata(), curve.gains.gain)
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, curve.gains[["gain_low", "gain_high"]])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "a$b$: DCE, η = 1", "a$b$: DMSE1, η = 1"
    ]  # fmt: skip
    caption = sides.sides[0].study_map.caption()
    assert legend.get_title().get_text().split() == caption.split()
    assert figure.get_suptitle().startswith("Gain, mean over matched cells")
    assert axis.get_xlabel() == "width (hidden units)"
    assert axis.get_ylabel() == "gain in validation accuracy\nover the static loss"
    assert axis.get_xticks().tolist() == [5, 9, 20]
