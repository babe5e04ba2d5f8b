"""What is measured on: the processor or a card, and what a fair measurement on it needs."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from dynstudy.bench.words import Device
from dynstudy.errors import BenchError

NO_MEMORY = ("out of memory", "resource_exhausted", "alloc_failed")
"""How PyTorch, JAX and cuBLAS tell it, in small letters."""


def chosen(asked: Device | None) -> Device:
    """The device to measure on: what is asked for, else a card where there is one."""
    has_card = torch.cuda.is_available()
    if asked is Device.cuda and not has_card:
        raise BenchError(
            f"--device cuda: torch {torch.__version__} finds no card on this machine; "
            "use --device cpu"
        )
    return asked or (Device.cuda if has_card else Device.cpu)


def device_facts(device: str) -> dict[str, Any]:
    """What of the device the numbers depend on, the processor apart."""
    if device == "cpu":
        return {"device": "cpu"}
    card = torch.cuda.get_device_properties(torch.cuda.current_device())
    return {
        "device": "cuda",
        "card": card.name,
        "card memory": f"{card.total_memory / 2**30:.0f} GiB",
        "multiprocessors": card.multi_processor_count,
        "driver": _driver(),
        "cuda": torch.version.cuda,
    }


def finish(device: str) -> None:
    """Wait until a card has done all it was told: a call to it returns before."""
    if device == "cuda":
        torch.cuda.synchronize()


@contextmanager
def full_float32() -> Iterator[None]:
    """PyTorch multiplies float32 matrices in float32: TF32 would be faster, and something else."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def out_of_memory(error: BaseException | None) -> bool:
    """Tell lack of memory from other failures.

    Returns:
        Whether this, or what it was raised from, says that the memory is too small.

    >>> out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"))
    True
    >>> out_of_memory(RuntimeError("an illegal memory access was encountered"))
    False
    """
    while error is not None:
        if any(words in str(error).lower() for words in NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def release() -> None:
    """Give the card's memory that nobody uses any more to whoever asks next."""
    gc.collect()
    torch.cuda.empty_cache()  # nothing where there is no card


def _driver() -> str | None:
    """The version of the NVIDIA driver, which PyTorch does not tell."""
    try:
        text = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8")
    except OSError:
        return None
    match = re.search(r"\d+\.\d+(\.\d+)?", text)
    return match[0] if match else None
