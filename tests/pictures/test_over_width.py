"""Both pens draw the curves over width that there are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

from dynstudy.analysis.regime_map import RegimeMap, regime_map
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
