"""How fast networks are recorded, and what their series take of a database."""

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from dynstudy.bench.measure import Measurement, Row, Say, Settings
from dynstudy.config import Configuration, Replicate
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage

NETWORKS = 4000
CHUNK = 1000  # networks that are recorded at once
SEEDS = 10
READINGS = 37
PROTOCOL = Protocol(steps=30_000, tail=3000)
TRAINER = Trainer("cpu", "a device", "a processor", {"numpy": "2", "dynstudy": "0"})


def measure(settings: Settings, say: Say) -> Measurement:
    """Record the same networks in every round, in a database of its own.

    Args:
        settings: how often.
        say: told what is being measured.

    Returns:
        Networks a second, and the bytes that the series of a network take.
    """
    networks = records(NETWORKS, np.random.default_rng(0))
    speeds, sizes = [], []
    for number in range(settings.rounds):
        say(f"recording: {len(networks)} networks, {number + 1} of {settings.rounds}")
        with tempfile.TemporaryDirectory(prefix="dynstudy-bench-") as folder:
            path = Path(folder) / "recording.db"
            speeds.append(len(networks) / recording_seconds(networks, path))
            sizes.append(series_bytes(path) / len(networks))
    note = (
        f"recording: {len(networks)} networks, {CHUNK} at once, {READINGS} readings of two sets, "
        f"SQLite in {tempfile.gettempdir()}"
    )
    return Measurement(
        [
            Row.of("recording", "networks", "networks/s", speeds),
            Row.of("recording", "series of a network", "bytes", sizes),
        ],
        [note],
    )


def records(count: int, rng: np.random.Generator) -> list[Record]:
    """Networks with as many of their points right as such networks have."""
    data = PROTOCOL.data
    steps = tuple((30_000 - 800 * np.arange(READINGS)[::-1]).tolist())
    measures = dict.fromkeys(("val_accuracy", "train_accuracy", "forgetting", "unrecovered"), 0.5)
    networks = []
    for number in range(count):
        configuration = Configuration("dce", 20, 1.0, 3.0 + number // SEEDS, 300)
        shares = rng.beta(1, 1, (READINGS, data.classes))
        points = (data.points_per_class, data.validation_points_per_class)
        right, validation = ((shares * size).round().astype(np.int32) for size in points)
        series = {TRAIN: Series(steps, right), VALIDATION: Series(steps, validation)}
        replicate = Replicate(configuration, number % SEEDS)
        networks.append(Record(replicate, None, measures, series))
    return networks


def recording_seconds(networks: list[Record], path: Path) -> float:
    """Record them in a new database; the seconds that it took, those of its making left out."""
    storage = Storage(f"sqlite:///{path}", create=True)
    ledger = Ledger(storage.engine, PROTOCOL)
    began = time.perf_counter()
    for start in range(0, len(networks), CHUNK):
        ledger.add(networks[start : start + CHUNK], TRAINER)
    seconds = time.perf_counter() - began
    storage.engine.dispose()
    return seconds


def series_bytes(path: Path) -> int:
    """What a database loses when its series go."""
    with closing(sqlite3.connect(path)) as connection:
        whole = _compact_bytes(connection)
        for table in ("dynstudy_series", "dynstudy_steps"):
            connection.execute(f"DROP TABLE {table}")
        return whole - _compact_bytes(connection)


def _compact_bytes(connection: sqlite3.Connection) -> int:
    connection.execute("VACUUM")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * size)
