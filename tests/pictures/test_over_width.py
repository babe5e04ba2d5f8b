"""Both pens draw the curves over width that there are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.pictures.interactive.over_width import WIDTH_FIGURE
from dynstudy.pictures.interactive.over_width import width_figure as page_figure
from dynstudy.pictures.over_width import width_figure
from dynstudy.pictures.width_description import describe_widths
from dynstudy.store.studies import Storage
from tests.pictures.made_up import traces
from tests.planted import SpecMaker, plant

MapMaker = Callable[..., RegimeMap]
WIDTHS = [5, 9, 20]


@pytest.fixture
def planted(storage: Storage, make_spec: SpecMaker) -> MapMaker:
    """A planted map; keywords replace parts of its space."""

    def make(loss: Any = "dce", **changes: Any) -> RegimeMap:
        space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": WIDTHS}
        plant(storage, make_spec(loss=loss, space=space | changes))
        return regime_map(storage, "small")

    return make


def test_a_curve_has_the_best_cell_of_each_width_with_its_error(planted: MapMaker) -> None:
    found = planted()
    static, dynamical = describe_widths(found).curves
    assert (static.name, static.static) == ("CE, static", True)
    assert (dynamical.name, dynamical.static) == ("DCE, best cell of each width", False)
    for curve, cells in ((static, found.baselines()), (dynamical, found.dynamical_cells())):
        best = cells.sort_values("val_accuracy").groupby("width").tail(1).sort_values("width")
        assert curve.cells.width.tolist() == WIDTHS
        assert curve.cells.val_accuracy.tolist() == best.val_accuracy.tolist()
        assert curve.error.tolist() == best["sem"].tolist()
    assert describe_widths(found).chance == pytest.approx(1 / 3)


def test_there_is_a_curve_for_each_loss_and_rate_and_each_has_a_colour(planted: MapMaker) -> None:
    found = planted(["dce", "dmse1"], amplitude=3, period=10, learning_rate=[0.5, 1.0])
    curves = describe_widths(found).curves
    assert [curve.name for curve in curves if not curve.static] == [
        f"{loss}, A = 3, T = 10, η = {rate}" for loss in ("DCE", "DMSE1") for rate in ("0.5", "1")
    ]
    dynamical = [curve.colour for curve in curves if not curve.static]
    assert len(set(dynamical)) == 4
    grey = [curve.colour for curve in curves if curve.static]
    assert grey == ["#595959", "#595959", "#999999", "#999999"]


def test_a_rate_is_named_though_the_other_is_not_trained(planted: MapMaker) -> None:
    found = planted(learning_rate=[0.5, 1.0])
    found.frame.loc[found.frame.learning_rate == 1.0, "replicates"] = 0
    assert [curve.name for curve in describe_widths(found).curves] == [
        "CE, static, η = 0.5", "DCE, best cell of each width, η = 0.5"
    ]  # fmt: skip


@pytest.mark.parametrize("amplitude", [3, [3, 30]])
def test_both_pens_draw_the_same(amplitude: Any, planted: MapMaker) -> None:
    found = planted(["dce", "dmse1"], amplitude=amplitude, learning_rate=[0.5, 1.0])
    described = describe_widths(found)
    figure, page = width_figure(found), page_figure(found)
    (axis,) = figure.axes
    drawn = {each.get_label(): each for each in axis.containers}
    on_page = traces(page)
    assert list(drawn) == list(on_page) == [curve.name for curve in described.curves]
    for curve in described.curves:
        means, errors = curve.cells.val_accuracy.to_numpy(float), curve.error.to_numpy()
        line, _, (bars,) = drawn[curve.name].lines
        np.testing.assert_array_equal(line.get_xdata(), WIDTHS)
        np.testing.assert_array_equal(line.get_ydata(), means)
        low, high = np.array([ends[:, 1] for ends in bars.get_segments()]).T
        np.testing.assert_allclose([low, high], [means - errors, means + errors])
        assert to_hex(line.get_color()) == curve.colour
        assert line.get_linestyle() == ("--" if curve.static else "-")
        trace = on_page[curve.name]
        assert trace["x"] == WIDTHS
        assert trace["y"] == means.tolist()
        assert trace["error_y"]["array"] == errors.tolist()
        assert trace["line"] == {"color": curve.colour, "dash": "dash" if curve.static else "solid"}
    chance = next(line for line in axis.lines if line.get_label() == "chance")
    layout = page.to_plotly_json()["layout"]
    assert chance.get_ydata()[0] == layout["shapes"][0]["y0"] == pytest.approx(1 / 3)
    assert axis.get_xlabel() == layout["xaxis"]["title"]["text"] == "width (hidden units)"
    assert layout["yaxis"]["title"]["text"] == "validation accuracy"
    assert axis.get_ylabel() == "validation accuracy (mean ± standard error)"
    assert axis.get_xticks().tolist() == layout["xaxis"]["tickvals"] == WIDTHS
    assert axis.get_title() == found.caption()
    assert {text.get_text() for text in axis.get_legend().get_texts()} == {*drawn, "chance"}


def test_what_is_not_trained_has_no_curve(storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    found = regime_map(storage, "small")
    assert describe_widths(found).curves == []
    assert traces(page_figure(found)) == {}
    assert WIDTH_FIGURE > "map"  # figures are sorted, and maps come first
