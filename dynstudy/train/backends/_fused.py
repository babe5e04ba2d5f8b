"""What the fused kernels of `cpu` and `gpu` can train."""

from dynstudy.task.losses import LOSSES
from dynstudy.train.ensemble import Demand

FEATURES = 2
"""W1's two rows are names in the kernels, not a loop."""


def refusal(demand: Demand) -> str | None:
    """Why a fused kernel cannot train what is asked of it; None if it can."""
    if LOSSES[demand.loss].fused is None:
        return f"has no kernel for the loss {demand.loss!r}"
    if demand.features != FEATURES:
        return f"trains networks of {FEATURES} inputs, not of {demand.features}"
    return None
