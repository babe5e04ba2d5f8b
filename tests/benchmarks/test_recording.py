"""Networks are recorded whole, and what their series take is told apart from the rest."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from benchmarks import recording
from benchmarks.planted_atlas import planted_atlas
from benchmarks.recording import (
    PROTOCOL,
    READINGS,
    SEEDS,
    bytes_of,
    pixels_cost,
    recording_cost,
    records,
    series_bytes,
)
from dynstudy.bench.measure import Settings
from dynstudy.config import Configuration
from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of 25 networks, which were recorded in three chunks."""
    monkeypatch.setattr(recording, "CHUNK", 10)
    path = tmp_path / "recording.db"
    cost = recording_cost(records(25, np.random.default_rng(0)), f"sqlite:///{path}")
    assert 0 < cost.reserving < cost.wall
    assert cost.processor > 0
    return path


def test_every_network_is_recorded_with_its_readings_of_two_sets(recorded: Path) -> None:
    with closing(sqlite3.connect(recorded)) as connection:
        ((counted, steps),) = connection.execute(
            "SELECT networks, network_steps FROM dynstudy_worker"
        )
        ((networks,),) = connection.execute("SELECT COUNT(*) FROM dynstudy_replicate")
        ((series,),) = connection.execute("SELECT COUNT(*) FROM dynstudy_series")
    assert (networks, series) == (25, 50)
    assert (counted, steps) == (25, 25 * PROTOCOL.training_steps)
    ledger = Ledger(Storage(f"sqlite:///{recorded}").engine, PROTOCOL)
    planned = records(25, np.random.default_rng(0))
    for number, count in ((0, SEEDS), (1, SEEDS), (2, 5)):
        configuration = Configuration("dce", 20, 1.0, 3.0 + number, 300)
        read = ledger.readings(configuration, list(range(count)))
        assert len(read.steps) == READINGS
        for seed in range(count):
            for name, correct in (("train", read.correct), ("validation", read.validation_correct)):
                np.testing.assert_array_equal(
                    correct[seed], planned[SEEDS * number + seed].series[name].values
                )


def test_the_bytes_are_those_that_the_series_take(recorded: Path) -> None:
    with closing(sqlite3.connect(recorded)) as connection:
        ((least,),) = connection.execute("SELECT SUM(LENGTH(readings)) FROM dynstudy_series")
        connection.execute("VACUUM")
    whole = recorded.stat().st_size
    size = series_bytes(recorded)
    assert least < size < 2 * least
    assert whole - size == recorded.stat().st_size  # what is left has no series


def test_pixels_are_recorded_each_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "atlas.db"
    cost = pixels_cost(12, f"sqlite:///{path}")
    assert (cost.wall > 0, cost.processor > 0) == (True, True)
    ledger = AtlasLedger(Storage(f"sqlite:///{path}").engine, planted_atlas(12))
    assert ledger.recorded.all()
    assert bytes_of(path, "dynstudy_pixel") > 144 * 8 * 5  # measures, and what else there is


def test_each_round_records_them_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "NETWORKS", 20)
    monkeypatch.setattr(recording, "SIDE", 12)
    said: list[str] = []
    measured = recording.measure(Settings(rounds=2), said.append)
    size, pixel, *others = measured.rows
    assert (pixel.quantity, pixel.unit) == ("a pixel", "bytes")
    assert 0 < pixel.min == pixel.max < 1000
    assert (size.quantity, size.unit) == ("series of a network", "bytes")
    assert READINGS * 2 < size.min == size.max < 10_000  # the same networks take as much
    assert [row.quantity for row in others] == [
        f"{quantity}, {database}{how}"
        for database in ("SQLite", "PostgreSQL")
        for quantity, how in (
            ("networks", ""),
            ("networks", ", by processor time"),
            ("reserving", ""),
        )
    ] + [
        f"pixels, {database}{how}"
        for database in ("SQLite", "PostgreSQL")
        for how in ("", ", by processor time")
    ]
    assert all((row.measurement, row.rounds) == ("recording", 2) for row in measured.rows)
    assert all(0 < row.min <= row.median <= row.max for row in measured.rows)
    assert all(row.max < 1 for row in others if row.unit == "share")
    assert said == [f"recording: 20 networks, {number} of 2" for number in (1, 2)]
    (note,) = measured.notes
    assert "20 networks, 1000 at once, 37 readings of two sets; 12 x 12 pixels" in note
