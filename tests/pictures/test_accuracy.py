"""Both pens draw the curves over width that there are, the trials of a search and its front."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.dashboard.page import PAGES
from dynstudy.errors import DynstudyError
from dynstudy.pictures.accuracy import search_figure, width_figure
from dynstudy.pictures.accuracy_description import describe_search, describe_widths
from dynstudy.pictures.interactive.accuracy import accuracy_over_width as page_figure
from dynstudy.pictures.interactive.accuracy import search_figures
from dynstudy.store.studies import Storage
from tests.pictures.made_up import WIDTHS, MapMaker, traces
from tests.planted import SearchMaker, plant_search


@pytest.mark.parametrize("amplitude", [3, [3, 30]])
def test_both_pens_draw_the_same(amplitude: Any, planted: MapMaker) -> None:
    study_map = planted(["dce", "dmse1"], amplitude=amplitude, learning_rate=[0.5, 1.0])
    described = describe_widths(study_map)
    figure, page = width_figure(study_map), page_figure(study_map)
    (axis,) = figure.axes
    drawn = {each.get_label(): each for each in axis.containers}
    on_page = traces(page)
    assert list(drawn) == [curve.name for curve in described.curves]
    by_chance = [curve.name for curve in described.by_chance]
    assert list(on_page) == [*drawn, *by_chance]
    assert len(by_chance) == 4  # two losses at two rates, of several cells each
    for curve in described.by_chance:
        (line,) = [each for each in axis.lines if each.get_label() == curve.name]
        trace = on_page[curve.name]
        assert trace["x"] == line.get_xdata().tolist() == curve.cells.width.tolist()
        assert trace["y"] == line.get_ydata().tolist() == curve.cells.val_accuracy.tolist()
        assert (line.get_linestyle(), trace["line"]["dash"]) == (":", "dot")
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
    assert figure.get_suptitle().split() == study_map.headline().split()
    (legend,) = figure.legends
    assert legend.get_title().get_text().split() == study_map.caption().split()
    assert [text.get_text() for text in legend.get_texts()] == [*drawn, *by_chance, "chance"]


def test_both_pens_draw_the_same_trials_of_a_search(study_map: RegimeMap) -> None:
    points = describe_search(study_map)
    figure, page = search_figure(study_map), search_figures(study_map)
    widths, schedule, colours = figure.axes
    on_page = traces(page["width-accuracy"])
    drawn = {each.get_label(): each for each in widths.containers}
    assert [*drawn, "Pareto front"] == list(on_page)
    for name, cells in points.by_loss.items():
        line, _, (bars,) = drawn[name].lines
        np.testing.assert_array_equal(line.get_data(), [cells.width, cells.val_accuracy])
        low, high = np.array([ends[:, 1] for ends in bars.get_segments()]).T
        np.testing.assert_allclose((high - low) / 2, cells["error"], atol=1e-12)
        assert (on_page[name]["x"], on_page[name]["y"]) == (
            cells.width.tolist(), cells.val_accuracy.tolist()
        )  # fmt: skip
        assert on_page[name]["error_y"]["array"] == cells["error"].tolist()
    front = next(line for line in widths.lines if line.get_label() == "Pareto front")
    np.testing.assert_array_equal(front.get_data(), [[3, 5], [0.7, 0.75]])
    assert (on_page["Pareto front"]["x"], on_page["Pareto front"]["y"]) == ([3, 5], [0.7, 0.75])
    layout = page["width-accuracy"].to_plotly_json()["layout"]
    assert widths.get_xlabel() == layout["xaxis"]["title"]["text"] == "width (hidden units)"
    assert layout["yaxis"]["title"]["text"] == "validation accuracy"
    assert widths.get_ylabel() == "validation accuracy (mean ± standard error)"
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["DCE", "MSE", "Pareto front", "chance"]

    (scatter,) = schedule.collections
    np.testing.assert_array_equal(
        scatter.get_offsets(), points.schedule[["amplitude", "period"]].to_numpy()
    )
    np.testing.assert_array_equal(scatter.get_array(), points.schedule.val_accuracy)
    (trace,) = traces(page["schedule-accuracy"]).values()
    assert (trace["x"], trace["y"]) == ([10, 30, 20], [20, 40, 30])
    assert trace["marker"]["color"] == [0.6, 0.65, 0.7]
    layout = page["schedule-accuracy"].to_plotly_json()["layout"]
    assert schedule.get_xlabel() == layout["xaxis"]["title"]["text"] == "amplitude A"
    assert schedule.get_ylabel() == layout["yaxis"]["title"]["text"] == "period T (steps)"
    assert colours.get_ylabel() == "validation accuracy"
    assert figure.get_suptitle().split() == (
        "best validation accuracy of 4 trials: 0.750 ± 0.030, mse, width 5, learning rate 1".split()
    )
    assert legend.get_title().get_text().split("\n") == [
        "search: 200 steps, 2 replicates a trial; the best of many is flattered",
        f"{study_map.condition}; ledger ",
    ]


def test_both_pens_draw_the_gain_where_a_search_is_for_that(
    storage: Storage, make_search: SearchMaker
) -> None:
    plant_search(storage, make_search(maximize="gain"))
    study_map = regime_map(storage, "search")
    figure, page = search_figure(study_map), search_figures(study_map)
    widths, schedule, colours = figure.axes
    cells = study_map.frame.dropna(subset="gain")
    trace = traces(page["width-accuracy"])["DCE"]
    (drawn,) = widths.containers
    assert trace["y"] == drawn.lines[0].get_ydata().tolist() == cells.gain.tolist()
    half = (cells.gain_high - cells.gain_low) / 2
    assert trace["error_y"]["array"] == pytest.approx(half.tolist())
    title = "gain over the static loss"
    layout = page["width-accuracy"].to_plotly_json()["layout"]
    assert layout["yaxis"]["title"]["text"] == title
    assert widths.get_ylabel() == f"{title} (mean, 95 % interval)"
    assert layout["title"]["text"] == "Gain over width<br><sup>mean, 95 % interval</sup>"
    assert "static loss" in {text.get_text() for text in figure.legends[0].get_texts()}
    assert max(schedule.collections[0].get_array()) == cells.gain.max()
    assert colours.get_ylabel() == title
    # white is nothing, in both
    marker = next(iter(traces(page["schedule-accuracy"]).values()))["marker"]
    limit = cells.gain.abs().max()
    assert schedule.collections[0].get_clim() == (-limit, limit) == (marker["cmin"], marker["cmax"])
    best = cells.loc[cells.gain.idxmax()]
    assert figure.get_suptitle().startswith(
        f"best gain over the static loss of 8 trials: {best.gain:+.3f}"
    )


def test_trials_whose_gain_is_not_known_are_not_drawn(
    storage: Storage, make_search: SearchMaker
) -> None:
    plant_search(storage, make_search())
    searched = regime_map(storage, "search")
    cells = searched.frame.assign(gain=np.nan)
    of_gain = RegimeMap(make_search(maximize="gain"), cells, [], searched.outcomes)
    assert search_figures(of_gain) == {}
    with pytest.raises(DynstudyError, match="no trained cell to draw"):
        search_figure(of_gain)
    assert PAGES["search"](of_gain, []).files == {}
