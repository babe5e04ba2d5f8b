"""A map of a measure says what the networks of each cell were measured."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.measure_map import (
    INSTABILITIES,
    has_instability,
    map_of_measures,
    measure_columns,
)
from dynstudy.analysis.regime_map import regime_map
from dynstudy.errors import DynstudyError
from dynstudy.measure.measures import INSTABILITY, MEASURES
from dynstudy.statistics.columns import names
from dynstudy.store.studies import Storage
from tests.planted import (
    SMALL,
    Planted,
    SearchMaker,
    SpecMaker,
    plant,
    plant_instability,
    plant_search,
    small_map,
)

NAN = float("nan")


def test_means_and_errors_are_those_of_the_networks(storage: Storage) -> None:
    plant_instability(storage)
    study_map = regime_map(storage, "small")
    measures = map_of_measures(study_map, INSTABILITIES)
    frame = measures.frame
    assert [measure.name for measure in measures.measures] == list(INSTABILITY)
    assert list(frame.columns) == names(measure_columns(measures.measures))
    for index, row in frame.iterrows():
        values = study_map.measured[index]["share_uphill"]
        assert row.share_uphill == pytest.approx(values.mean(), rel=1e-12)
        assert row.share_uphill_sem == pytest.approx(
            values.std(ddof=1) / np.sqrt(len(values)), rel=1e-9
        )
    static = frame[frame.amplitude.isna()]
    assert static.onsets_per_oscillation.isna().all()  # it has no oscillation
    low, high = measures.limits(MEASURES["share_uphill"])
    dynamical = frame[frame.amplitude.notna()].share_uphill
    assert (low, high) == (0.0, dynamical.max())
    assert "share_uphill_sem" not in study_map.frame  # whose columns stay what they are


def test_any_measure_has_a_map(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    study_map = regime_map(storage, "small")
    frame = map_of_measures(study_map, "forgetting").frame
    pd.testing.assert_series_equal(frame.forgetting, study_map.frame.forgetting)
    assert list(frame.columns).count("val_accuracy") == 1
    assert "val_accuracy_sem" in map_of_measures(study_map, "val_accuracy").frame
    assert not has_instability(study_map)


def test_what_cannot_be_shown_is_said_in_a_line(
    storage: Storage, make_spec: SpecMaker, make_search: SearchMaker
) -> None:
    plant(storage, make_spec())
    plant_search(storage, make_search())
    study_map = regime_map(storage, "small")
    with pytest.raises(DynstudyError, match="'steepness': is no measure; there are val_accuracy"):
        map_of_measures(study_map, "steepness")
    for show, what in (("instability", "instabilities"), ("share_uphill", "share of uphill steps")):
        message = f"small: {what} of its networks were not read; add a table .protocol.curvature."
        with pytest.raises(DynstudyError, match=message):
            map_of_measures(study_map, show)
    with pytest.raises(DynstudyError, match="search: has no map of a measure"):
        map_of_measures(regime_map(storage, "search"), "forgetting")


def test_a_study_that_reads_a_part_shows_that(storage: Storage) -> None:
    curvature = {"records": [], "onsets": False, "uphill": True}
    spec = plant_instability(
        storage, name="part", protocol={"steps": 200, "tail": 50, "curvature": curvature}
    )
    study_map = regime_map(storage, spec.name)
    assert map_of_measures(study_map, INSTABILITIES).names == ["share_uphill"]
    with pytest.raises(DynstudyError, match="part: largest curvature of its networks were not"):
        map_of_measures(study_map, "largest_curvature")


def test_what_is_asked_for_and_not_trained_yet_is_said(storage: Storage) -> None:
    spec = small_map(protocol=SMALL["protocol"] | {"curvature": {}})
    storage.open_study(spec)
    with pytest.raises(DynstudyError, match="small: no network has share of uphill steps yet"):
        map_of_measures(regime_map(storage, "small"), INSTABILITIES)


def test_where_all_networks_diverged_no_launch_is_promised_to_help(storage: Storage) -> None:
    spec = small_map(protocol=SMALL["protocol"] | {"curvature": {}})
    planted = Planted(storage, spec)
    for cell in spec.grid_cells():
        count = cell.replicates
        planted.put(cell, [1 / 3] * count, diverged=count, measured={"share_uphill": [NAN] * count})
    with pytest.raises(DynstudyError, match="uphill steps: all of them diverged; a smaller learn"):
        map_of_measures(regime_map(storage, "small"), "share_uphill")


def test_where_oscillations_are_too_few_no_launch_alone_is_promised_to_help(
    storage: Storage,
) -> None:
    spec = small_map()
    planted = Planted(storage, spec)
    for cell in spec.grid_cells():
        nothing = [NAN] * cell.replicates
        planted.put(cell, [0.4] * cell.replicates, measured={"forgetting": nothing})
    with pytest.raises(DynstudyError, match="no network has forgetting: too few oscillations"):
        map_of_measures(regime_map(storage, "small"), "forgetting")
