"""Both pens draw the trials of a search, and its Pareto front."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.interactive.search import search_figures
from dynstudy.pictures.search import search_figure
from dynstudy.pictures.search_description import describe_search
from tests.pictures.made_up import traces
from tests.planted import SearchMaker


@pytest.fixture
def found(make_search: SearchMaker) -> RegimeMap:
    rows = [
        ("dce", 3, 10.0, 20.0, 0.6, 0.02), ("dce", 3, 20.0, 30.0, 0.7, 0.01),
        ("dce", 5, 30.0, 40.0, 0.65, np.nan), ("mse", 5, np.nan, np.nan, 0.75, 0.03),
        ("dce", 5, 40.0, 50.0, 0.5, 0.02),
    ]  # fmt: skip
    frame = pd.DataFrame(
        rows, columns=["loss", "width", "amplitude", "period", "val_accuracy", "sem"]
    )
    frame = frame.assign(learning_rate=1.0, replicates=[2, 2, 1, 2, 0])
    return RegimeMap(make_search(loss=["dce", "mse"]), frame, [], [np.empty(0)] * 5)


def test_only_trained_trials_are_drawn_the_best_on_top(found: RegimeMap) -> None:
    points = describe_search(found)
    assert {name: cells.index.tolist() for name, cells in points.by_loss.items()} == {
        "DCE": [0, 1, 2], "MSE": [3]
    }  # fmt: skip
    assert points.by_loss["DCE"]["sem"].tolist() == [0.02, 0.01, 0]  # one replicate has no error
    assert points.schedule.val_accuracy.tolist() == [0.6, 0.65, 0.7]
    assert points.front.index.tolist() == [1, 3]


def test_both_pens_draw_the_same(found: RegimeMap) -> None:
    points = describe_search(found)
    figure, page = search_figure(found), search_figures(found)
    widths, schedule, colours = figure.axes
    on_page = traces(page["width-accuracy"])
    drawn = {each.get_label(): each for each in widths.containers}
    assert [*drawn, "Pareto front"] == list(on_page)
    for name, cells in points.by_loss.items():
        line, _, (bars,) = drawn[name].lines
        np.testing.assert_array_equal(line.get_data(), [cells.width, cells.val_accuracy])
        low, high = np.array([ends[:, 1] for ends in bars.get_segments()]).T
        np.testing.assert_allclose((high - low) / 2, cells["sem"], atol=1e-12)
        assert (on_page[name]["x"], on_page[name]["y"]) == (
            cells.width.tolist(), cells.val_accuracy.tolist()
        )  # fmt: skip
        assert on_page[name]["error_y"]["array"] == cells["sem"].tolist()
    front = next(line for line in widths.lines if line.get_label() == "Pareto front")
    np.testing.assert_array_equal(front.get_data(), [[3, 5], [0.7, 0.75]])
    assert (on_page["Pareto front"]["x"], on_page["Pareto front"]["y"]) == ([3, 5], [0.7, 0.75])
    layout = page["width-accuracy"].to_plotly_json()["layout"]
    assert widths.get_xlabel() == layout["xaxis"]["title"]["text"] == "width (hidden units)"
    assert widths.get_ylabel() == layout["yaxis"]["title"]["text"] == "validation accuracy"
    names = {text.get_text() for text in widths.get_legend().get_texts()}
    assert names == {"DCE", "MSE", "Pareto front", "chance"}

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
    assert figure.get_suptitle() == (
        f"search: 200 steps, 4 configurations of 2 replicates\n{found.condition}"
    )


def test_hovering_tells_what_a_trial_was(found: RegimeMap) -> None:
    dce, mse, _ = search_figures(found)["width-accuracy"].data
    assert dce.text[0] == "dce, width 3, η = 1, n = 2, A = 10, T = 20"
    assert mse.text == ("mse, width 5, η = 1, n = 2",)


def test_without_a_schedule_there_is_one_axis(found: RegimeMap) -> None:
    found.frame.loc[found.frame.loss == "dce", "replicates"] = 0
    assert len(search_figure(found).axes) == 1
    assert list(search_figures(found)) == ["width-accuracy"]
    found.frame["replicates"] = 0
    assert search_figures(found) == {}
