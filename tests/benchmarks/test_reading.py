"""A planted study is a whole map, and its reading is timed."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import reading
from benchmarks.planted import NAME, plant, planted_spec
from benchmarks.reports import measure_report
from dynstudy.analysis.regime_map import regime_map
from dynstudy.bench.measure import Settings
from dynstudy.errors import BenchError
from dynstudy.store.studies import Storage


def test_a_planted_map_has_no_holes_and_all_kinds_of_cells(storage: Storage) -> None:
    spec = planted_spec(48)
    count = plant(storage, spec)
    study_map = regime_map(storage, NAME)
    assert study_map.notes == []
    assert len(study_map.frame) == count
    assert len(study_map.dynamical_cells()) == 48
    assert {"useful", "harmful"} <= set(study_map.dynamical_cells().regime)
    assert set(study_map.dynamical_cells().forgets) == {True, False}
    assert np.isfinite(study_map.dynamical_cells().gain.astype(float)).all()


def test_the_default_is_ten_thousand_cells() -> None:
    spec = planted_spec(reading.CELLS)
    assert sum(not cell.configuration.static for cell in spec.grid_cells()) == 10_000


@pytest.mark.long
def test_reading_is_timed_once_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CELLS", 8)
    said: list[str] = []
    measurement = reading.measure(Settings(rounds=1), said.append)
    assert [(row.quantity, row.rounds) for row in measurement.rows] == [
        ("map, read and labelled", 1),
        ("dynstudy map", 1),
        ("dynstudy map, peak memory", 1),
        ("dynstudy show", 1),
        ("dynstudy show, peak memory", 1),
        ("page, written", 1),
        ("page, first load", 1),
        ("page, later loads", 1),
        ("page, poll for what is new", 1),
    ]
    for row in measurement.rows:
        unit = "MiB" if "memory" in row.quantity else "s"
        assert (row.measurement, row.unit) == ("reading", unit)
        assert 0 < row.min <= row.median <= row.max
        if unit == "MiB":
            assert 30 < row.min < 1000  # an interpreter, NumPy, pandas, and little else
    assert len(said) == 5


def test_a_report_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"reading: dynstudy show failed \(error: .*no such"):
        measure_report(("show", "absent"), f"sqlite:///{tmp_path}/none.db", str(tmp_path))
