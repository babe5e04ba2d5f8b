"""How fast networks and pixels are recorded, and what they take of a database."""

import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.planted import planted_spec
from benchmarks.planted_atlas import pixel_records, planted_atlas
from dynstudy.bench.measure import Measurement, Row, Say, Settings
from dynstudy.config import Configuration, Replicate
from dynstudy.protocol import Protocol
from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.launches import claim
from dynstudy.store.ledger import Landing, Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage
from tests.postgres import VARIABLE, databases

NETWORKS = 4000
CHUNK = 1000  # networks that are recorded at once
SEEDS = 10
READINGS = 37
SIDE = 128  # pixels of an atlas, to either side
PROTOCOL = Protocol(steps=30_000, tail=3000)
TRAINER = Trainer("cpu", "a device", "a processor", {"numpy": "2", "dynstudy": "0"})


@dataclass(frozen=True)
class RecordingCost:
    """What it took to reserve and record some networks, all in seconds."""

    wall: float
    processor: float  # of this process, whatever the server of a database takes besides
    reserving: float  # of the wall time


def measure(settings: Settings, say: Say) -> Measurement:
    """Record the same networks in every round, in databases of their own.

    Args:
        settings: how often.
        say: told what is being measured.

    Returns:
        Networks a second, reserved and recorded by a launch, and what reserving is of that; the
        bytes that the series of a network take in SQLite; pixels of an atlas a second, and bytes.
    """
    networks = records(NETWORKS, np.random.default_rng(0))
    costs: dict[str, list[RecordingCost]] = {"SQLite": [], "PostgreSQL": []}
    pixels: dict[str, list[RecordingCost]] = {"SQLite": [], "PostgreSQL": []}
    sizes, pixel_sizes = [], []
    with databases() as server:
        for number in range(settings.rounds):
            say(f"recording: {len(networks)} networks, {number + 1} of {settings.rounds}")
            with tempfile.TemporaryDirectory(prefix="dynstudy-bench-") as folder:
                path = Path(folder) / "recording.db"
                costs["SQLite"].append(recording_cost(networks, f"sqlite:///{path}"))
                sizes.append(series_bytes(path) / len(networks))
                atlas = Path(folder) / "atlas.db"
                pixels["SQLite"].append(pixels_cost(SIDE, f"sqlite:///{atlas}"))
                pixel_sizes.append(bytes_of(atlas, "dynstudy_pixel") / SIDE**2)
            with server.database() as url:
                costs["PostgreSQL"].append(recording_cost(networks, url))
            with server.database() as url:
                pixels["PostgreSQL"].append(pixels_cost(SIDE, url))
    rows = [
        Row.of("recording", "series of a network", "bytes", sizes),
        Row.of("recording", "a pixel", "bytes", pixel_sizes),
    ]
    for name, of_rounds in costs.items():
        speeds = [len(networks) / cost.wall for cost in of_rounds]
        alone = [len(networks) / cost.processor for cost in of_rounds]
        shares = [cost.reserving / cost.wall for cost in of_rounds]
        rows += [
            Row.of("recording", f"networks, {name}", "networks/s", speeds),
            Row.of("recording", f"networks, {name}, by processor time", "networks/s", alone),
            Row.of("recording", f"reserving, {name}", "share", shares),
        ]
    for name, of_rounds in pixels.items():
        speeds = [SIDE**2 / cost.wall for cost in of_rounds]
        alone = [SIDE**2 / cost.processor for cost in of_rounds]
        rows += [
            Row.of("recording", f"pixels, {name}", "networks/s", speeds),
            Row.of("recording", f"pixels, {name}, by processor time", "networks/s", alone),
        ]
    note = (
        f"recording: {len(networks)} networks, {CHUNK} at once, {READINGS} readings of two sets; "
        f"{SIDE} x {SIDE} pixels with no readings; "
        f"SQLite in {tempfile.gettempdir()}, PostgreSQL of the tests or of {VARIABLE}"
    )
    return Measurement(rows, [note])


def records(count: int, rng: np.random.Generator) -> list[Record]:
    """Networks with as many of their points right as such networks have."""
    data = PROTOCOL.data
    steps = tuple((30_000 - 800 * np.arange(READINGS)[::-1]).tolist())
    measures = dict.fromkeys(("val_accuracy", "train_accuracy", "forgetting", "unrecovered"), 0.5)
    networks = []
    for number in range(count):
        configuration = Configuration("dce", 20, 1.0, 3.0 + number // SEEDS, 300)
        shares = rng.beta(1, 1, (READINGS, data.classes))
        points = (data.training_points, data.validation_points)
        right, validation = ((shares * size).round().astype(np.int32) for size in points)
        series = {TRAIN: Series(steps, right), VALIDATION: Series(steps, validation)}
        replicate = Replicate(configuration, number % SEEDS)
        networks.append(Record(replicate, None, measures, series))
    return networks


def recording_cost(networks: list[Record], url: str) -> RecordingCost:
    """Record them in a new database, as a launch does; the making of the database left out."""
    storage = Storage(url, create=True)
    ledger, spec = Ledger(storage.engine, PROTOCOL), planted_spec(1)
    study, reserving = storage.study_id(storage.open_study(spec)), 0.0
    with claim(storage.engine, study, spec, "none") as launch:
        began, used = time.perf_counter(), time.process_time()
        for start in range(0, len(networks), CHUNK):
            chunk, asked = networks[start : start + CHUNK], time.perf_counter()
            launch.reserve(ledger.replicate_key(network.replicate) for network in chunk)
            reserving += time.perf_counter() - asked
            ledger.add_all([Landing(chunk, TRAINER, "one", 1.0)], run_id=launch.id)
        cost = RecordingCost(time.perf_counter() - began, time.process_time() - used, reserving)
    storage.engine.dispose()
    return cost


def pixels_cost(side: int, url: str) -> RecordingCost:
    """Record the pixels of an atlas in a new database, coarse to fine, as a launch does."""
    storage, spec = Storage(url, create=True), planted_atlas(side)
    study = storage.study_id(storage.open_study(spec))
    with claim(storage.engine, study, spec, "none") as launch:
        ledger = AtlasLedger(storage.engine, spec)
        networks = pixel_records(spec, ledger.recorded)
        began, used = time.perf_counter(), time.process_time()
        for start in range(0, len(networks), CHUNK):
            chunk = networks[start : start + CHUNK]
            ledger.add_all([Landing(chunk, TRAINER, "one", 1.0)], run_id=launch.id)
        cost = RecordingCost(time.perf_counter() - began, time.process_time() - used, 0.0)
    storage.engine.dispose()
    return cost


def series_bytes(path: Path) -> int:
    """What the series of a database take."""
    return bytes_of(path, "dynstudy_series", "dynstudy_steps")


def bytes_of(path: Path, *tables: str) -> int:
    """What a database loses when some tables go, which they do."""
    with closing(sqlite3.connect(path)) as connection:
        whole = _compact_bytes(connection)
        for table in tables:
            connection.execute(f"DROP TABLE {table}")
        return whole - _compact_bytes(connection)


def _compact_bytes(connection: sqlite3.Connection) -> int:
    connection.execute("VACUUM")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * size)
