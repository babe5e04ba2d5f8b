"""The reading of a large study is timed."""

import pytest

from benchmarks import reading
from benchmarks.planted import planted_spec
from dynstudy.bench.measure import Settings


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
