"""The engine's speed beside its peers, as ratios measured side by side in one run.

    python benchmarks/engine.py [--widths 20,100,500] [--rounds 5] [--format table|json]

Every round measures every competitor in turn, so that a machine whose speed drifts drifts for all;
ratios are taken within a round, and their median and range are printed.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable

import numba
import numpy as np
import torch

from dynstudy.search.provenance import processor
from dynstudy.task.losses import WEIGHTED_LOSSES
from dynstudy.task.network import draw
from dynstudy.task.schedule import class_weights
from dynstudy.task.spiral import spiral
from dynstudy.train import Data, Ensemble, train
from dynstudy.train.backends.cpu import threads

POINTS, CLASSES = 300, 3
SECONDS = 1.0  # of one measurement
AMPLITUDE, PERIOD, RATE = 10.0, 100, 0.1

Measure = Callable[[], float]


def flops_per_step(width: int) -> int:
    """26 per point and unit: 10 forward, 16 backward; softmax and recomputation not counted."""
    return 26 * POINTS * width


def with_threads(number: int, measure: Measure) -> Measure:
    """Measure with so many threads inside PyTorch's own operations."""

    def measure_so() -> float:
        torch.set_num_threads(number)
        return measure()

    return measure_so


def until_long_enough(run: Callable[[int], None], per_call: int) -> Measure:
    """Network-steps per second of `run(steps)`, which takes `per_call` network-steps a step."""

    def measure() -> float:
        steps = 10
        while True:
            began = time.perf_counter()
            run(steps)
            seconds = time.perf_counter() - began
            if seconds >= SECONDS / 2:
                return per_call * steps / seconds
            steps = int(steps * min(20, max(2, SECONDS / seconds)))

    return measure


def dynstudy_backend(backend: str, width: int, count: int) -> Measure:
    """`count` networks at a time in one call of `train`."""
    x, y = spiral(POINTS // CLASSES, CLASSES, 2.0, 0.2, seed=0)
    data = Data(x[None], y, x, y)

    def run(steps: int) -> None:
        ensemble = Ensemble.of(
            "dce",
            steps,
            width=width,
            learning_rate=RATE,
            amplitude=AMPLITUDE,
            period=PERIOD,
            seed=range(count),
        )
        train(ensemble, data, backend=backend, checkpoints=[steps])

    return until_long_enough(run, count)


def plain_loop(width: int) -> Measure:
    """What one would write by hand: one network, torch.nn, torch.optim.SGD, a Python loop."""
    x, y = spiral(POINTS // CLASSES, CLASSES, 2.0, 0.2, seed=0)
    inputs, target = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    model = torch.nn.Sequential(
        torch.nn.Linear(2, width), torch.nn.ReLU(), torch.nn.Linear(width, CLASSES)
    )
    W1, b1, W2, b2 = (torch.tensor(p, dtype=torch.float32) for p in draw(0, width, CLASSES))
    for parameter, value in zip(model.parameters(), (W1.T, b1, W2.T, b2), strict=True):
        parameter.data.copy_(value)
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE)
    loss_of = WEIGHTED_LOSSES["dce"]

    def run(steps: int) -> None:
        weights = torch.tensor(
            class_weights(np.arange(steps), CLASSES, AMPLITUDE, PERIOD), dtype=torch.float32
        )
        for step in range(steps):
            optimiser.zero_grad()
            loss_of(model(inputs), target, weights[step]).backward()
            optimiser.step()

    return until_long_enough(run, 1)


def matrix_product(size: int = 2048) -> Measure:
    """FLOP/s of a large float32 torch.mm on all cores."""
    a, b = torch.randn(size, size), torch.randn(size, size)

    def run(repeats: int) -> None:
        for _ in range(repeats):
            torch.mm(a, b)

    return until_long_enough(run, 2 * size**3)


def spread(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
    }


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--widths", default="20,100,500")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--format", choices=("table", "json"), default="table")
    options = arguments.parse_args()

    count = 4 * threads()
    results = []
    for width in map(int, options.widths.split(",")):
        competitors = {
            "cpu": dynstudy_backend("cpu", width, count),
            "autograd": with_threads(threads(), dynstudy_backend("autograd", width, count)),
            "plain loop, 1 thread": with_threads(1, plain_loop(width)),
            "plain loop, all threads": with_threads(threads(), plain_loop(width)),
            "torch.mm": with_threads(threads(), matrix_product()),
        }
        for measure in competitors.values():
            measure()  # compile, fill caches
        rounds = [
            {name: measure() for name, measure in competitors.items()}
            for _ in range(options.rounds)
        ]
        for r in rounds:  # the better of the two is the one to beat
            r["plain loop"] = max(r["plain loop, 1 thread"], r["plain loop, all threads"])
        results.append({
            "width": width,
            "cpu / plain loop": spread([r["cpu"] / r["plain loop"] for r in rounds]),
            "cpu / autograd": spread([r["cpu"] / r["autograd"] for r in rounds]),
            "cpu FLOP/s / torch.mm": spread([
                r["cpu"] * flops_per_step(width) / r["torch.mm"] for r in rounds
            ]),
            "cpu, network-steps/s": spread([r["cpu"] for r in rounds]),
            "plain loop, network-steps/s": spread([r["plain loop"] for r in rounds]),
        })
    machine = {
        "processor": processor(),
        "threads": threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numba": numba.__version__,
        "rounds": options.rounds,
        "date": time.strftime("%Y-%m-%d"),
    }
    if options.format == "json":
        json.dump({"machine": machine, "results": results}, sys.stdout, indent=1)
        print()
        return
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    print(f"DCE, {POINTS} points, float32; median (min to max) of {options.rounds} rounds")
    for result in results:
        print(f"\nwidth {result['width']}")
        for name, value in result.items():
            if isinstance(value, dict):
                low, middle, high = (f"{value[k]:,.4g}" for k in ("min", "median", "max"))
                print(f"  {name:30} {middle:>10}  ({low} to {high})")


if __name__ == "__main__":
    main()
