"""The figures of a search on its page."""

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.interactive.search import search_figures
from dynstudy.pictures.search import search_figure


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
