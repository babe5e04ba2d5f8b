"""What can be looked at of an atlas, a measure at a time, and pieces of it as PNG."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import Colormap
from numpy.typing import NDArray
from PIL import Image

from dynstudy.analysis.atlas import GAIN, Atlas
from dynstudy.arrays import Array
from dynstudy.measure.measures import MEASURES, net_names
from dynstudy.pictures.style import AMPLITUDE, COLOURS, MEASURE_COLOURS, PERIOD, WIDTH

AXES = {
    "amplitude": AMPLITUDE,
    "period": PERIOD,
    "width": WIDTH,
    "learning_rate": "learning rate η",
    "noise": "noise (rad)",
}
COUNT = 255
"""Colours of a piece; one more stands for what has no value."""

NO_VALUE = (128, 128, 128, 64)
OUTLYING = 0.5
"""Per cent of the pixels at either end that may lie beyond the colours."""


def axis_title(name: str) -> str:
    """What an axis is of, and its unit."""
    return AXES.get(name, name.replace("_", " "))


@dataclass(frozen=True)
class Layer:
    """A measure of the pixels of an atlas, and the colours that it is drawn in."""

    name: str
    title: str
    values: Array  # (rows, columns), the static loss's taken off where it is everywhere
    low: float  # where the colours begin
    high: float  # and end
    colours: Colormap
    form: str  # of its numbers

    @classmethod
    def of(cls, atlas: Atlas, name: str) -> "Layer":
        """Return the layer of ``gain`` or of a measure.

        Raises:
            DynstudyError: the atlas has no such measure.
        """
        values = _values(atlas, name)
        title = GAIN if name == GAIN else MEASURES[name].title
        low, high = colours_of(name, [values])
        if name == GAIN:
            return cls(name, title, values, low, high, COLOURS, "+.3f")
        return cls(name, title, values, low, high, MEASURE_COLOURS, ".3f")


def colours_of(name: str, values: Sequence[Array]) -> tuple[float, float]:
    """Return where the colours of a measure begin and end, for the pixels of some atlases."""
    shown = np.concatenate([each[np.isfinite(each)] for each in values])
    ends = (OUTLYING, 100 - OUTLYING)
    low, high = np.percentile(shown, ends).tolist() if len(shown) else (0.0, 1.0)
    if name == GAIN:
        limit = max(0.05, -low, high)
        return -limit, limit
    return low, high if high > low else low + 1


def layer_names(atlas: Atlas) -> Iterator[str]:
    """Yield the names of the layers of which any pixel has a value."""
    yield from (name for name in atlas.names if np.isfinite(_values(atlas, name)).any())


def _values(atlas: Atlas, name: str) -> Array:
    return atlas.net(name) if name in net_names() else atlas.of(name)


def image_of(values: NDArray[np.float32], layer: Layer) -> Image.Image:
    """Return values (rows, columns) of a layer, the first row on top, a pixel each.

    The image has a palette, whose number `COUNT` stands for nan.
    """
    share = (values - np.float32(layer.low)) / np.float32(layer.high - layer.low)
    absent = np.isnan(share)
    index = (np.clip(np.where(absent, 0, share), 0, 1) * (COUNT - 1) + 0.5).astype(np.uint8)
    image = Image.fromarray(np.where(absent, np.uint8(COUNT), index))
    colours = np.round(255 * layer.colours(np.linspace(0, 1, COUNT))[:, :3]).astype(np.uint8)
    image.putpalette(colours.tobytes() + bytes(NO_VALUE[:3]))
    return image


def png_of(values: NDArray[np.float32], layer: Layer, opacity: int = NO_VALUE[3]) -> bytes:
    """Return the same as a PNG; where there is nan it is grey, of an opacity from 0 to 255."""
    file = io.BytesIO()
    transparency = bytes([255] * COUNT + [opacity])
    image_of(values, layer).save(file, "PNG", transparency=transparency)
    return file.getvalue()
