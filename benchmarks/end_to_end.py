"""A map trained for real: what is not training, and how much memory it takes.

It runs in a process of its own, which never loads PyTorch: its memory is that of a map alone.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.launching import run_to_end
from dynstudy.bench.measure import Measurement, Row, Say, Settings, last_line
from dynstudy.bench.own import own_backend
from dynstudy.bench.problem import Problem
from dynstudy.errors import BenchError
from dynstudy.study.kinds.map import MapSpec
from dynstudy.train import train

CELLS, REPLICATES = 200, 10
STEPS = 30_000
"""Of each network."""


@dataclass(frozen=True)
class MapCost:
    """Of one map."""

    cells: int
    networks: int
    wall: float  # seconds
    training: float  # seconds of it inside the engine
    peak: int  # bytes of memory, at most


def measure(settings: Settings, say: Say) -> Measurement:
    """Train a map of small networks in every round.

    Args:
        settings: how often.
        say: told what is being measured.

    Returns:
        The share of the wall time that is not training, times and memory.
    """
    costs = []
    for number in range(settings.rounds):
        say(f"end to end: a map of {CELLS} cells, {number + 1} of {settings.rounds}")
        costs.append(_in_a_process_of_its_own())

    def row(quantity: str, unit: str, of: Callable[[MapCost], float]) -> Row:
        return Row.of("end_to_end", quantity, unit, [of(cost) for cost in costs])

    one = costs[0]
    note = (
        f"end to end: {one.cells} cells, {one.networks} networks of 20 hidden units, "
        f"{STEPS} steps each, SQLite"
    )
    return Measurement(
        [
            row("wall time that is not training", "share", lambda c: 1 - c.training / c.wall),
            row("map, wall time", "s", lambda c: c.wall),
            row("training a cell", "s", lambda c: c.training / c.networks * REPLICATES),
            row("all else, a cell", "ms", lambda c: (c.wall - c.training) / c.cells * 1e3),
            row("peak memory", "MiB", lambda c: c.peak / 2**20),
        ],
        [note],
    )


def map_spec(cells: int, steps: int) -> MapSpec:
    """A map of dynamical cells of width 20, and the baseline of its own that it needs."""
    across = max(1, min(10, cells // 2))
    periods = np.geomspace(max(2, steps // 1000), max(20, steps // 10), across)
    return MapSpec.model_validate({
        "name": "bench",
        "kind": "map",
        "loss": "dce",
        "replicates": REPLICATES,
        "protocol": {"steps": steps, "tail": steps // 6},
        "space": {
            "learning_rate": 1.0,
            "amplitude": np.geomspace(3, 1000, max(1, cells // across)).tolist(),
            "period": sorted({int(period) for period in periods.round()}),
            "width": 20,
        },
    })


def measure_map(cells: int, steps: int, folder: str) -> MapCost:
    """Run it into a database of its own, the time inside the engine counted apart.

    Args:
        cells: about how many.
        steps: of each network.
        folder: an empty one, for the database.

    Returns:
        What it cost.

    Raises:
        KeyboardInterrupt: it was interrupted.
    """
    own_backend("auto", Problem(20, 1))(1)  # the kernel is loaded once, not once a map
    inside = 0.0

    def timed(*positional: Any, **named: Any) -> Any:
        nonlocal inside
        began = time.perf_counter()
        try:
            return train(*positional, **named)
        finally:
            inside += time.perf_counter() - began

    with patch("dynstudy.launch.replicates.train", timed):
        began = time.perf_counter()
        done = run_to_end(map_spec(cells, steps), storage=f"sqlite:///{folder}/bench.db")
        wall = time.perf_counter() - began
    return MapCost(done.cells, done.trained, wall, inside, peak_memory())


def peak_memory() -> int:
    """The most memory this process ever held, in bytes."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):  # getrusage would count the parent's, too
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _in_a_process_of_its_own() -> MapCost:
    size = (str(CELLS), str(STEPS))
    with tempfile.TemporaryDirectory(prefix="dynstudy-bench-") as folder:  # ours: it may be killed
        done = subprocess.run(
            [sys.executable, "-m", __name__, *size, folder],
            check=False,
            capture_output=True,
            text=True,
        )
    if done.returncode == 130:
        raise KeyboardInterrupt
    if done.returncode:
        last = last_line(done.stderr)
        raise BenchError(f"end_to_end: the map could not be run ({last})")
    return MapCost(**json.loads(done.stdout))


if __name__ == "__main__":
    try:
        json.dump(asdict(measure_map(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])), sys.stdout)
    except KeyboardInterrupt:
        sys.exit(130)
