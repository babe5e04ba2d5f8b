"""Both pens draw the trials of a search, and its Pareto front."""

import numpy as np

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.interactive.search import search_figures
from dynstudy.pictures.search import search_figure
from dynstudy.pictures.search_description import describe_search
from tests.pictures.made_up import traces


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
