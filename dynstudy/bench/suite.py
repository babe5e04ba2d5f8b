"""All measurements in turn, and the machine they were made on."""

import importlib
import platform
import time
from dataclasses import dataclass
from typing import Any

import psutil

from dynstudy.bench.device import described
from dynstudy.bench.measure import Measured, Row, Say
from dynstudy.bench.settings import Settings
from dynstudy.store.provenance import installed, processor, versions
from dynstudy.train.backends.cpu import threads


@dataclass(frozen=True)
class Report:
    """What a run of the benchmark found."""

    rows: list[Row]  # relative ones first
    notes: list[str]
    machine: dict[str, Any]


def bench(settings: Settings, say: Say) -> Report:
    """Run every measurement that was asked for.

    Args:
        settings: what to measure.
        say: told what is being measured.

    Returns:
        Relative rows, absolute rows, and the machine.

    Raises:
        BackendError: a backend that was asked for is not on this machine.
        BenchError: a measurement could not be made.
    """
    found = machine(settings)  # the load before it is our own
    measured: list[Measured] = []
    for name in settings.measurements:
        home = "dynstudy.bench" if name == "engine" else "benchmarks"
        module = importlib.import_module(f"{home}.{name}")
        measured.append(module.measure(settings, say))
    rows = [row for part in measured for row in part.rows]
    notes = [note for part in measured for note in part.notes]
    once = list(dict.fromkeys(notes))  # two measurements may leave out the same
    return Report(sorted(rows, key=lambda row: not row.relative), once, found)


def machine(settings: Settings) -> dict[str, Any]:
    """What the numbers depend on."""
    own = versions()
    return {
        "processor": processor(),
        "threads": threads(),
        **described(settings.device),
        "system": platform.system(),
        **{name: own[name] for name in ("dynstudy", "python", "torch", "numba", "numpy")},
        "triton": installed("triton"),
        "jax": installed("jax"),
        "rounds": settings.rounds,
        "seconds": settings.seconds,
        "date": time.strftime("%Y-%m-%d"),
        "load": round(psutil.getloadavg()[0], 2),
    }
