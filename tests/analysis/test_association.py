"""How the gain goes with measures, where that was planted."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dynstudy.analysis import association
from dynstudy.analysis.association import COLUMNS, associate
from dynstudy.analysis.measure_map import INSTABILITIES, MeasureMap, map_of_measures
from dynstudy.analysis.regime_map import regime_map
from dynstudy.measure.measures import INSTABILITY, MEASURES
from dynstudy.statistics.columns import names
from dynstudy.statistics.rank_correlation import holm_p_values
from dynstudy.store.studies import Storage
from tests.planted import plant_instability


@pytest.fixture
def measures(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> MeasureMap:
    monkeypatch.setattr(association, "RESAMPLES", 199)
    plant_instability(storage)
    return map_of_measures(regime_map(storage, "small"), INSTABILITIES)


def test_what_was_planted_is_read(measures: MeasureMap) -> None:
    frame = associate(measures, draws=200).frame
    assert list(frame.columns) == names(COLUMNS)
    assert frame.measure.tolist() == list(INSTABILITY)
    rows = {row["measure"]: row for row in frame.to_dict("records")}
    cells = measures.study_map.dynamical_cells()
    for name, row in rows.items():
        assert (row["cells"], row["networks"], row["width"]) == (12, 72, 5)
        rho = stats.spearmanr(cells.gain.astype(float), cells[name].astype(float))[0]
        assert row["rho_cells"] == pytest.approx(rho, rel=1e-9)
        assert row["rho_cells_low"] <= row["rho_cells"] + 1e-9
        assert row["rho_cells_high"] >= row["rho_cells"] - 1e-9
    # accuracy rises and falls with the share of uphill steps; the other two rise with nothing else
    assert rows["share_uphill"]["hump_low"] > 0
    # of the networks of a cell those with more onsets are the more accurate ones, and no others
    assert rows["onsets_per_oscillation"]["rho_networks"] == pytest.approx(1)
    assert rows["onsets_per_oscillation"]["p_networks"] < 1e-9
    for name in ("share_uphill", "largest_curvature"):
        assert abs(rows[name]["rho_networks"]) < 0.4
        assert rows[name]["p_networks"] > 0.001
    # the share past 2/η depends on A alone: at equal A and T nothing is left, and no cell varies
    for kind in ("equal", "networks"):
        assert np.isnan(rows["share_past_edge"][f"rho_{kind}"])
        assert np.isnan(rows["share_past_edge"][f"holm_{kind}"])
    for kind in ("cells", "equal", "networks"):
        expected = holm_p_values(frame[f"p_{kind}"].to_numpy(float))
        np.testing.assert_array_equal(frame[f"holm_{kind}"].to_numpy(float), expected)


def test_it_reads_the_same_every_time(measures: MeasureMap) -> None:
    first, second = (associate(measures, draws=20) for _ in range(2))
    pd.testing.assert_frame_equal(first.frame, second.frame)


def test_panels_stand_alone_then_together(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(association, "RESAMPLES", 99)
    space = {"learning_rate": 1.0, "amplitude": [2, 8, 16], "period": [10, 30], "width": [5, 9]}
    plant_instability(storage, space=space)
    measured = map_of_measures(regime_map(storage, "small"), "share_uphill")
    result = associate(measured, draws=50)
    frame = result.frame
    assert frame.width.tolist()[:2] == [5, 9]
    assert pd.isna(frame.width[2])
    assert frame.cells.tolist() == [6, 6, 12]
    assert [len(shapes) for shapes in result.shapes] == [1, 1]
    assert frame.gain_least[2] == pytest.approx(frame.gain_least[:2].mean())


def test_too_few_cells_are_no_relation(storage: Storage) -> None:
    space = {"learning_rate": 1.0, "amplitude": [2, 4], "period": [10, 30], "width": 5}
    plant_instability(storage, space=space)
    measured = map_of_measures(regime_map(storage, "small"), INSTABILITIES)
    frame = associate(measured, draws=10).frame
    assert frame.cells.tolist() == [4] * 4
    assert frame.drop(columns=names(COLUMNS[:7])).isna().all(axis=None)


def test_intervals_hold_what_many_networks_would_say(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of maps of the same true means, the correlation among networks is in its interval as often
    as it should be, and of nothing the p-value is below 0.05 no more often than it should be."""
    monkeypatch.setattr(association, "RESAMPLES", 19)
    spec = plant_instability(storage)
    study_map = regime_map(storage, spec.name)
    rng = np.random.default_rng(3)
    inside, false = 0, 0
    for _ in range(30):
        index = study_map.dynamical_cells().index
        for row in index:
            x, y = rng.normal(size=(2, 6))
            study_map.outcomes[row] = 0.5 + 0.01 * x
            study_map.measured[row] = dict(study_map.measured[row]) | {
                "share_uphill": 0.2 + 0.01 * y
            }
        measured = map_of_measures(study_map, "share_uphill")
        (row,) = associate(
            MeasureMap(measured.study_map, [MEASURES["share_uphill"]]), 60
        ).frame.to_dict("records")
        inside += row["rho_networks_low"] <= 0 <= row["rho_networks_high"]
        false += row["p_networks"] < 0.05
    assert inside >= 25
    assert false <= 5
