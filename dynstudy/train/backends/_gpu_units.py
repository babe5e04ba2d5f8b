"""How the GPU kernel's parameters come into registers and go back to memory.

LINE rows at a time: the compiler takes long over each access to memory.
"""

from typing import Any

import triton
import triton.language as tl
from triton.language import constexpr

jit: Any = triton.jit


@jit
def load_units(lines, TILES: constexpr, K: constexpr, LANES: constexpr, LINE: constexpr):
    """Rows (1, LANES) of parameters, for each tile W1[0], W1[1], b1 and the columns of W2."""
    row, lane = tl.arange(0, LINE)[:, None], tl.arange(0, LANES)[None, :]
    units = ()
    for i in tl.static_range(TILES * (3 + K)):
        if i % LINE == 0:
            line = tl.load(lines + (i + row) * LANES + lane)
        units = units + (tl.sum(tl.where(row == i % LINE, line, 0), 0, keep_dims=True),)
    return units


@jit
def store_units(lines, units, TILES: constexpr, K: constexpr, LANES: constexpr, LINE: constexpr):
    """Write them back."""
    row, lane = tl.arange(0, LINE)[:, None], tl.arange(0, LANES)[None, :]
    for i in tl.static_range(0, TILES * (3 + K), LINE):
        line = tl.broadcast_to(units[i], (LINE, LANES))
        for r in tl.static_range(1, LINE):
            if i + r < TILES * (3 + K):
                line = tl.where(row == r, units[i + r], line)
        tl.store(lines + (i + row) * LANES + lane, line)
