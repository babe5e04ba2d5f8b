"""Workers of a local cluster beside one process with as many threads.

Both train what a launch would give them, from the same `Dispatch`; nothing is recorded.
"""

import os
import time
from collections.abc import Iterator
from itertools import count, islice
from unittest.mock import patch

from dynstudy.bench.measure import Measurement, Row, Say, Settings
from dynstudy.config import Configuration, Replicate
from dynstudy.launch.dispatch import Dispatch
from dynstudy.launch.executors import EXECUTORS, maker
from dynstudy.launch.executors.executor import Executor, Trained
from dynstudy.launch.progress import Progress
from dynstudy.launch.replicates import NetworkTask
from dynstudy.measure.measures import reads
from dynstudy.protocol import Protocol

THREADS = 2
"""Of the one process, and workers of one thread."""

WIDTH, PERIOD, STEPS = 20, 100, 20_000

SECONDS = 20.0
"""Of training in a round, each."""


def measure(settings: Settings, say: Say) -> Measurement:
    """Train in one process and on workers, in turn.

    Args:
        settings: how often.
        say: told what is being measured.

    Returns:
        Speeds, and their ratio in the same round.
    """
    speeds: dict[str, list[float]] = {"here": [], "dask": []}
    with (
        patch.dict(os.environ, {"DYNSTUDY_THREADS": str(THREADS)}),
        maker(EXECUTORS["here"])("cpu", 1) as here,
        maker(EXECUTORS["dask"])("cpu", THREADS) as dask,
    ):
        sides = {"here": (here, dict[str, float]()), "dask": (dask, dict[str, float]())}
        for side in sides.values():
            speed(*side, seconds=SECONDS / 4)  # the kernel is compiled, and chunks get their size
        for number in range(settings.rounds):
            for name, side in sides.items():
                say(f"cluster: {name}, {number + 1} of {settings.rounds}")
                speeds[name].append(speed(*side, seconds=SECONDS))
    ratios = [b / a for a, b in zip(*speeds.values(), strict=True)]
    both = f"{THREADS} workers of one thread", f"one process of {THREADS} threads"
    rows = [Row.of("cluster", f"{both[0]} / {both[1]}", "ratio", ratios, WIDTH)]
    rows += [
        Row.of("cluster", name, "network-steps/s", speeds[side], WIDTH)
        for name, side in ((both[0], "dask"), (both[1], "here"))
    ]
    return Measurement(rows, [f"cluster: cpu, {STEPS} steps of each network, {SECONDS:.0f} s each"])


def speed(executor: Executor, budgets: dict[str, float], seconds: float) -> float:
    """Network-steps per second of all slots together, while all of them train.

    Args:
        executor: what trains.
        budgets: of the chunks of each slot, kept from one call to the next.
        seconds: how long chunks are begun for.

    Returns:
        The sum over slots, each from its first chunk that lands to its last.
    """
    protocol = Protocol(steps=STEPS, tail=STEPS // 10)
    networks = tasks(protocol)
    landed: dict[str, list[tuple[float, float]]] = {}
    until: float | None = None
    with Dispatch(executor, protocol, Progress(), budgets) as dispatch:
        while not dispatch.over:
            wanted, work = dispatch.appetite()
            if wanted > 0 or work > 0:
                dispatch.feed(list(islice(networks, 64)))
            event = dispatch.next_landed(0.05)
            if isinstance(event, Trained):
                now, steps = time.monotonic(), len(event.records) * float(event.chunk.steps)
                landed.setdefault(event.slot.name, []).append((now, steps))
            if until is None and all(len(each) > 1 for each in landed.values()) and landed:
                until = time.monotonic() + seconds
            if until is not None and time.monotonic() > until:
                dispatch.finish()
    return sum(map(_speed, landed.values()))


def tasks(protocol: Protocol) -> Iterator[NetworkTask]:
    """Networks of one cell, without an end."""
    configuration = Configuration("dce", WIDTH, 1.0, 30.0, PERIOD)
    steps = reads(protocol, (PERIOD,))
    for seed in count():
        yield NetworkTask(Replicate(configuration, seed), steps)


def _speed(landed: list[tuple[float, float]]) -> float:
    (first, _), *others = landed
    return sum(steps for _, steps in others) / (others[-1][0] - first)
