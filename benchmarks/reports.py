"""What a command costs that reports on a study: all of it, in a process of its own."""

import json
import runpy
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.end_to_end import peak_memory
from dynstudy.bench.measure import last_line
from dynstudy.errors import BenchError


@dataclass(frozen=True)
class CommandCost:
    """Of one command."""

    seconds: float  # from start to end, Python's own start included
    peak: int  # bytes of memory, at most


def measure_report(arguments: Sequence[str], url: str, folder: str) -> CommandCost:
    """Run a command to its end.

    Args:
        arguments: of `dynstudy`.
        url: of the storage.
        folder: where it may write.

    Returns:
        What it cost.

    Raises:
        BenchError: it failed.
    """
    peak = Path(folder) / "peak.json"
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(peak), *arguments, "--storage", url],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        last = last_line(done.stderr)
        raise BenchError(f"reading: dynstudy {arguments[0]} failed ({last})")
    return CommandCost(seconds, json.loads(peak.read_text(encoding="utf-8")))


def _run(peak: Path, arguments: list[str]) -> None:
    sys.argv = ["dynstudy", *arguments]
    try:
        runpy.run_module("dynstudy", run_name="__main__")
    finally:
        peak.write_text(json.dumps(peak_memory()), encoding="utf-8")


if __name__ == "__main__":
    _run(Path(sys.argv[1]), sys.argv[2:])
