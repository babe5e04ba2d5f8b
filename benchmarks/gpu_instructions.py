"""What the GPU kernel compiles to, found out without a card: registers, spills, instructions."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from dynstudy.task.losses import LOSSES
from dynstudy.task.losses.loss import CROSS_ENTROPY
from dynstudy.train.backends._gpu_shapes import (
    LINE,
    REGISTER_FILE,
    SCHEDULERS,
    WARP,
    compiler_options,
    shape_for,
)

WARP_LIMIT = 64  # warps on a multiprocessor of a Hopper card, as all that follows
PROGRAM_LIMIT = 32  # programs on a multiprocessor
SHARED_BYTES = 228 * 2**10  # of a multiprocessor
RESERVED_BYTES = 2**10  # of them for each program
GRANULE = 8  # registers of a lane are given out by so many

TOOLS = ("cuobjdump", "nvdisasm")
WATCHED = ("watch", "until_onset")
"""Arguments that are None where nothing is watched."""


@dataclass(frozen=True)
class CompiledKernel:
    """A kernel for one shape of network, as the assembler made it."""

    loss: str
    width: int
    points: int
    dtype: str
    rows: int
    lanes: int
    tiles: int
    warps: int
    registers: int  # of a lane
    shared_bytes: int  # of a program
    spilled: int  # instructions that load or store local memory
    point_instructions: int  # of a warp, for `rows` points, in the loop over the training points
    step_instructions: int  # of a warp, a whole step, loop and all
    programs: int  # on a multiprocessor at a time
    cubin_bytes: int

    @property
    def network_instructions(self) -> int:
        """Warp instructions of a step, of all warps of the program."""
        return self.step_instructions * self.warps

    @property
    def pair_instructions(self) -> float:
        """Those of the loop over the points that a lane issues for each pair of a unit and a point.

        Only real units and points are counted as pairs. So lanes and tiles beyond the width, rows
        beyond the last point, and what a point costs whatever the width, are all in it.
        """
        rounds = -(-self.points // self.rows)
        return WARP * self.warps * self.point_instructions * rounds / (self.points * self.width)


def missing() -> str | None:
    """What of Triton is not there, without which nothing can be reported; None if all is."""
    triton = find_spec("triton")
    if triton is None or not triton.submodule_search_locations:
        return "Triton is not installed (pip install 'dynstudy[gpu-test]')"
    tools = Path(triton.submodule_search_locations[0], "backends", "nvidia", "bin")
    absent = [tool for tool in TOOLS if not (tools / tool).exists()]
    return f"this Triton comes without {' and '.join(absent)}" if absent else None


def programs_at_once(registers: int, warps: int, shared_bytes: int = 0) -> int:
    """How many programs fit on a multiprocessor, as NVIDIA's cuda_occupancy.h counts them.

    Args:
        registers: of a lane.
        warps: of a program.
        shared_bytes: of a program.

    Returns:
        Their number, 0 where not even one can be launched. A warp's registers are all from one
        scheduler's quarter.

    >>> [programs_at_once(registers, 1) for registers in (128, 168, 169, 200, 255)]
    [16, 12, 8, 8, 8]
    """
    of_warp = WARP * GRANULE * -(-registers // GRANULE)
    if of_warp * SCHEDULERS * -(-warps // SCHEDULERS) > REGISTER_FILE:
        return 0  # whole rounds of the schedulers have to fit
    return min(
        SCHEDULERS * (REGISTER_FILE // SCHEDULERS // of_warp) // warps,
        WARP_LIMIT // warps,
        PROGRAM_LIMIT,
        SHARED_BYTES // (shared_bytes + RESERVED_BYTES),
    )


def compiled(
    loss: str,
    width: int,
    *,
    classes: int = 3,
    points: int = 300,
    dtype: str = "float32",
    capability: int = 90,
    onsets: bool = False,
) -> CompiledKernel:
    """Compile the kernel for a network and count what came out.

    Args:
        loss: a key of `dynstudy.task.losses.LOSSES`.
        width: hidden units.
        classes: C.
        points: P of the training set.
        dtype: float32 or float64.
        capability: of the card, ten times: 90 is Hopper.
        onsets: whether it watches for onsets of instabilities.

    Returns:
        The report.

    Raises:
        ValueError: the disassembly has another form than this function knows.
    """
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from dynstudy.train.backends._gpu_kernel import advance_networks

    kind = LOSSES[loss].fused
    outputs = classes - 1 if kind == CROSS_ENTROPY else classes
    shape = shape_for(width, outputs, points, dtype, onsets)
    real = {"float32": "*fp32", "float64": "*fp64"}[dtype]
    constants = {
        "KIND": kind,
        "C": classes,
        "TILES": shape.tiles,
        "ROWS": shape.rows,
        "LANES": shape.lanes,
        "LINE": LINE,
        "TRACE": False,
    } | dict.fromkeys(() if onsets else WATCHED)
    types = (
        dict.fromkeys(("lines", "biases", "x"), real)
        | dict.fromkeys(("rates", "amplitudes", "slopes", "losses", "watch"), "*fp64")
        | dict.fromkeys(("points", "all_points", "readings", "step", "count", "until_onset"), "i32")
        | dict.fromkeys(constants, "constexpr")
    )
    kernel = triton.compile(
        ASTSource(
            advance_networks,
            {name: types.get(name, "*i32") for name in advance_networks.arg_names},
            constants,
        ),
        target=GPUTarget("cuda", capability, WARP),
        options=compiler_options(shape, outputs, dtype, onsets),
    )
    cubin = kernel.asm["cubin"]
    usage, code = _disassembled(cubin)
    registers, shared = _usage(usage)
    loop, around = _training_loop(code)
    return CompiledKernel(
        loss,
        width,
        points,
        dtype,
        shape.rows,
        shape.lanes,
        shape.tiles,
        shape.warps,
        registers,
        shared,
        _spilled(code),
        loop,
        loop * -(-points // shape.rows) + around,
        programs_at_once(registers, shape.warps, shared),
        len(cubin),
    )


def spilled(cubin: bytes) -> int:
    """How many instructions of a compiled kernel load or store local memory."""
    return _spilled(_disassembled(cubin)[1])


def _spilled(code: str) -> int:
    return len(re.findall(r"\b(?:LDL|STL)\b", code))


def _disassembled(cubin: bytes) -> tuple[str, str]:
    import triton.backends.nvidia

    tools = Path(triton.backends.nvidia.__file__).parent / "bin"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        usage, code = (
            subprocess.run(
                [tools / tool, option, file.name], capture_output=True, text=True, check=True
            ).stdout
            for tool, option in zip(TOOLS, ("-res-usage", "-c"), strict=True)
        )
    return usage, code


def _usage(text: str) -> tuple[int, int]:
    usage = re.search(r"REG:(\d+) STACK:\d+ SHARED:(\d+)", text)
    if usage is None:
        raise ValueError("cuobjdump -res-usage tells no registers")
    return int(usage[1]), int(usage[2])


def _training_loop(code: str) -> tuple[int, int]:
    """Count the instructions of the loop over the training points, and of a step around it.

    Args:
        code: what nvdisasm prints.

    Returns:
        Both numbers.

    Raises:
        ValueError: there are no such loops.

    Loops are jumps backwards. The training loop is the one with most multiply-adds; the smallest
    loop that holds it is the loop over the steps, which holds the loop of the readings, too. What
    follows the exit is for lanes that part, which never happens.
    """
    lines = code.partition(" EXIT ")[0].splitlines()
    line_of = {
        match[1]: n for n, line in enumerate(lines) if (match := re.match(r"^(\.L_\w+):", line))
    }
    instruction = [bool(re.search(r"/\*[0-9a-f]{4,}\*/\s+\S", line)) for line in lines]
    loops = [
        (line_of[match[1]], n)
        for n, line in enumerate(lines)
        if (match := re.search(r"\bBRA\b.*`\((\.L_\w+)\)", line)) and line_of.get(match[1], n) < n
    ]

    def count(first: int, last: int) -> int:
        return sum(instruction[first : last + 1])

    def fused(loop: tuple[int, int]) -> int:
        return sum("FFMA" in line or "DFMA" in line for line in lines[loop[0] : loop[1]])

    inner = [
        loop
        for loop in loops
        if not any(loop[0] <= other[0] and other[1] <= loop[1] and loop != other for other in loops)
    ]
    if not inner:
        raise ValueError("nvdisasm shows no loop over the points")
    training = max(inner, key=fused)
    outer = [loop for loop in loops if loop[0] < training[0] and training[1] < loop[1]]
    if not outer:
        raise ValueError("nvdisasm shows no loop over the steps")
    steps = min(outer, key=lambda loop: loop[1] - loop[0])
    others = sum(count(*loop) for loop in inner if steps[0] < loop[0] and loop[1] < steps[1])
    return count(*training), count(*steps) - others
