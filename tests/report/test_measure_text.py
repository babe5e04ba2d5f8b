"""Measures and associations on a terminal, and as files."""

import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dynstudy.analysis import association
from dynstudy.analysis.association import COLUMNS, associate
from dynstudy.analysis.measure_map import (
    INSTABILITIES,
    MeasureMap,
    map_of_measures,
    measure_columns,
)
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.report.measure_text import (
    print_association,
    print_measures,
    short_association,
    write_association,
    write_measures,
)
from dynstudy.statistics.columns import names
from dynstudy.store.studies import Storage
from tests.planted import plant_instability
from tests.png import title_of


@pytest.fixture
def measures(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> MeasureMap:
    monkeypatch.setattr(association, "RESAMPLES", 99)
    plant_instability(storage)
    return map_of_measures(regime_map(storage, "small"), INSTABILITIES)


def test_a_grid_of_each_measure_says_the_regime_beside_it(measures: MeasureMap) -> None:
    text = io.StringIO()
    print_measures(measures, text)
    printed = text.getvalue()
    assert "dce, width 5, learning rate 1: share of uphill steps\n" in printed
    assert "dce, width 5, learning rate 1: largest curvature, in 2/η\n" in printed
    cells = measures.study_map.dynamical_cells()
    for row in cells.to_dict("records"):
        mark = {"useful": "+", "harmful": "-", "neutral": "=", "unsettled": "?"}[row["regime"]]
        assert f"{row['share_uphill']:.3f} {mark}" in printed


def test_an_association_in_few_columns(measures: MeasureMap) -> None:
    result = associate(measures, draws=50)
    rows = short_association(result.frame)
    (onsets,) = [row for row in rows if row["measure"] == "onsets_per_oscillation"]
    assert onsets["ρ, networks"] == "+1.00 [+1.00, +1.00] *"
    frame = result.frame.set_index("measure")
    hump = frame.loc["share_uphill"]
    assert rows[0]["hump"].startswith(f"{hump.hump:+.3f} [{hump.hump_low:+.3f}, ")
    assert rows[0]["gain: least, middle, most"].split() == [
        f"{hump[name]:+.3f}" for name in ("gain_least", "gain_middle", "gain_most")
    ]
    past = frame.loc["share_past_edge"]
    assert pd.isna(past.rho_networks)
    assert rows[1]["ρ, networks"] == ""
    text = io.StringIO()
    print_association(result, text)
    assert "none of it is an experiment" in " ".join(text.getvalue().split())


def test_both_are_written_as_picture_and_table(measures: MeasureMap, tmp_path: Path) -> None:
    result = associate(measures, draws=20)
    for (picture, table), columns in (
        (write_measures(measures, INSTABILITIES, tmp_path), measure_columns(measures.measures)),
        (write_association(result, tmp_path), COLUMNS),
    ):
        assert title_of(picture) == "small"
        assert list(pd.read_csv(table).columns) == names(columns)
    assert sorted(path.name for path in tmp_path.glob("small-*")) == [
        "small-association.csv",
        "small-association.png",
        "small-instability.csv",
        "small-instability.png",
    ]


def test_where_nothing_has_a_gain_it_is_said_and_nothing_written(
    storage: Storage, tmp_path: Path
) -> None:
    spec = plant_instability(storage)
    study_map = regime_map(storage, spec.name)
    frame = study_map.frame.copy()
    frame.loc[frame.amplitude.isna(), "regime"] = "missing"  # the static loss
    alone = map_of_measures(replace(study_map, frame=frame), INSTABILITIES)
    result = associate(alone)
    assert result.frame.empty
    text = io.StringIO()
    print_association(result, text)
    assert text.getvalue().strip().startswith("no cell has a gain over a static loss")
    assert write_association(result, tmp_path) == []


def test_every_map_of_accuracy_can_be_printed_and_drawn(any_map: RegimeMap, tmp_path: Path) -> None:
    """With holes, one replicate, no static loss."""
    if any_map.dynamical_cells().val_accuracy.isna().all():
        return
    measures = map_of_measures(any_map, "val_accuracy")
    print_measures(measures, io.StringIO())
    assert len(write_measures(measures, "val_accuracy", tmp_path)) == 2
