"""Tuples as registers, for what Numba compiles: one number per class or input, never in memory.

A tuple of scalars is unrolled when a function is compiled for its length.
"""

from typing import Any

from numba.extending import overload

# Fast math without nnan and ninf: divergence must be seen.
FAST = {"reassoc", "contract", "arcp", "nsz"}

# Calls and Python's check for division by zero would keep LLVM from vectorising the loops.
# C calls none of them: without a wrapper for it each, they are compiled in a seventh less time.
COMPILED: dict[str, Any] = {"error_model": "numpy", "fastmath": FAST, "no_cfunc_wrapper": True}
INLINED = COMPILED | {"forceinline": True}


def column(rows, p, like):
    """The last entries of column p, as many as like has: (..., rows[-2, p], rows[-1, p])."""


@overload(column, jit_options=INLINED)
def _column_overload(rows, p, like):
    below = len(like)
    if below == 1:
        return lambda rows, p, like: (rows[rows.shape[0] - 1, p],)
    return lambda rows, p, like: (
        (rows[rows.shape[0] - below, p],) + column(rows, p, like[1:])  # noqa: RUF005 - for Numba
    )


def head(rows, p, like):
    """The first entries of column p, as many as like has: (rows[0, p], rows[1, p], ...)."""


@overload(head, jit_options=INLINED)
def _head_overload(rows, p, like):
    last = len(like) - 1
    if last == 0:
        return lambda rows, p, like: (rows[0, p],)
    return lambda rows, p, like: (
        head(rows, p, like[:-1]) + (rows[last, p],)  # noqa: RUF005 - for Numba
    )


def store(rows, p, values):
    """The reverse of `column`: the last entries of column p become values."""


@overload(store, jit_options=INLINED)
def _store_overload(rows, p, values):
    below = len(values)

    def last(rows, p, values):
        rows[rows.shape[0] - 1, p] = values[0]

    def first(rows, p, values):
        rows[rows.shape[0] - below, p] = values[0]
        store(rows, p, values[1:])

    return last if below == 1 else first


def store_head(rows, p, values):
    """The reverse of `head`: the first entries of column p become values."""


@overload(store_head, jit_options=INLINED)
def _store_head_overload(rows, p, values):
    last = len(values) - 1

    def first(rows, p, values):
        rows[0, p] = values[0]

    def others(rows, p, values):
        store_head(rows, p, values[:-1])
        rows[last, p] = values[last]

    return first if last == 0 else others


def axpy(a, x, y):
    """a·x + y."""


@overload(axpy, jit_options=INLINED)
def _axpy_overload(a, x, y):
    if len(x) == 1:
        return lambda a, x, y: (a * x[0] + y[0],)
    return lambda a, x, y: (a * x[0] + y[0],) + axpy(a, x[1:], y[1:])  # noqa: RUF005


def plus(x, y):
    """x + y."""


@overload(plus, jit_options=INLINED)
def _plus_overload(x, y):
    if len(x) == 1:
        return lambda x, y: (x[0] + y[0],)
    return lambda x, y: (x[0] + y[0],) + plus(x[1:], y[1:])  # noqa: RUF005


def minus(x, y):
    """x - y, for as many as x has."""


@overload(minus, jit_options=INLINED)
def _minus_overload(x, y):
    if len(x) == 1:
        return lambda x, y: (x[0] - y[0],)
    return lambda x, y: (x[0] - y[0],) + minus(x[1:], y[1:])  # noqa: RUF005


def times(x, y):
    """x ∘ y."""


@overload(times, jit_options=INLINED)
def _times_overload(x, y):
    if len(x) == 1:
        return lambda x, y: (x[0] * y[0],)
    return lambda x, y: (x[0] * y[0],) + times(x[1:], y[1:])  # noqa: RUF005


def dot(x, y):
    """Σ x ∘ y, over as many as x has."""


@overload(dot, jit_options=INLINED)
def _dot_overload(x, y):
    if len(x) == 1:
        return lambda x, y: x[0] * y[0]
    return lambda x, y: x[0] * y[0] + dot(x[1:], y[1:])


def summed(x):
    """Σ x."""


@overload(summed, jit_options=INLINED)
def _summed_overload(x):
    return (lambda x: x[0]) if len(x) == 1 else (lambda x: x[0] + summed(x[1:]))


def filled(value, like):
    """(value, value, ...), as many as like has."""


@overload(filled, jit_options=INLINED)
def _filled_overload(value, like):
    if len(like) == 1:
        return lambda value, like: (value,)
    return lambda value, like: (value,) + filled(value, like[1:])  # noqa: RUF005


def largest(x):
    """max x."""


@overload(largest, jit_options=INLINED)
def _largest_overload(x):
    return (lambda x: x[0]) if len(x) == 1 else (lambda x: max(x[0], largest(x[1:])))
