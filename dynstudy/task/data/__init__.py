"""Kinds of data, a file for each: ``[protocol.data]`` of a study file, by its ``kind``.

To add one, write its class in a file of this folder and name it in `AnyData`.
"""

from typing import Annotated, Any

from pydantic import Field

from dynstudy.section import told_apart
from dynstudy.task.data.files import FileData
from dynstudy.task.data.functions import PythonData
from dynstudy.task.data.recorded import RecordedData
from dynstudy.task.data.scikit import SklearnData
from dynstudy.task.data.spirals import SpiralData

AnyData = Annotated[
    SpiralData | SklearnData | FileData | PythonData | RecordedData, Field(discriminator="kind")
]
"""Of these kinds."""


def with_kind(values: Any) -> Any:
    """A table of data that says its kind; before there were several, all were spirals."""
    return told_apart(values, "kind", SpiralData, SklearnData, FileData, PythonData)
