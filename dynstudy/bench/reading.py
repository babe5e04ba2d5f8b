"""How long a person waits for the map of a large study."""

import tempfile
import time

from dynstudy.bench.measure import Measured, Row, Say
from dynstudy.bench.planted import NAME, REPLICATES, plant, planted_spec
from dynstudy.bench.settings import Settings
from dynstudy.report.regime_map import regime_map
from dynstudy.search.storage import Storage


def measure(settings: Settings, say: Say) -> Measured:
    """Read the map of a planted study in every round.

    Args:
        settings: how many cells it has.
        say: told what is being measured.

    Returns:
        Seconds from opening the database to the labelled map.
    """
    with tempfile.TemporaryDirectory(prefix="dynstudy-bench-") as folder:
        url = f"sqlite:///{folder}/planted.db"
        say(f"reading: planting {settings.read_cells} cells")
        storage = Storage(url, create=True)
        count = plant(storage, planted_spec(settings.read_cells))
        storage.engine.dispose()
        seconds = []
        for number in range(settings.rounds):
            say(f"reading: a map of {count} cells, {number + 1} of {settings.rounds}")
            began = time.perf_counter()
            storage = Storage(url)
            regime_map(storage, NAME)
            seconds.append(time.perf_counter() - began)
            storage.engine.dispose()
    return Measured(
        [Row.of("reading", "map, read and labelled", "s", seconds)],
        [f"reading: {count} cells of {REPLICATES} networks, planted in SQLite, never trained"],
    )
