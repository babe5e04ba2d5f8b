"""A kernel that nobody compiled, for what is counted of one."""

from typing import Any

from benchmarks.gpu_instructions import CompiledKernel

FIELDS: dict[str, Any] = {
    "loss": "dce",
    "width": 100,
    "points": 300,
    "dtype": "float32",
    "rows": 4,
    "lanes": 8,
    "tiles": 13,
    "warps": 1,
    "registers": 200,
    "shared_bytes": 0,
    "spilled": 0,
    "point_instructions": 240,
    "step_instructions": 20_000,
    "programs": 8,
    "cubin_bytes": 1,
}


def compiled_kernel(**changes: int) -> CompiledKernel:
    return CompiledKernel(**FIELDS | changes)
