"""The axes of an atlas: a value for each row or column of its pixels, and how they make tiles."""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Array, Ints
from dynstudy.study.axes import BOUNDS, Range

DIGITS = 15
"""Of a value, so that the last bits of a logarithm do not make another network of it."""


@dataclass(frozen=True)
class PixelAxis:
    """N pixels side by side between the ends of a range, each at its own middle."""

    name: str  # of the parameter
    range: Range  # from the outer edge of the first to that of the last
    pixels: int  # N
    tile: int  # pixels of a tile, but where these have too few values

    @property
    def integer(self) -> bool:
        """Whether values are whole numbers, so that neighbours may share one."""
        return BOUNDS[self.name].integer

    @cached_property
    def values(self) -> Array:
        """(N,) of the pixels, ascending."""
        return np.array([self._at(number + 0.5) for number in range(self.pixels)], float)

    @cached_property
    def edges(self) -> Array:
        """(N + 1,) of the pixels, as a picture has them."""
        return np.array([self._between(number) for number in range(self.pixels + 1)], float)

    @cached_property
    def tiles(self) -> list[slice]:
        """The pixels of each tile; those whose middles are one value are one tile."""
        tiles: list[slice] = []
        for start in range(0, self.pixels, self.tile):
            stop = min(start + self.tile, self.pixels)
            if tiles and self._middle(slice(start, stop)) == self._middle(tiles[-1]):
                start = tiles.pop().start
            tiles.append(slice(start, stop))
        return tiles

    @cached_property
    def middles(self) -> Array:
        """Of the tiles, ascending, no two the same."""
        return np.array([self._middle(tile) for tile in self.tiles])

    @cached_property
    def tile_of(self) -> Ints:
        """(N,) the number of the tile that each pixel is in."""
        lengths = [tile.stop - tile.start for tile in self.tiles]
        return np.repeat(np.arange(len(lengths)), lengths)

    def pixels_of(self, values: Array) -> Ints:
        """The first pixel (n,) that has each of some values (n,); -1 where none has."""
        index = np.searchsorted(self.values, values).clip(max=self.pixels - 1)
        return np.where(self.values[index] == values, index, -1)

    @cached_property
    def first_alike(self) -> NDArray[np.int64]:
        """(N,) the first pixel that has the value of each."""
        return self.pixels_of(self.values)

    def scaled(self, values: Array) -> Array:
        """Values of it, or their logarithms where it is logarithmic."""
        return np.log(values) if self.range.log else np.asarray(values)

    def unscaled(self, scaled: Array) -> Array:
        """What `scaled` was given."""
        return np.exp(scaled) if self.range.log else np.asarray(scaled)

    def positions(self, values: Array) -> Array:
        """How many pixels from its lower end some values are."""
        edges = self.scaled(self.edges)
        return np.interp(self.scaled(values), edges, np.arange(self.pixels + 1))

    def _middle(self, pixels: slice) -> float:
        return self._at((pixels.start + pixels.stop) / 2)

    def _at(self, number: float) -> float:
        """The value so many pixels from the lower end, as networks have it."""
        value = self._between(number)
        return math.floor(value + 0.5) if self.integer else float(f"{value:.{DIGITS}g}")

    def _between(self, number: float) -> float:
        share, low, high = number / self.pixels, float(self.range.low), float(self.range.high)
        if self.range.log:
            return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        return low + share * (high - low)


pixel_axis = lru_cache(maxsize=64)(PixelAxis)
"""The axis of a study, which is asked for again and again, with its arrays."""
