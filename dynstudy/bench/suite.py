"""Measurements in turn, and the machine they were made on."""

import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import psutil

from dynstudy.bench.device import described
from dynstudy.bench.measure import Measured, Row, Say, Settings
from dynstudy.store.provenance import installed, processor, versions
from dynstudy.train.backends.cpu import threads

Measure = Callable[[Settings, Say], Measured]
"""One kind of measurement."""


@dataclass(frozen=True)
class Report:
    """What a run of the benchmark found."""

    rows: list[Row]  # relative ones first
    notes: list[str]
    machine: dict[str, Any]


def report(measures: Iterable[Measure], settings: Settings, say: Say) -> Report:
    """Make measurements one after the other; one that cannot be made is an error."""
    facts = machine(settings)  # the load after it is our own
    measured = [measure(settings, say) for measure in measures]
    rows = [row for part in measured for row in part.rows]
    notes = [note for part in measured for note in part.notes]
    once = list(dict.fromkeys(notes))  # two measurements may leave out the same
    return Report(sorted(rows, key=lambda row: not row.relative), once, facts)


def machine(settings: Settings) -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "processor": processor(),
        "threads": threads(),
        **described(settings.device),
        "system": platform.system(),
        **{name: versions()[name] for name in ("dynstudy", "python", "torch", "numba", "numpy")},
        "triton": installed("triton"),
        "jax": installed("jax"),
        "rounds": settings.rounds,
        "seconds": settings.seconds,
        "date": time.strftime("%Y-%m-%d"),
        "load": round(psutil.getloadavg()[0], 2),
    }
