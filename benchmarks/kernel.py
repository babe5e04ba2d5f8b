"""What the GPU kernel compiles to, and the bound that follows: arithmetic, no speed of a card.

No card is needed. It is compiled in processes of their own: where a test has Triton interpret the
kernel, this one could not be compiled.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict

from benchmarks.gpu_instructions import CompiledKernel, compiled, missing
from dynstudy.bench.measure import Measurement, Row, Say, Settings, last_line
from dynstudy.task.losses import LOSSES
from dynstudy.train.backends._gpu_shapes import SCHEDULERS

FUSED = [name for name, loss in LOSSES.items() if loss.dynamical and loss.fused is not None]
"""One for each kernel; their static losses run the same."""
MULTIPROCESSORS = 132
CLOCK = 1.98e9
"""Of an H100 or H200 SXM by NVIDIA's data sheet: 67 TFLOP/s in float32, 128 lanes, 2 FLOP each."""
INTERPRETED = "TRITON_INTERPRET"


def measure(settings: Settings, say: Say) -> Measurement:
    """Compile the kernel for a Hopper card at each width, for 300 points of 3 classes in float32.

    Args:
        settings: the widths.
        say: told what is being compiled.

    Returns:
        For each loss: registers of a lane, spilled instructions, shared bytes of a program, how
        many programs fit on a multiprocessor, the warp instructions of a network's step, those of
        a lane for each pair of a unit and a point (`pair_instructions`), and the bound.
        A program trains one network.

    Raises:
        KeyboardInterrupt: it was interrupted.
    """
    absent = missing()
    if absent is not None:
        return Measurement([], [f"kernel: left out, {absent}"])
    rows: list[Row] = []
    notes: list[str] = []
    for width in settings.widths:
        say(f"kernel: width {width}")
        try:
            reports = _in_a_process_of_its_own(width)
        except RuntimeError as error:
            notes.append(f"kernel: width {width} left out ({error})")
        else:
            rows += [row for report in reports for row in kernel_rows(report)]
    if rows:
        notes.append(
            f"kernel: compiled, not run; the bound is {MULTIPROCESSORS} multiprocessors x "
            f"{SCHEDULERS} schedulers x {CLOCK / 1e9:g} GHz (H100 or H200 SXM) over the "
            "instructions of a step: no such card can be faster; docs/gpu.md has how fast one was"
        )
    return Measurement(rows, notes)


def kernel_rows(report: CompiledKernel) -> list[Row]:
    """One kernel in rows.

    Args:
        report: what it was compiled to.

    Returns:
        A row for each number.
    """
    numbers = {
        "registers a lane": report.registers,
        "spilled instructions": report.spilled,
        "shared bytes a program": report.shared_bytes,
        "programs a multiprocessor": report.programs,
        "warp instructions a step": report.network_instructions,
        "instructions a unit and point": report.pair_instructions,
        "network-steps/s at most, by arithmetic": bound(report),
    }
    return [
        Row.of("kernel", report.loss, unit, [value], report.width)
        for unit, value in numbers.items()
    ]


def bound(report: CompiledKernel) -> float:
    """The network-steps per second of a card that issued an instruction whenever it can.

    Args:
        report: what the kernel was compiled to.

    Returns:
        An upper bound. `docs/gpu.md` has how near a card comes to it.
    """
    return MULTIPROCESSORS * SCHEDULERS * CLOCK / report.network_instructions


def _in_a_process_of_its_own(width: int) -> list[CompiledKernel]:
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(width)],
        check=False,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != INTERPRETED},
    )
    if done.returncode == 130:
        raise KeyboardInterrupt
    if done.returncode:
        raise RuntimeError(last_line(done.stderr))
    return [CompiledKernel(**report) for report in json.loads(done.stdout)]


if __name__ == "__main__":
    try:
        json.dump([asdict(compiled(loss, int(sys.argv[1]))) for loss in FUSED], sys.stdout)
    except KeyboardInterrupt:
        sys.exit(130)
