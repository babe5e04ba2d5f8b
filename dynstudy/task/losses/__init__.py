"""The losses, each a value: all others read them here, by their names in study files.

A loss that is added comes last: its place among the others is part of existing studies.
"""

from dynstudy.task.losses.cross_entropy import CE, DCE
from dynstudy.task.losses.loss import Loss
from dynstudy.task.losses.squared_error import DMSE1, MSE
from dynstudy.task.losses.target_squared_error import DMSE2

LOSSES: dict[str, Loss] = {loss.name: loss for loss in (CE, MSE, DCE, DMSE1, DMSE2)}


def static_losses() -> list[str]:
    """The names of those that do not change during training."""
    return [name for name, loss in LOSSES.items() if not loss.dynamical]
