"""The dynamical losses for a training loop of one's own, and the schedule of their class weights.

PyTorch is loaded when one of them is first used.
"""

from typing import TYPE_CHECKING, Any

from dynstudy.lazy import loaded

if TYPE_CHECKING:
    from dynstudy.task.losses.modules import DynamicalCrossEntropy, DynamicalMSE1, DynamicalMSE2
    from dynstudy.task.losses.schedule_module import Schedule

__all__ = ["DynamicalCrossEntropy", "DynamicalMSE1", "DynamicalMSE2", "Schedule"]

_HOMES = {
    "DynamicalCrossEntropy": "dynstudy.task.losses.modules",
    "DynamicalMSE1": "dynstudy.task.losses.modules",
    "DynamicalMSE2": "dynstudy.task.losses.modules",
    "Schedule": "dynstudy.task.losses.schedule_module",
}


def __getattr__(name: str) -> Any:
    return loaded(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
