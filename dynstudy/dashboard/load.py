"""How fast a study's page is served: a made-up map of thousands of cells, and a stopwatch on it."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator

import numpy as np

from dynstudy.config import Configuration, Replicate
from dynstudy.dashboard.server import DashboardServer
from dynstudy.report.dashboard import publish
from dynstudy.search.ledger import Ledger, Record
from dynstudy.search.space import Cell, cells
from dynstudy.search.spec import MapSpec
from dynstudy.search.storage import Storage
from dynstudy.search.trials import FinishedCell, add_cells

BATCH = 2000  # networks recorded at once


def planted_spec(name: str = "planted", count: int = 10_000, replicates: int = 10) -> MapSpec:
    """A map of about `count` cells over two widths, as a study file would describe it."""
    side = max(2, round((count / 2) ** 0.5))
    return MapSpec.model_validate({
        "name": name,
        "kind": "map",
        "loss": "dce",
        "replicates": replicates,
        "space": {
            "learning_rate": 1.0,
            "amplitude": {"low": 3, "high": 1000, "num": side, "log": True},
            "period": {"low": 100, "high": 10_000, "num": side, "log": True},
            "width": [20, 50],
        },
    })


def plant(storage: Storage, spec: MapSpec) -> None:
    """Fill a ledger and a study with made-up outcomes: a useful ridge, forgetting beyond it.

    Args:
        storage: where to, opened for writing; best one that holds nothing else.
        spec: of the study.
    """
    study, ledger = storage.open_study(spec), Ledger(storage.engine, spec.protocol)
    rng = np.random.default_rng(0)
    batch: list[Record] = []
    finished: list[FinishedCell] = []
    for cell in cells(spec):
        batch += _records(spec, cell, rng)
        finished.append(_finished(ledger, cell.configuration, batch[-cell.replicates :]))
        if len(batch) >= BATCH:
            ledger.add(batch, backend="none", device="made up", versions={})
            batch.clear()
    if batch:
        ledger.add(batch, backend="none", device="made up", versions={})
    add_cells(study, finished)


def _records(spec: MapSpec, cell: Cell, rng: np.random.Generator) -> Iterator[Record]:
    own, data = cell.configuration, spec.protocol.data
    accuracy, forgetting = 0.55, None
    steps = cell.reads if own.static else ()  # those of baselines are what a map reads
    if own.amplitude is not None and own.period is not None:
        x, y = np.log10(own.amplitude) - 2, np.log10(own.period) - 2.6
        accuracy += 0.4 * np.exp(-((x - y / 3) ** 2) * 4) - 0.3 / (1 + np.exp(-6 * (x - y)))
        forgetting = 1 / (1 + np.exp(-6 * (x - y)))
    counts = np.full((len(steps), data.classes), data.validation_points_per_class // 2)
    for seed in range(cell.replicates):
        value = float(np.clip(accuracy + rng.normal(0, 0.05), 0, 1))
        lost = (
            None if forgetting is None else float(np.clip(forgetting + rng.normal(0, 0.05), 0, 1))
        )
        tail = None if own.static else value
        unrecovered = None if own.static else 0.0
        yield Record(
            Replicate(own, seed), None, value, value, tail, lost, unrecovered, steps, counts, counts
        )


def _finished(ledger: Ledger, own: Configuration, records: list[Record]) -> FinishedCell:
    values = np.array([record.val_accuracy for record in records])
    mean = float(values.mean())
    attributes = {
        "sem": float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else None,
        "replicates": len(values),
        "diverged": 0,
        "cell": {"configuration": ledger.key(own), "train_accuracy": mean},
    }
    if not own.static:
        attributes |= {"gain": mean - 0.55, "forgetting": records[0].forgetting}
    return FinishedCell(own, mean, attributes)


def measure_page(storage: Storage, name: str, rounds: int = 5) -> dict[str, float]:
    """Time what the page of a study asks for, over HTTP, on a fresh dashboard.

    Args:
        storage: where the study is.
        name: of the study.
        rounds: how often the later loads are timed.

    Returns:
        Seconds of the first load, the median and the longest of later loads, of polls for what is
        new, and the size of a load in bytes.
    """
    number = storage.study_id(storage.study(name))
    server = DashboardServer(storage, port=0)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def load(after: int) -> tuple[float, bytes]:
        began = time.perf_counter()
        address = f"{server.address}/api/studies/{number}?after={after}"
        with urllib.request.urlopen(address) as answer:
            body = answer.read()
        return time.perf_counter() - began, body

    try:
        first, body = load(0)
        later = [load(0)[0] for _ in range(rounds)]
        polls = [load(len(json.loads(body)["trials"]))[0] for _ in range(rounds)]
    finally:
        server.shutdown()
        server.server_close()
    return {
        "first_load": first,
        "later_load": float(np.median(later)),
        "longest_later_load": max(later),
        "poll": float(np.median(polls)),
        "bytes": len(body),
    }


def measure_dashboard(
    storage: Storage, count: int = 10_000, replicates: int = 10
) -> dict[str, float]:
    """Plant a map, publish it and time its page.

    Args:
        storage: where to, opened for writing; best one that holds nothing else.
        count: about how many cells.
        replicates: of a cell.

    Returns:
        What `measure_page` does, and the seconds of publishing.
    """
    spec = planted_spec(count=count, replicates=replicates)
    plant(storage, spec)
    began = time.perf_counter()
    publish(storage, spec.name)
    return {"publish": time.perf_counter() - began} | measure_page(storage, spec.name)
