"""Kinds of data, a file for each: ``[protocol.data]`` of a study file, by its ``kind``.

To add one, write its class in a file of this folder and name it in `AnyData`.
"""

from typing import Annotated, Any, get_args

from pydantic import Field

from dynstudy.errors import either
from dynstudy.task.data.files import FileData
from dynstudy.task.data.functions import PythonData
from dynstudy.task.data.recorded import RecordedData
from dynstudy.task.data.scikit import SklearnData
from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.data.task_data import TaskData

AnyData = Annotated[
    SpiralData | SklearnData | FileData | PythonData | RecordedData, Field(discriminator="kind")
]
"""Of these kinds."""

NAMED: tuple[type[TaskData], ...] = (SklearnData, FileData, PythonData)
"""Those that a study file asks for by their kind alone."""


def with_kind(values: Any) -> Any:
    """Return a table of data that says its kind; before there were several, all were spirals.

    Raises:
        ValueError: it has a key of another kind.
    """
    if not isinstance(values, dict) or "kind" in values:
        return values
    for key in values.keys() - SpiralData.model_fields.keys():
        kinds = [repr(_kind(each)) for each in NAMED if key in each.model_fields]
        if kinds:
            raise ValueError(
                f"without a kind it is a spiral, which has no {key}; kind = {either(kinds)} has"
            )
    return {"kind": "spiral", **values}


def _kind(data: type[TaskData]) -> str:
    (kind,) = get_args(data.model_fields["kind"].annotation)
    return str(kind)
