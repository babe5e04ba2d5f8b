"""Kinds of data, a file for each: ``[protocol.data]`` of a study file, by its ``kind``.

To add one, write its class in a file of this folder and name it in `AnyData`.
"""

from dynstudy.task.data.spirals import SpiralData

AnyData = SpiralData
"""Of these kinds."""
