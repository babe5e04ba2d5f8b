"""``dynstudy scaling`` as a user meets it, on a ledger with planted forgetting."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from dynstudy.analysis.onset_scaling import scaling
from dynstudy.errors import DynstudyError
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from dynstudy.study.spec import StudySpec
from tests.command import dynstudy, fails
from tests.planted import SEARCH, SMALL, Planted

SPACE = {"learning_rate": 1.0, "amplitude": [3, 10, 30, 100, 300], "period": [5, 10, 20, 35]}
MAPS: dict[str, dict[str, Any]] = {
    "planted": {"space": SPACE | {"width": [5, 10]}},
    "again": {"space": SPACE | {"width": 5}},
    "longer": {"space": SPACE | {"width": 20}, "protocol": SMALL["protocol"] | {"steps": 300}},
    "read": {"space": SPACE | {"width": 20}, "protocol": SMALL["protocol"] | {"curvature": {}}},
    "few": {"space": SPACE | {"width": 5, "period": [5, 10]}},
    "flat": {"space": SPACE | {"width": 5, "amplitude": 30}},
    "new": {"loss": "dmse1", "space": SPACE | {"width": 5}},
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of studies that forget where A > 3 T^0.7."""
    folder = tmp_path_factory.mktemp("scaling")
    (folder / "storage").mkdir()
    storage = Storage(f"sqlite:///{folder}/storage/dynstudy.db", create=True)
    for name, changes in MAPS.items():
        spec = StudySpec.of(SMALL | {"name": name, "replicates": 6} | changes)
        assert isinstance(spec, MapSpec)
        ledger = Planted(storage, spec)
        for cell in [] if name == "new" else spec.grid_cells():
            configuration = cell.configuration
            forgets = (
                configuration.period is not None
                and (configuration.amplitude or 0) > 3 * configuration.period**0.7
            )
            ledger.put(cell, [0.5, 0.6] * (cell.replicates // 2), 0.8 if forgets else 0.1)
    storage.open_study(StudySpec.of(SEARCH))
    storage.engine.dispose()
    return folder


def test_rows_as_a_table_as_json_and_as_csv(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynstudy.analysis.onset_scaling.DRAWS", 20)  # which take the time
    out, err = dynstudy(here, "scaling", "planted", "--out", str(tmp_path / "results"))
    assert "one variable" in out
    assert "4 of 4" in out
    assert "laws A* = factor T^b" in out
    assert err.count("wrote ") == 4
    # forgetting is 0.8 or 0.1: no level between them moves the onset
    text, _ = dynstudy(here, "scaling", "planted", "--level", "0.6", "--format", "json")
    rows = json.loads(text)
    first = rows[0]
    assert (first["study"], first["width"], first["networks"]) == ("planted", 5, 20 * 6)
    assert first["period_exponent_low"] <= 0.7 <= first["period_exponent_high"]
    table = (tmp_path / "results" / "scaling.csv").read_text(encoding="utf-8")
    assert dynstudy(here, "scaling", "planted", "--format", "csv")[0] == table  # the same numbers
    lines = list(csv.DictReader(io.StringIO(table)))
    assert list(lines[0]) == list(first)
    assert [line["model"] for line in lines] == [row["model"] for row in rows]
    assert float(lines[0]["period_exponent"]) == first["period_exponent"]


def test_studies_go_together_where_one_reads_curvature(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which changes no network: the files of regime-dmse1 and regime-dmse2 differ by that."""
    monkeypatch.setattr("dynstudy.analysis.onset_scaling.DRAWS", 2)
    storage = Storage(f"sqlite:///{here}/storage/dynstudy.db")
    (both,) = scaling(storage, ["planted", "read"])
    assert [panel.width for panel in both.panels] == [5, 10, 20]
    storage.engine.dispose()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["nowhere"], "nowhere"),
        (["search"], "search: is a search; a law is fitted to the cells of a map"),
        (["few"], "few: space.period has 2 values; a law needs at least 3"),
        (["flat"], "flat: space.amplitude has 1 value; a law needs at least 3"),
        (["new"], "new: forgetting is known at fewer than 3 periods or amplitudes"),
        (["planted", "again"], "planted and again: both have dce, width 5, learning rate 1"),
        (["planted", "longer"], "planted and longer: their protocols differ"),
    ],
)
def test_studies_without_a_law_are_told_why(here: Path, names: list[str], said: str) -> None:
    storage = Storage(f"sqlite:///{here}/storage/dynstudy.db")
    with pytest.raises(DynstudyError, match=said):
        scaling(storage, names)
    storage.engine.dispose()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("planted planted", "planted and planted: both have dce"),
        ("planted --level 40", "--level 40: forgetting is a share"),
        ("planted --format xml", "'xml' is not one of 'table', 'json', 'csv'"),
    ],
)
def test_a_wrong_input_gets_one_line(here: Path, arguments: str, said: str) -> None:
    assert said in fails(here, "scaling", *arguments.split())
