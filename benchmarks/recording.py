"""What recording costs: the share of a map's wall time that is not training.

    python benchmarks/recording.py [--cells 40] [--rounds 3]

Runs a map whose cells train for about a second each, with the time spent inside the engine counted
apart from that of the whole run: Optuna, SQL, the ledger and the readings are what is left.
"""

import argparse
import statistics
import tempfile
import time
from typing import Any

import dynstudy
from dynstudy import replicates, runner
from dynstudy.search.provenance import processor
from dynstudy.search.spec import StudySpec
from dynstudy.train.backends.cpu import threads


def map_spec(name: str, cells: int) -> StudySpec:
    """Width 20, 10 replicates of 80 000 steps a cell: about a second on two cores."""
    return StudySpec.of({
        "name": name,
        "kind": "map",
        "loss": "dce",
        "replicates": 10,
        "protocol": {"steps": 80_000, "tail": 5_000},
        "space": {
            "learning_rate": 1.0,
            "amplitude": {"low": 3, "high": 1000, "num": cells // 5, "log": True},
            "period": {"low": 30, "high": 3000, "num": 5, "log": True},
            "width": 20,
        },
    })


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--cells", type=int, default=20)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()

    inside = 0.0
    engine = replicates.train

    def timed(*positional: Any, **named: Any) -> Any:
        nonlocal inside
        began = time.perf_counter()
        try:
            return engine(*positional, **named)
        finally:
            inside += time.perf_counter() - began

    replicates.train = timed
    shares, per_cell = [], []
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            inside = 0.0
            began = time.perf_counter()
            done = runner.run(
                map_spec(f"m{number}", options.cells), storage=f"sqlite:///{folder}/s.db"
            )
            wall = time.perf_counter() - began
        shares.append(1 - inside / wall)
        per_cell.append(inside / (done.trained / 10))
    print(
        f"{processor()}, {threads()} threads, dynstudy {dynstudy.__version__}, "
        f"{options.rounds} rounds of {done.cells} cells, {done.trained} networks"
    )
    print(f"training a cell of 10 networks   {statistics.median(per_cell):.2f} s")
    print(
        f"share that is not training       {statistics.median(shares):.1%} "
        f"({min(shares):.1%} to {max(shares):.1%})"
    )


if __name__ == "__main__":
    main()
