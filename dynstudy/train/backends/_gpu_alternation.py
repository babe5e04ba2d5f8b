"""How the GPU kernel tells onsets of instabilities, by the rule of `dynstudy.train.alternation`.

Every register is taken, so what this needs waits in memory (`_gpu_watch` says where), and with it
what a step needs but once.

A gradient's rows, one for each parameter of a tile's units in all C columns, come into the grid
ROWS at a time: a lane writes a number of them, and reads it back a step later. So no lane waits for
another, and a step makes one access in each direction for ROWS rows.
"""

from typing import Any

import triton
import triton.language as tl
from triton.language import constexpr

from dynstudy.train import alternation as rule
from dynstudy.train.backends import _gpu_watch as at

MEMORY = constexpr(rule.MEMORY)
SETS_IN = constexpr(rule.SETS_IN)
ENDS = constexpr(rule.ENDS)
RATE, AMPLITUDE, SLOPE = constexpr(at.RATE), constexpr(at.AMPLITUDE), constexpr(at.SLOPE)
PERIOD, TAIL_START = constexpr(at.PERIOD), constexpr(at.TAIL_START)
AVERAGE, SQUARE = constexpr(at.AVERAGE), constexpr(at.SQUARE)
FIRST, FIRST_END = constexpr(at.FIRST), constexpr(at.FIRST_END)
COUNT, ENDED, STORED = constexpr(at.COUNT), constexpr(at.ENDED), constexpr(at.STORED)

jit: Any = triton.jit


@jit
def setting(value, watch, i: constexpr):
    """A number of a network: kept, or where registers are short read when it is needed."""
    number = value
    if watch is not None:
        number = tl.load(watch + i).to(value.dtype)
    return number


@jit
def all_columns(gradients, RELATIVE: constexpr):
    """Those of K outputs' parameters and, if they are relative to it, of the last class's: -Σ."""
    columns = gradients
    if RELATIVE:
        last = -gradients[0]
        for c in tl.static_range(1, len(gradients)):
            last -= gradients[c]
        columns = columns + (last,)
    return columns


@jit
def compare_rows(
    products, rows, last, first: constexpr, TOTAL: constexpr, ROWS: constexpr, LANES: constexpr
):
    """The products of a gradient g with the last one and with itself, with some more rows of it.

    `products`: rows that are not yet as many as the grid's, and over those before them the sums of
    g∘g' and g∘g, each (ROWS, LANES). `rows`: more of them, (1, LANES), TOTAL in the end. `last`:
    the gradient g' of the last step, which g replaces.
    """
    row, lane = tl.arange(0, ROWS)[:, None], tl.arange(0, LANES)[None, :]
    for i in tl.static_range(len(rows)):
        waiting = tl.where(row == (first + i) % ROWS, rows[i], products[0])
        if ((first + i) % ROWS == ROWS - 1) | (first + i == TOTAL - 1):
            here = last + ((first + i) // ROWS * ROWS + row) * LANES + lane
            # asking for what is finite makes it wait: loads that are begun early need registers
            before = tl.load(here, waiting - waiting == 0, 0.0)
            tl.store(here, waiting)
            sums = (products[1] + waiting * before, products[2] + waiting * waiting)
            products = (tl.zeros_like(waiting), sums[0], sums[1])
        else:
            products = (waiting, products[1], products[2])
    return products


@jit
def sets_in(k, running, products, watch):
    """Follow E of a network that runs; whether its first instability sets in with step k."""
    with_last, with_itself = products
    REAL: constexpr = with_itself.dtype
    tl.debug_barrier()  # what is read here was written by one lane
    before = tl.load(watch + AVERAGE).to(REAL)
    lengths = tl.sqrt(with_itself) * tl.sqrt(tl.load(watch + SQUARE).to(REAL))
    cosine = with_last / lengths
    moved = running & (cosine - cosine == 0)
    average = tl.where(moved, before + (cosine - before) / MEMORY, before)
    count, ended = tl.load(watch + COUNT), tl.load(watch + ENDED)
    begins = running & (count == ended) & (average < SETS_IN)
    ends = running & (count > ended) & (average > ENDS)
    tl.debug_barrier()
    tl.store(watch + AVERAGE, average)
    tl.store(watch + SQUARE, with_itself)
    tl.store(watch + FIRST, k, begins & (count == 0))
    tl.store(watch + FIRST_END, k, ends & (ended == 0))
    tl.store(watch + COUNT, count + 1, begins)
    tl.store(watch + ENDED, ended + 1, ends)
    return begins & (count == 0)


@jit
def keep_gradient(last, kept, SIZE: constexpr, ROWS: constexpr, LANES: constexpr):
    """Copy the gradient of the last step, ROWS rows at a time."""
    row, lane = tl.arange(0, ROWS)[:, None], tl.arange(0, LANES)[None, :]
    for first in range(0, SIZE, ROWS * LANES):
        here = first + row * LANES + lane
        tl.store(kept + here, tl.load(last + here))
