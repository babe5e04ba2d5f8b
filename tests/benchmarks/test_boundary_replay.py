"""Boundary studies replayed on a map that was never trained."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.boundary_replay import app, replay
from benchmarks.planted import plant
from dynstudy.errors import DynstudyError
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from dynstudy.study.kinds.search import SearchSpec
from dynstudy.study.spec import StudySpec

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
    spec = StudySpec.of(WHOLE)
    assert isinstance(spec, MapSpec)
    plant(storage, spec)
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
