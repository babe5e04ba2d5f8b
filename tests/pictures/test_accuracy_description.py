"""Which curves over width and which trials there are, whichever pen draws them."""

import pytest

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.accuracy_description import describe_search, describe_widths
from tests.pictures.made_up import WIDTHS, MapMaker


def test_a_curve_has_the_best_cell_of_each_width_with_its_error(planted: MapMaker) -> None:
    study_map = planted()
    static, dynamical = describe_widths(study_map).curves
    assert (static.name, static.static) == ("CE, static", True)
    assert (dynamical.name, dynamical.static) == ("DCE, best cell of each width", False)
    for curve, cells in ((static, study_map.baselines()), (dynamical, study_map.dynamical_cells())):
        best = cells.sort_values("val_accuracy").groupby("width").tail(1).sort_values("width")
        assert curve.cells.width.tolist() == WIDTHS
        assert curve.cells.val_accuracy.tolist() == best.val_accuracy.tolist()
        assert curve.error.tolist() == best["sem"].tolist()
    assert describe_widths(study_map).chance == pytest.approx(1 / 3)


def test_there_is_a_curve_for_each_loss_and_rate_and_each_has_a_colour(planted: MapMaker) -> None:
    study_map = planted(["dce", "dmse1"], amplitude=3, period=10, learning_rate=[0.5, 1.0])
    curves = describe_widths(study_map).curves
    assert [curve.name for curve in curves if not curve.static] == [
        f"{loss}, A = 3, T = 10, η = {rate}" for loss in ("DCE", "DMSE1") for rate in ("0.5", "1")
    ]
    dynamical = [curve.colour for curve in curves if not curve.static]
    assert len(set(dynamical)) == 4
    assert len({curve.colour for curve in curves}) == len(curves)
    assert [curve.name.partition(",")[0] for curve in curves] == [
        "CE", "CE", "DCE", "DCE", "MSE", "MSE", "DMSE1", "DMSE1"
    ]  # fmt: skip


def test_a_rate_is_named_though_the_other_is_not_trained(planted: MapMaker) -> None:
    study_map = planted(learning_rate=[0.5, 1.0])
    study_map.frame.loc[study_map.frame.learning_rate == 1.0, "replicates"] = 0
    assert [curve.name for curve in describe_widths(study_map).curves] == [
        "CE, static, η = 0.5", "DCE, best cell of each width, η = 0.5"
    ]  # fmt: skip


def test_only_trained_trials_are_drawn_the_best_on_top(study_map: RegimeMap) -> None:
    points = describe_search(study_map)
    assert {name: cells.index.tolist() for name, cells in points.by_loss.items()} == {
        "DCE": [0, 1, 2], "MSE": [3]
    }  # fmt: skip
    assert points.by_loss["DCE"]["error"].tolist() == [0.02, 0.01, 0]  # one replicate has no error
    assert points.schedule.val_accuracy.tolist() == [0.6, 0.65, 0.7]
    assert points.front.index.tolist() == [1, 3]
