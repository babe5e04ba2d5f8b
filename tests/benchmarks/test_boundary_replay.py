"""Boundary studies replayed on a map that was never trained."""

import json
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import dynstudy
from benchmarks.boundary_replay import app, replay
from dynstudy.errors import DynstudyError
from dynstudy.search.prediction import predict_cells
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.search import SearchSpec
from dynstudy.study.spec import StudySpec
from tests.planted import plant

WHOLE: dict[str, Any] = {
    "name": "whole",
    "kind": "map",
    "loss": "dce",
    "replicates": 10,
    "space": {
        "learning_rate": 1.0,
        "amplitude": [10, 30, 60, 600, 800, 1000],
        "period": [30, 100],
        "width": 20,
    },
}


def test_each_rule_labels_the_map_from_a_part_of_its_cells(storage: Storage, url: str) -> None:
    plant(storage, StudySpec.of(WHOLE))
    options = "--cells 6 --batch 3 --seeds 2 --resamples 20 --format json".split()
    done = CliRunner().invoke(app, ["whole", "--storage", url, *options])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["rule"] for row in rows] == ["chosen", "space-filling", "random"]
    assert all(row["trained"] <= 6 and row["cells"] == 12 for row in rows)
    assert all(0 <= row["lowest"] <= row["agreement"] <= row["highest"] <= 1 for row in rows)
    assert rows[0]["stable"] > 6
    assert "labels of 20 resamples" in done.stderr


def test_what_is_no_finished_map_is_refused(storage: Storage, make_search: Any) -> None:
    search: SearchSpec = make_search()
    storage.open_study(search)
    storage.open_study(StudySpec.of(WHOLE))
    for name, said in (("search", "replay needs a map"), ("whole", "are not trained yet")):
        with pytest.raises(DynstudyError, match=said):
            replay(storage, name, batch=2, seeds=1, resamples=20)


PLANTED: dict[str, Any] = WHOLE | {
    "name": "planted",
    "space": WHOLE["space"]
    | {"amplitude": [3, 10, 30, 60, 150, 300, 600, 1000], "period": [30, 100, 300]},
}


@pytest.mark.long
def test_a_map_is_replayed_without_training(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def otherwise(*arguments: Any) -> tuple[pd.DataFrame, int]:
        frame, unsettled = predict_cells(*arguments)
        return frame.assign(forgets=[not answer for answer in frame.forgets]), unsettled

    plant(storage, StudySpec.of(PLANTED))
    rows = replay(storage, "planted", count=12, batch=4, seeds=3, resamples=20)
    assert [row.rule for row in rows] == ["chosen", "space-filling", "random"]
    for row in rows:
        assert (row.trained, row.cells, row.studies) == (12, 24, 3)
        assert 12 < row.stable <= 24
        assert 0.5 < row.lowest <= row.agreement <= row.highest <= 1
        assert row.predicted <= row.agreement
    assert rows[0].agreement > 0.9
    monkeypatch.setattr("benchmarks.boundary_replay.predict_cells", otherwise)
    (spoilt, *_) = replay(storage, "planted", count=12, batch=4, seeds=3, resamples=20)
    assert spoilt.predicted == 0  # both parts of a label count
    assert 0 < spoilt.agreement < rows[0].agreement
    monkeypatch.undo()
    (whole, *_) = replay(storage, "planted", count=24, batch=12, seeds=1, resamples=20)
    assert whole.agreement == 1  # all cells are trained, or settled


SIZES: dict[str, Any] = {"batch": 4, "seeds": 1, "resamples": 20}


def test_what_cannot_be_replayed_is_said(storage: Storage) -> None:
    plant(storage, StudySpec.of(PLANTED))
    chosen = {"name": "boundary", "kind": "boundary", "boundary": {"cells": 12, "batch": 4}}
    dynstudy.run(StudySpec.of(PLANTED | chosen), storage=storage)
    with pytest.raises(DynstudyError, match="'boundary' is a boundary; replay needs a map"):
        replay(storage, "boundary", **SIZES)
    with pytest.raises(DynstudyError, match=r"boundary.batch = 4: must be below boundary.cells"):
        replay(storage, "planted", **SIZES, count=4)
    storage.open_study(
        StudySpec.of({**PLANTED, "name": "other", "space": PLANTED["space"] | {"width": 5}})
    )
    with pytest.raises(DynstudyError, match="'other': 25 cells are not trained yet"):
        replay(storage, "other", **SIZES)
