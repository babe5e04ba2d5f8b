"""How fast a study's page of the dashboard is served, over HTTP."""

import json
import threading
import time
import urllib.request
from dataclasses import dataclass

from dynstudy.dashboard.server import DashboardServer
from dynstudy.store.studies import Storage


@dataclass(frozen=True)
class Loads:
    """Of one page."""

    first: float  # seconds
    later: list[float]  # seconds each
    polls: list[float]  # seconds each, for what is new since the last load
    size: int  # bytes of a load


def measure_page(storage: Storage, name: str, rounds: int = 5) -> Loads:
    """Time what the page of a study asks for, over HTTP, on a fresh dashboard.

    Args:
        storage: where the study is.
        name: of the study.
        rounds: how often the later loads are timed.

    Returns:
        How long everything took.
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
    return Loads(first, later, polls, len(body))
