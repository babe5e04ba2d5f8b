"""The figures of accuracies on a study's page."""

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.pictures.accuracy import search_figure
from dynstudy.pictures.accuracy_description import describe_widths
from dynstudy.pictures.interactive.accuracy import WIDTH_FIGURE, search_figures
from dynstudy.pictures.interactive.accuracy import accuracy_over_width as page_figure
from dynstudy.store.studies import Storage
from tests.pictures.made_up import traces
from tests.planted import SpecMaker, plant


def test_what_is_not_trained_has_no_curve(storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    study_map = regime_map(storage, "small")
    assert describe_widths(study_map).curves == []
    assert traces(page_figure(study_map)) == {}
    assert WIDTH_FIGURE > "map"  # figures are sorted, and maps come first


def test_hovering_tells_which_cell_a_point_is(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    static, dynamical, _ = page_figure(regime_map(storage, "small")).data  # and the best by chance
    assert static.text == ("n = 8",)
    assert dynamical.text[0] in {f"A = 30, T = {period}, n = 2" for period in (10, 30)}


def test_hovering_tells_what_a_trial_was(study_map: RegimeMap) -> None:
    dce, mse, _ = search_figures(study_map)["width-accuracy"].data
    assert dce.text[0] == "dce, width 3, learning rate 1, A = 10, T = 20, n = 2"
    assert mse.text == ("mse, width 5, learning rate 1, n = 2",)


def test_without_a_schedule_there_is_one_axis(study_map: RegimeMap) -> None:
    study_map.frame.loc[study_map.frame.loss == "dce", "replicates"] = 0
    assert len(search_figure(study_map).axes) == 1
    assert list(search_figures(study_map)) == ["width-accuracy"]
    study_map.frame["replicates"] = 0
    assert search_figures(study_map) == {}
