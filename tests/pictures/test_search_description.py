"""Which trials are drawn, whichever pen draws them."""

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.search_description import describe_search


def test_only_trained_trials_are_drawn_the_best_on_top(found: RegimeMap) -> None:
    points = describe_search(found)
    assert {name: cells.index.tolist() for name, cells in points.by_loss.items()} == {
        "DCE": [0, 1, 2], "MSE": [3]
    }  # fmt: skip
    assert points.by_loss["DCE"]["sem"].tolist() == [0.02, 0.01, 0]  # one replicate has no error
    assert points.schedule.val_accuracy.tolist() == [0.6, 0.65, 0.7]
    assert points.front.index.tolist() == [1, 3]
