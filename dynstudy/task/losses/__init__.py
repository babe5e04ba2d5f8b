"""The losses, each a value: all others read them here, by their names in study files.

A loss that is added comes last: its place among the others is part of existing studies.
"""

from dynstudy.task.losses.cross_entropy import CE, DCE
from dynstudy.task.losses.loss import Loss
from dynstudy.task.losses.squared_error import DMSE1, MSE
from dynstudy.task.losses.target_squared_error import DMSE2


def by_name(*losses: Loss) -> dict[str, Loss]:
    """Losses by their names; ValueError where the static loss of one is not whole, or not there."""
    named = {loss.name: loss for loss in losses}
    whole = {loss.static for loss in losses if loss.of_points and not loss.dynamical}
    for name, loss in named.items():
        if loss.static not in whole:
            raise ValueError(f"loss {name!r}: register {loss.static!r}, too, with of_points")
    return named


LOSSES = by_name(CE, MSE, DCE, DMSE1, DMSE2)


def static_losses() -> list[str]:
    """The names of those that do not change during training."""
    return [name for name, loss in LOSSES.items() if not loss.dynamical]
