"""How fast networks are recorded, and what their series take of a database.

``python -m benchmarks.recording``. Recorded is what quickstart would have with 37 readings of a
network on either set, in chunks of 1000. The disk is that of the temporary folder.
"""

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from dynstudy.config import Configuration, Protocol, Replicate
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


def records(rng: np.random.Generator) -> list[Record]:
    """Networks with as many of their points right as such networks have."""
    data = PROTOCOL.data
    steps = tuple((30_000 - 800 * np.arange(READINGS)[::-1]).tolist())
    measures = dict.fromkeys(("val_accuracy", "train_accuracy", "forgetting", "unrecovered"), 0.5)
    networks = []
    for number in range(NETWORKS):
        configuration = Configuration("dce", 20, 1.0, 3.0 + number // SEEDS, 300)
        shares = rng.beta(1, 1, (READINGS, data.classes))
        points = (data.points_per_class, data.validation_points_per_class)
        right, validation = ((shares * size).round().astype(np.int32) for size in points)
        series = {TRAIN: Series(steps, right), VALIDATION: Series(steps, validation)}
        replicate = Replicate(configuration, number % SEEDS)
        networks.append(Record(replicate, None, measures, series))
    return networks


def series_bytes(path: Path) -> int:
    """What a database loses when its series go."""
    with closing(sqlite3.connect(path)) as connection:
        sizes = []
        for table in ("", "dynstudy_series", "dynstudy_steps"):
            if table:
                connection.execute(f"DROP TABLE {table}")
            connection.execute("VACUUM")
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (size,) = connection.execute("PRAGMA page_size").fetchone()
            sizes.append(pages * size)
    return int(sizes[0] - sizes[-1])


def main() -> None:
    """Record them in a database of their own, and print a line."""
    networks = records(np.random.default_rng(0))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.db"
        storage = Storage(f"sqlite:///{path}", create=True)
        ledger = Ledger(storage.engine, PROTOCOL)
        began = time.perf_counter()
        for start in range(0, NETWORKS, CHUNK):
            ledger.add(networks[start : start + CHUNK], TRAINER)
        seconds = time.perf_counter() - began
        storage.engine.dispose()
        size = series_bytes(path)
    sys.stdout.write(
        f"{NETWORKS / seconds:.0f} networks per second, "
        f"{size / NETWORKS:.0f} bytes of series each\n"
    )


if __name__ == "__main__":
    main()
