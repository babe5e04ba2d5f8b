"""A map that is really trained, and what it cost."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from benchmarks import end_to_end
from benchmarks.end_to_end import map_spec, measure_map, peak_memory
from dynstudy.bench.measure import Settings
from dynstudy.launch.training import Training
from tests.command import python
from tests.conftest import ROOT


def test_a_map_is_trained_and_its_training_counted_apart(tmp_path: Path) -> None:
    cost = measure_map(4, 300, str(tmp_path))
    assert (cost.cells, cost.networks) == (5, 80)  # with the baseline's 40
    assert 0 < cost.training < cost.wall
    with closing(sqlite3.connect(tmp_path / "bench.db")) as connection:
        ((trials,),) = connection.execute("SELECT COUNT(*) FROM trials WHERE state = 'COMPLETE'")
        ((networks,),) = connection.execute("SELECT COUNT(*) FROM dynstudy_replicate")
    assert (trials, networks) == (5, 80)


def test_an_interrupted_map_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Training, "stopped", property(lambda self: True))
    with pytest.raises(KeyboardInterrupt):
        measure_map(2, 200, str(tmp_path))


def test_what_is_not_training_has_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end_to_end, "CELLS", 2)
    monkeypatch.setattr(end_to_end, "STEPS", 200)
    measurement = end_to_end.measure(Settings(rounds=1), lambda _: None)
    rows = {row.quantity: row for row in measurement.rows}
    assert all((row.measurement, row.rounds) == ("end_to_end", 1) for row in measurement.rows)
    assert 0 < rows["wall time that is not training"].median < 1
    assert rows["peak memory"].median > 50


def test_the_map_has_the_cells_it_promises() -> None:
    assert sum(not cell.configuration.static for cell in map_spec(200, 30_000).grid_cells()) == 200


def test_peak_memory_remembers_what_was_given_back() -> None:
    before = peak_memory()
    filled = np.ones(before // 8 + 2**24)  # more than was ever held
    assert peak_memory() >= before + 2**26
    del filled
    assert peak_memory() > psutil.Process().memory_info().rss


def test_its_process_never_loads_pytorch() -> None:
    """Or the memory of a map would be told too high."""
    code = "import sys, benchmarks.end_to_end; sys.exit('torch' in sys.modules)"
    python(ROOT, "-c", code)
