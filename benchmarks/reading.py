"""How long a person waits for a large study: its map, and its page in the dashboard."""

import tempfile
import time

from benchmarks.page import measure_page
from benchmarks.planted import NAME, REPLICATES, plant, planted_spec
from benchmarks.reports import measure_report
from dynstudy.analysis.regime_map import regime_map
from dynstudy.bench.measure import Measurement, Row, Say, Settings
from dynstudy.dashboard.page import publish
from dynstudy.store.studies import Storage

CELLS = 10_000
REPORTS = (
    ("map", NAME, "--boundaries"),
    ("show", NAME),
)
"""Commands that report on the whole study."""


def measure(settings: Settings, say: Say) -> Measurement:
    """Read the map of a planted study in every round, and its page a few times.

    Args:
        settings: how often.
        say: told what is being measured.

    Returns:
        Seconds from opening the database to the labelled map, and for the page's data; seconds
        and memory of whole commands that report.
    """
    with tempfile.TemporaryDirectory(prefix="dynstudy-bench-") as folder:
        url = f"sqlite:///{folder}/planted.db"
        say(f"reading: planting {CELLS} cells")
        storage = Storage(url, create=True)
        count = plant(storage, planted_spec(CELLS))
        storage.engine.dispose()
        seconds = []
        for number in range(settings.rounds):
            say(f"reading: a map of {count} cells, {number + 1} of {settings.rounds}")
            began = time.perf_counter()
            storage = Storage(url)
            regime_map(storage, NAME)
            seconds.append(time.perf_counter() - began)
            storage.engine.dispose()
        reports = []
        for arguments in REPORTS:
            name = arguments[0]
            say(f"reading: dynstudy {' '.join(arguments)}")
            costs = [measure_report(arguments, url, folder) for _ in range(settings.rounds)]
            reports += [
                Row.of("reading", f"dynstudy {name}", "s", [cost.seconds for cost in costs]),
                Row.of(
                    "reading",
                    f"dynstudy {name}, peak memory",
                    "MiB",
                    [cost.peak / 2**20 for cost in costs],
                ),
            ]
        say("reading: its page in the dashboard")
        storage = Storage(url)
        began = time.perf_counter()
        publish(storage, NAME)
        written = time.perf_counter() - began
        loads = measure_page(storage, NAME, settings.rounds)
        storage.engine.dispose()
    return Measurement(
        [
            Row.of("reading", "map, read and labelled", "s", seconds),
            *reports,
            Row.of("reading", "page, written", "s", [written]),
            Row.of("reading", "page, first load", "s", [loads.first]),
            Row.of("reading", "page, later loads", "s", loads.later),
            Row.of("reading", "page, poll for what is new", "s", loads.polls),
        ],
        [f"reading: {count} cells of {REPLICATES} networks, planted in SQLite, never trained"],
    )
