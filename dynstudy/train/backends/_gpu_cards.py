"""Which cards of this machine the GPU kernel can run on."""

from importlib.util import find_spec

import torch

from dynstudy.errors import BackendError

PROGRAMS = 8
"""On a multiprocessor at a time: two for each of its schedulers, as any width's registers allow."""
CAPABILITY = (8, 0)
"""Of a card, as Triton asks for."""


def check_device(device: str = "0") -> None:
    """Find out before anything is trained or written whether the kernel can run on a card.

    Raises:
        BackendError: no Triton, no such card, or none that Triton can use.
    """
    if find_spec("triton") is None:
        raise BackendError(
            "backend 'gpu' cannot run: Triton is not installed (PyTorch's CUDA builds bring it); "
            "use --backend cpu"
        )
    if interpreted():
        return
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not device.isdecimal() or int(device) >= cards:
        seen = f"cards 0 to {cards - 1}" if cards else "no card"
        raise BackendError(
            f"backend 'gpu:{device}' cannot run: torch {torch.__version__} sees {seen} on this "
            "machine; use --backend cpu"
        )
    if not _capable(int(device)):
        raise BackendError(
            f"backend 'gpu:{device}' cannot run: Triton needs a card of compute capability "
            f"{'.'.join(map(str, CAPABILITY))} or more; use --backend cpu"
        )
    try:
        from triton.runtime import driver

        driver.active.get_current_device()  # which compiles what launches kernels
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise BackendError(
            f"backend 'gpu:{device}' cannot run: Triton cannot reach the card: {reason} (it needs "
            "a C compiler and Python's headers); use --backend cpu"
        ) from error


def devices() -> list[str]:
    """The cards that can be used, by number."""
    if interpreted():
        return ["0"]
    return [str(card) for card in range(torch.cuda.device_count()) if _capable(card)]


def at_once(device: str = "0") -> int:
    """How many networks keep a card busy."""
    if interpreted():
        return 1
    properties = torch.cuda.get_device_properties(int(device))
    return PROGRAMS * int(properties.multi_processor_count)


def _capable(card: int) -> bool:
    return torch.cuda.get_device_capability(card) >= CAPABILITY


def interpreted() -> bool:
    """Whether Triton runs its kernels in Python, step by step (TRITON_INTERPRET=1), for tests."""
    import triton

    return bool(triton.knobs.runtime.interpret)
