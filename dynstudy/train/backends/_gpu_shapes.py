"""How the GPU kernel lays a network over the lanes of a warp, and what a step then costs."""

import math
from dataclasses import dataclass

import numpy as np

from dynstudy.train.ensemble import Floats

WARP = 32
TILES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 16)
"""Few, since each number is a kernel of its own to compile."""

FEW_OUTPUTS = 3
REGISTERS = {"float32": (208, 192), "float64": (168, 150)}
"""32-bit ones of a lane's 255 that parameters and sums may take, so that next to nothing is spilled
in the loop over the points: with few outputs, and with more, each of which takes some itself."""

REGISTER_FILE = 65_536
"""Of a multiprocessor. Its four schedulers have a quarter each, and a warp is one scheduler's."""
SCHEDULERS = 4
MOST_WARPS = 8
"""Of a program whose lanes may have 255 registers each: more could not be launched."""
LARGEST_PROGRAM = 32
"""Warps, on every card."""

WIDEST = LARGEST_PROGRAM * WARP * TILES[-1]
"""Units that a program can hold, spilled or not."""

LIMITS = ((80, 128), (128, 168))
"""With so many for parameters and sums, so many in all do without a spill in float32, with few
outputs: then four, or three, programs share a scheduler. With any more than 168 it is two."""

WATCHED_LIMITS = ((80, 128), (120, 168))
"""Likewise where onsets are watched for."""
WATCHED_TILES, WATCHED_WIDEST = 13, {"float32": 208, "float64": 112}
"""At most, and units of a network: no register was seen to be spilled up to there."""

LINE = 16
"""Rows of parameters that the kernel reads and writes at once."""

FIXED = 50
"""Instructions that a point costs whatever the width: loads, softmax, loop."""


@dataclass(frozen=True)
class Shape:
    """A grid of rows x lanes that holds `tiles` units a lane."""

    rows: int  # points that are looked at at once
    lanes: int  # of units
    tiles: int

    @property
    def units(self) -> int:
        """The widest network that fits."""
        return self.lanes * self.tiles

    @property
    def warps(self) -> int:
        """Of a program."""
        return max(1, self.lanes // WARP)


def shape_for(width: int, outputs: int, points: int, dtype: str, onsets: bool = False) -> Shape:
    """Choose the cheapest shape that keeps a network in registers.

    Args:
        width: hidden units.
        outputs: K that the kernel keeps: C - 1 for a cross-entropy, else C.
        points: P of the training set.
        dtype: float32 or float64.
        onsets: whether they are watched for, which leaves registers for fewer tiles.

    Returns:
        The shape. Beyond one warp's registers it has several warps, which is slower; beyond all
        registers of a multiprocessor it spills, which is slower still.

    >>> shape_for(100, 2, 300, "float32"), shape_for(5, 2, 300, "float32")
    (Shape(rows=4, lanes=8, tiles=13), Shape(rows=32, lanes=1, tiles=5))
    """
    for warps in (1, 2, 4, MOST_WARPS):
        shapes = [
            Shape(max(1, WARP // lanes), lanes, tiles)
            for lanes in ([2**n for n in range(6)] if warps == 1 else [warps * WARP])
            for tiles in TILES
            if lanes * tiles >= width
            and (not onsets or tiles <= WATCHED_TILES)
            and tiles * registers_per_tile(outputs, dtype) <= room_for_units(outputs, dtype)
        ]
        if shapes:
            return min(shapes, key=lambda shape: instructions_per_step(shape, outputs, points))
    lanes = MOST_WARPS * WARP
    while lanes < LARGEST_PROGRAM * WARP and lanes * TILES[-1] < width:
        lanes *= 2
    return Shape(1, lanes, next(tiles for tiles in TILES if lanes * tiles >= width))


def most_registers(shape: Shape, outputs: int, dtype: str, onsets: bool = False) -> int:
    """Of a lane, in all: as few as spill nothing, where more programs fit on a card by that."""
    needed = shape.tiles * registers_per_tile(outputs, dtype)
    room = min(255, REGISTER_FILE // (WARP * max(SCHEDULERS, shape.warps)))
    limits = WATCHED_LIMITS if onsets else LIMITS
    if dtype == "float32" and outputs <= FEW_OUTPUTS:
        return min([room, *(limit for fixed, limit in limits if needed <= fixed)])
    return room


def compiler_options(shape: Shape, outputs: int, dtype: str, onsets: bool) -> dict[str, int | bool]:
    """What Triton is told besides the kernel, when it is launched and when it is reported on."""
    return {
        "num_warps": shape.warps,
        "maxnreg": most_registers(shape, outputs, dtype, onsets),
        "enable_fp_fusion": True,  # multiply-adds, whatever this Triton does by default
    }


def registers_per_tile(outputs: int, dtype: str) -> int:
    """Of a lane, for a unit's parameters, its input and its 3K sums."""
    return (3 + outputs + 1 + 3 * outputs) * (2 if dtype == "float64" else 1)


def room_for_units(outputs: int, dtype: str) -> int:
    """Registers of a lane that parameters and sums may take."""
    few, many = REGISTERS[dtype]
    return few if outputs <= FEW_OUTPUTS else many


def instructions_per_step(shape: Shape, outputs: int, points: int) -> float:
    """About how many a warp takes, by a model; `benchmarks/` counts what is really compiled."""
    pair = 4 + 4 * outputs  # a, its maximum, outputs, comparison, sums
    reduction = 2 * outputs * math.log2(min(shape.lanes, WARP))  # a shuffle and an addition each
    point = FIXED + reduction + pair * shape.tiles
    over_rows = 3 * outputs * 2 * math.log2(shape.rows) + 12 * outputs
    return math.ceil(points / shape.rows) * point + shape.tiles * over_rows


def packed(rows: Floats, shape: Shape) -> Floats:
    """(b, 3 + K, H) -> (b, lines, LINE, lanes), a tile's rows together."""
    count, height, width = rows.shape
    units = np.zeros((count, height, shape.units))
    units[:, :, : min(width, shape.units)] = rows[:, :, : shape.units]
    by_tile = units.reshape(count, height, shape.tiles, shape.lanes).transpose(0, 2, 1, 3)
    tiles = by_tile.reshape(count, -1, shape.lanes)
    padding = -tiles.shape[1] % LINE
    return np.pad(tiles, ((0, 0), (0, padding), (0, 0))).reshape(count, -1, LINE, shape.lanes)


def unpacked(lines: Floats, shape: Shape, outputs: int, width: int) -> Floats:
    """The inverse, for the widest network's width H, with zeros beyond the shape's."""
    count, height = len(lines), 3 + outputs
    tiles = lines.reshape(count, -1, shape.lanes)[:, : shape.tiles * height]
    tiles = tiles.reshape(count, shape.tiles, height, shape.lanes).transpose(0, 2, 1, 3)
    units = tiles.reshape(count, height, shape.units)[:, :, :width]
    return np.pad(units, ((0, 0), (0, 0), (0, width - units.shape[2])))
