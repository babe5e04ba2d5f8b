"""The map of ledgers with planted regimes, and of ledgers with holes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select, update

from dynstudy.analysis.boundaries import has_boundaries
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.analysis.study_differences import study_differences
from dynstudy.measure.window import forgetting_window
from dynstudy.report.map_text import write_map
from dynstudy.report.overview import overview
from dynstudy.statistics.columns import MAP, names
from dynstudy.store.series import VALIDATION
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow, SeriesRow
from tests.planted import Planted, SearchMaker, SpecMaker, plant, plant_search, spread
from tests.planted_atlas import ATLAS, NOISY, plant_atlas, small_atlas


@pytest.fixture
def planted(storage: Storage, make_spec: SpecMaker) -> Planted:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 15], "width": [5, 9]}
    return Planted(storage, make_spec(replicates=10, space=space))


def row(study_map: RegimeMap, **wanted: Any) -> pd.Series:
    frame = study_map.frame
    for key, value in wanted.items():
        frame = frame[frame[key] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_planted_regimes_are_found(
    planted: Planted, storage: Storage, rng: np.random.Generator
) -> None:
    means = {(3, 10): 0.7, (30, 10): 0.3, (3, 15): 0.5, (30, 15): 0.72}
    for width in (5, 9):
        planted.put(planted.cell(loss="ce", width=width), spread(rng, 0.5, 40))
        for (amplitude, period), mean in means.items():
            cell = planted.cell(width=width, amplitude=amplitude, period=period)
            planted.put(cell, spread(rng, mean, 10), forgetting=0.9 if amplitude == 30 else 0.1)
    study_map = regime_map(storage, "small")
    assert list(study_map.frame.columns) == names(MAP)
    assert study_map.notes == []
    expected = {(3, 10): "useful", (30, 10): "harmful", (3, 15): "neutral", (30, 15): "useful"}
    for (amplitude, period), regime in expected.items():
        cell = row(study_map, width=9, amplitude=amplitude, period=period)
        assert cell.regime == regime
        assert cell.forgets is (amplitude == 30)
        assert cell.gain_low < cell.gain < cell.gain_high
        assert cell.gain == pytest.approx(means[amplitude, period] - 0.5, abs=0.02)
        assert cell.p_value <= cell.q_value
        # the planted static networks never change, so nothing is taken off
        assert cell.forgetting == pytest.approx((0.9 if amplitude == 30 else 0.1) + 0.009)
    assert (study_map.frame[study_map.frame.loss == "ce"].regime == "baseline").all()


def test_discoveries_are_controlled_per_loss_and_width(
    planted: Planted, storage: Storage, rng: np.random.Generator
) -> None:
    """One clear effect among nulls of its own family; the other family has none to lend it."""
    for width in (5, 9):
        planted.put(planted.cell(loss="ce", width=width), spread(rng, 0.5, 40, 0.05))
        for cell in planted.spec.grid_cells():
            configuration = cell.configuration
            if not configuration.static and configuration.width == width:
                clear = width == 5 and (configuration.amplitude, configuration.period) == (3, 10)
                planted.put(cell, spread(rng, 0.9 if clear else 0.5, 10, 0.05))
    dynamical = regime_map(storage, "small").dynamical_cells()
    for _, family in dynamical.groupby("width"):
        ranks = family.p_value.rank(method="max")
        expected = [
            min((family.p_value * len(family) / ranks)[family.p_value >= p]) for p in family.p_value
        ]
        np.testing.assert_allclose(family.q_value, np.minimum(expected, 1), rtol=1e-9)


def test_what_the_static_loss_forgets_is_taken_off(
    planted: Planted, storage: Storage, rng: np.random.Generator
) -> None:
    static = planted.cell(loss="ce", width=5)
    planted.put(static, spread(rng, 0.5, 40))
    cell = planted.cell(width=5, amplitude=3, period=10)
    planted.put(cell, spread(rng, 0.5, 10), forgetting=0.8)
    # let the static networks lose half of every class at each period's middles
    ends = forgetting_window(planted.spec.protocol, 10).ends
    points = planted.spec.protocol.data.validation_points_per_class
    counts = [points if step in ends else points // 2 for step in static.reads]
    with storage.engine.begin() as connection:
        connection.execute(
            update(SeriesRow)
            .where(SeriesRow.name == VALIDATION)
            .where(
                SeriesRow.replicate_id.in_(select(ReplicateRow.id).where(ReplicateRow.loss == "ce"))
            )
            .values(readings=json.dumps([counts] * 3))
        )
    cell_row = row(regime_map(storage, "small"), width=5, amplitude=3, period=10)
    assert cell_row.forgetting == pytest.approx(0.809 - 0.5)
    # and half of every class for good, since they know half of it at the end
    assert cell_row.lasting == pytest.approx(0.3 - 0.5)


def test_holes_are_holes(planted: Planted, storage: Storage, rng: np.random.Generator) -> None:
    planted.put(planted.cell(loss="ce", width=5), spread(rng, 0.5, 40))
    planted.put(planted.cell(width=5, amplitude=3, period=10), spread(rng, 0.7, 7))
    study_map = regime_map(storage, "small")
    assert row(study_map, width=5, amplitude=3, period=10).regime == "useful"
    assert (study_map.frame.regime == "missing").sum() == 1 + 7
    assert study_map.notes[0].startswith("8 of 10 cells are not trained and 1 lack replicates")
    assert any("no baseline (ce, width 9" in note for note in study_map.notes)


def test_without_a_baseline_there_is_no_gain(
    planted: Planted, storage: Storage, rng: np.random.Generator
) -> None:
    planted.put(planted.cell(width=5, amplitude=3, period=10), spread(rng, 0.7, 10))
    cell = row(regime_map(storage, "small"), width=5, amplitude=3, period=10)
    assert np.isnan(cell.gain)
    assert cell.regime == "untested"
    assert cell.val_accuracy == pytest.approx(0.7, abs=0.02)


def test_nothing_but_diverged_networks_is_called_that(
    planted: Planted, storage: Storage, rng: np.random.Generator, tmp_path: Path
) -> None:
    planted.put(planted.cell(loss="ce", width=5), spread(rng, 0.5, 40))
    planted.put(planted.cell(width=5, amplitude=3, period=10), [0.0] * 10, diverged=10)
    planted.put(planted.cell(width=5, amplitude=30, period=10), spread(rng, 0.5, 10), diverged=2)
    study_map = regime_map(storage, "small")
    lost = row(study_map, width=5, amplitude=3, period=10)
    assert (lost.regime, lost.diverged, lost.forgets) == ("diverged", 10, None)
    assert lost.val_accuracy == pytest.approx(1 / 3)
    assert np.isnan(lost.forgetting)
    assert row(study_map, width=5, amplitude=30, period=10).diverged == 2
    assert len(write_map(study_map, tmp_path)) == 2
    assert any(
        "12 of 60 networks diverged; each counts as chance, 0.333" in n for n in study_map.notes
    )


def test_one_replicate_has_no_error_and_no_label(storage: Storage, make_spec: SpecMaker) -> None:
    one = Planted(storage, make_spec(replicates=1))
    for cell in one.spec.grid_cells():
        one.put(cell, [0.5] * cell.replicates)
    study_map = regime_map(storage, "small")
    dynamical = study_map.dynamical_cells()
    assert set(dynamical.regime) == {"untested"}
    assert dynamical["sem"].isna().all()
    assert dynamical.gain_low.isna().all()
    assert any("below 6 nothing is tested" in note for note in study_map.notes)


def test_the_digest_is_of_the_rows_that_a_study_stands_on(
    planted: Planted, storage: Storage, rng: np.random.Generator
) -> None:
    def now() -> str:
        return regime_map(storage, "small").ledger

    empty = now()
    cell = planted.cell(width=5, amplitude=3, period=10)
    planted.put(cell, spread(rng, 0.5, 10))
    one = now()
    assert len({empty, one}) == 2
    assert now() == one
    planted.put(cell, spread(rng, 0.6, 12))  # seeds 0..9 are there; 10 and 11 are not the study's
    assert now() == one
    planted.put(planted.cell(width=9, amplitude=3, period=10), spread(rng, 0.5, 10))
    both = now()
    assert both not in {empty, one}
    with storage.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE dynstudy_replicate SET forgetting = forgetting + 1e-9 "
            "WHERE width = 9 AND seed = 3"
        )
    assert now() not in {empty, one, both}
    assert f"ledger {now()[:12]}" in regime_map(storage, "small").caption()


def test_a_search_for_gain_ranks_by_gain(storage: Storage, make_search: SearchMaker) -> None:
    plant_search(storage, make_search(maximize="gain", minimize="width", loss=["ce", "dce"]))
    study_map = regime_map(storage, "search")
    ranked = study_map.ranked()
    dynamical = ranked[ranked.amplitude.notna()]
    assert dynamical.gain.tolist() == sorted(dynamical.gain, reverse=True)
    assert dynamical.val_accuracy.tolist() != sorted(dynamical.val_accuracy, reverse=True)
    assert ranked.tail(len(ranked) - len(dynamical)).gain.isna().all()  # static ones are last
    assert study_map.ranked("val_accuracy").iloc[0].width == 5  # the more accurate one
    assert dynamical.iloc[0].width == 3  # which gains most
    front = study_map.pareto_front()
    assert front.index.tolist() == [dynamical.index[0]]
    assert set(study_map.pareto_front("val_accuracy").width) == {3, 5}


def test_a_map_ranks_by_accuracy(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    ranked = regime_map(storage, "small").ranked()
    assert ranked.val_accuracy.tolist() == sorted(ranked.val_accuracy, reverse=True)


def test_where_noise_is_an_axis_each_noise_is_a_panel_beside_its_static_loss(
    storage: Storage,
) -> None:
    plant_atlas(storage, small_atlas(space=NOISY))
    shown = regime_map(storage, "atlas")
    panels = dict(shown.panels())
    assert list(panels) == [("dce", 5, 1.0, 0.325), ("dce", 5, 1.0, 0.625)]
    for key, cells in panels.items():
        assert set(cells.noise) == {key[-1]}
        assert shown.baseline(*key).noise.tolist() == [key[-1]]
        assert len(shown.baseline_outcomes(*key)) == 36
    assert "DCE at width 5 and noise" in shown.headline()
    assert not has_boundaries(shown)
    assert {row["noise"] for row in overview(storage, "atlas").best} <= {0.325, 0.625}
    plant_atlas(storage, small_atlas(name="plain"))
    plain = regime_map(storage, "plain")
    assert [key for key, _ in plain.panels()] == [("dce", 5, 1.0)]
    assert plain.frame.noise.isna().all()
    both = {row["key"]: row["a"] for row in study_differences(storage, "atlas", "plain")}
    assert both["dynamical ones trained in both"] == 0
    assert "noise" not in overview(storage, "plain").best[0]


def test_static_losses_of_too_few_networks_are_told_in_one_note(storage: Storage) -> None:
    """One draw along the learning rate has one static network for each row of tiles."""
    rates = {"learning_rate": {"low": 0.1, "high": 1.0, "log": True}, "period": 20}
    plant_atlas(storage, small_atlas(seed=3, space=ATLAS["space"] | rates))
    notes = [note for note in regime_map(storage, "atlas").notes if "baseline" in note]
    (note,) = notes
    assert note.startswith("the baseline (ce, width 5, learning rate 0.")
    assert note.endswith(") and 1 more have fewer than 6 replicates")
