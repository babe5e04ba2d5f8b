"""Measures: what holds of each, and that one more is found everywhere."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.measure.measures import MEASURES, PINNED, added, net_names, reads
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from tests.conftest import DATA, ROOT
from tests.planted import SMALL

ONE_MORE = Path(__file__).with_name("one_more_measure.py")


def test_measures_are_named_and_defined() -> None:
    assert set(PINNED) <= set(MEASURES)
    for name, measure in MEASURES.items():
        assert measure.name == name
        assert measure.title
        assert measure.definition
        assert not measure.definition.endswith(".")


def test_what_a_measure_needs_is_read_for_each_period_and_for_none() -> None:
    protocol = MapSpec.model_validate(SMALL).protocol
    for periods in ((), (10,), (10, 30)):
        steps = reads(protocol, periods)
        assert list(steps) == sorted(set(steps))
        for measure in MEASURES.values():
            assert {s for period in (None, *periods) for s in measure.steps(protocol, period)} <= {
                *steps
            }


@pytest.fixture(scope="module")
def turned_up(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A process whose registry has two measures more, as if their file were in the package."""
    folder = tmp_path_factory.mktemp("one-more")
    for schema in ("schema2.db", "written.db"):
        shutil.copy(DATA / "schema2.db", folder / schema)
    (folder / "small.json").write_text(json.dumps(SMALL))
    command = [sys.executable, str(ONE_MORE), str(folder)]
    environment = {"PYTHONPATH": str(ROOT), "DYNSTUDY_THREADS": "2", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300, env=environment
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)) | {"folder": folder}


def test_one_more_is_recorded_and_read(turned_up: dict[str, Any], tmp_path: Path) -> None:
    assert {"worst_class", "reached"} <= set(turned_up["table"])
    url = f"sqlite:///{tmp_path}/plain.db"
    storage = Storage(url, create=True)
    spec = MapSpec.model_validate(SMALL)
    dynstudy.run(spec, storage=storage)
    ledger = Ledger(storage.engine, spec.protocol)
    for cell in spec.grid_cells():
        # an independent look at the same networks, trained without the measure
        read = ledger.readings(cell.configuration, list(cell.seeds))
        worst = read.validation_correct[:, read.steps.index(200)].min(axis=1) / 30
        sample = turned_up["sample"][str(cell.configuration)]
        assert sample["worst_class"] == pytest.approx(worst.tolist())
        assert all((value is None) == cell.configuration.static for value in sample["reached"])
    assert turned_up["digest"] == regime_map(storage, "small").ledger


def test_one_more_is_a_column_at_the_end_of_every_file(turned_up: dict[str, Any]) -> None:
    for table in ("frame", "csv", "tidy"):
        assert turned_up[table][-2:] == ["worst_class", "reached"]
    for row in turned_up["map"]:
        cell = turned_up["sample"][row["cell"]]
        assert row["worst_class"] == pytest.approx(np.mean(cell["worst_class"]))
        if row["static"]:
            assert row["reached"] is None
        else:
            assert row["reached"] == pytest.approx(np.mean(cell["reached"]) - row["of_static"])
    assert turned_up["cube"][-2:] == ["worst_class", "reached"]


def test_one_more_is_exported_reproduced_and_documented(turned_up: dict[str, Any]) -> None:
    there = {each.name for each in added() if not each.series and not each.unbalanced}
    static = {f"static_{name}" for name in net_names()} | {"static_reached"}
    assert set(turned_up["exported"]) == there | {"worst_class", "reached"} | static
    assert turned_up["reproduced"] == []
    assert turned_up["wrong"] == ["worst_class is 2, training gives 0.1"]
    for text in turned_up["pages"]:
        assert "accuracy on the class that is known worst" in text


def test_one_more_is_filled_in_from_the_series_of_an_older_database(
    turned_up: dict[str, Any],
) -> None:
    for absent in ("no worst accuracy of a class", "no accuracy reached"):
        assert absent in turned_up["note"]
    older = Storage(f"sqlite:///{turned_up['folder']}/schema2.db")
    assert turned_up["version_before"] == "2"
    spec = older.spec(older.study("small"))
    ledger = Ledger(older.engine, spec.protocol)
    for text, filled in turned_up["filled"].items():
        configuration = next(
            cell.configuration for cell in spec.grid_cells() if str(cell.configuration) == text
        )
        read = ledger.readings(configuration, range(len(filled)))
        worst = read.validation_correct[:, read.steps.index(200)].min(axis=1) / 30
        assert filled == pytest.approx(worst.tolist())
    assert len(turned_up["filled"]) == 5
