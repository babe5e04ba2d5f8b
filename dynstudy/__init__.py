"""dynstudy: hyperparameter studies of dynamical loss functions (arXiv:2410.10690).

The names below are loaded when first used, so that ``import dynstudy`` brings neither PyTorch nor
Numba with it (PEP 562).
"""

from typing import TYPE_CHECKING, Any

from dynstudy import losses
from dynstudy._version import __version__
from dynstudy.errors import DynstudyError
from dynstudy.lazy import loaded

if TYPE_CHECKING:
    from dynstudy.launch.objective import Objective
    from dynstudy.launch.runner import run
    from dynstudy.results.studies import Studies, open  # noqa: A004 - as in dynstudy.open
    from dynstudy.results.study import Study
    from dynstudy.search.boundary_sampler import BoundarySampler, Level
    from dynstudy.study.spec import StudySpec
    from dynstudy.study.study_file import load_spec
    from dynstudy.study.task import Task
    from dynstudy.task.losses.modules import DynamicalCrossEntropy, DynamicalMSE1, DynamicalMSE2
    from dynstudy.task.losses.schedule_module import Schedule
    from dynstudy.train.module_curvature import curvature

__all__ = [
    "BoundarySampler",
    "DynamicalCrossEntropy",
    "DynamicalMSE1",
    "DynamicalMSE2",
    "DynstudyError",
    "Level",
    "Objective",
    "Schedule",
    "Studies",
    "Study",
    "StudySpec",
    "Task",
    "__version__",
    "curvature",
    "load_spec",
    "losses",
    "open",
    "run",
]

_HOMES = {
    "curvature": "dynstudy.train.module_curvature",
    "BoundarySampler": "dynstudy.search.boundary_sampler",
    "DynamicalCrossEntropy": "dynstudy.task.losses.modules",
    "DynamicalMSE1": "dynstudy.task.losses.modules",
    "DynamicalMSE2": "dynstudy.task.losses.modules",
    "Level": "dynstudy.search.boundary_sampler",
    "Objective": "dynstudy.launch.objective",
    "Schedule": "dynstudy.task.losses.schedule_module",
    "Studies": "dynstudy.results.studies",
    "Study": "dynstudy.results.study",
    "StudySpec": "dynstudy.study.spec",
    "Task": "dynstudy.study.task",
    "load_spec": "dynstudy.study.study_file",
    "open": "dynstudy.results.studies",
    "run": "dynstudy.launch.runner",
}


def __getattr__(name: str) -> Any:
    return loaded(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted(__all__)
