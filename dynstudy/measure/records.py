"""When the curvature of the landscape is read, and the names of what is read of it.

Once a network bounces between the walls of a valley its eigenvalues have period 2: one record shows
one branch by chance, two in a row both. So each record is of the steps k and k + 1.
"""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from dynstudy.arrays import Ints
from dynstudy.protocol import Protocol, Records

EIGENVALUES, SMALLEST, ONSETS, UPHILL = "eigenvalues", "smallest_eigenvalue", "onsets", "uphill"
"""The series of a network of a study with curvature."""

SERIES_COLUMNS = {
    ONSETS: (
        "first",
        "first_end",
        "count",
        "ended",
        "lambda_1_before",
        "lambda_1_after",
        "finite_1_before",
        "finite_1_after",
    ),
    UPHILL: ("steps", "uphill", "episodes"),
    SMALLEST: ("lambda", "residual"),
}
"""What each has for a step; `eigenvalue_columns` are those of the eigenvalues."""

FIRST_COLUMNS = {ONSETS: 6}
"""How many of these the first version of a series had, where that is fewer."""


def eigenvalue_columns(count: int) -> list[str]:
    """Return the columns of a series of so many eigenvalues.

    >>> eigenvalue_columns(2)
    ['lambda_1', 'lambda_2', 'residual_1', 'residual_2']
    """
    numbers = range(1, count + 1)
    return [f"{name}_{number}" for name in ("lambda", "residual") for number in numbers]


def series_asked(protocol: Protocol) -> list[str]:
    """The series of curvature that a protocol asks for."""
    asked = protocol.curvature
    if asked is None:
        return []
    wanted = {
        EIGENVALUES: asked.records != (),
        SMALLEST: asked.smallest and asked.records != (),
        ONSETS: asked.onsets,
        UPHILL: asked.uphill,
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]


def curvature_said(protocol: Protocol) -> str:
    """Return what a protocol asks to be read, in words.

    >>> from dynstudy.config import ReadCurvature
    >>> asked = ReadCurvature(records=(10, 50), smallest=True)
    >>> curvature_said(Protocol(steps=100, curvature=asked))
    'λ1 to λ2 and the smallest eigenvalue at 4 steps, onsets of instabilities, uphill steps'
    """
    asked = protocol.curvature
    if asked is None:
        return ""
    values = "λ1" if asked.eigenvalues == 1 else f"λ1 to λ{asked.eigenvalues}"
    lowest = " and the smallest eigenvalue" if asked.smallest else ""
    parts = {
        f"{values}{lowest} at {_steps_said(protocol, asked.records)}": asked.records != (),
        "onsets of instabilities": asked.onsets,
        "uphill steps": asked.uphill,
    }
    return ", ".join(part for part, is_read in parts.items() if is_read) or "nothing"


def _steps_said(protocol: Protocol, records: Records | tuple[int, ...]) -> str:
    """How many, where that does not depend on the learning rate."""
    if isinstance(protocol.steps, int) or isinstance(records, tuple):
        return f"{len(record_steps(protocol.at(1.0)))} steps"
    each = f"{records.per_decade} pairs of steps a decade"
    return each if records.every is None else f"a pair of steps every {records.every}"


@lru_cache(maxsize=64)
def record_steps(protocol: Protocol) -> tuple[int, ...]:
    """The steps before which eigenvalues are read, in ascending order."""
    if protocol.curvature is None:
        return ()
    records, last = protocol.curvature.records, protocol.training_steps
    if isinstance(records, tuple):
        return in_pairs(records, last)
    if records.every is not None:
        return in_pairs(range(records.every, last, records.every), last)
    return pairs_per_decade(last, records.per_decade or 0)


def reads_no_less(new: Protocol, old: Protocol) -> bool:
    """Whether a protocol trains the networks of another one and reads all that that reads."""
    if new == old or old.curvature is None:
        return new.plain == old.plain
    if new.curvature is None or new.plain != old.plain:
        return False
    more = set(series_asked(new)).issuperset(series_asked(old))
    as_many = new.curvature.eigenvalues >= old.curvature.eigenvalues
    steps, before = (record_steps(each.at(1.0)) for each in (new, old))
    return more and as_many and set(steps).issuperset(before)


def pairs_per_decade(last: int, per_decade: int) -> tuple[int, ...]:
    """Steps k and k + 1 for k spaced evenly in their logarithm, from 1 to `last` at most.

    Args:
        last: the last step that may be read.
        per_decade: pairs of a decade.

    Returns:
        The steps, ascending, each once.

    >>> pairs_per_decade(30, 3)
    (1, 2, 3, 5, 6, 10, 11, 22, 23)
    """
    count = int(np.log10(max(last - 1, 1)) * per_decade) + 1
    return in_pairs(np.rint(10 ** (np.arange(count) / per_decade)).astype(int), last)


def in_pairs(steps: Iterable[int], last: int) -> tuple[int, ...]:
    """The steps and those after each, up to `last`."""
    first = np.array(list(steps), int)
    both = np.union1d(first, first + 1)
    return tuple(both[both <= last].tolist())


def pairs(steps: Iterable[int]) -> Ints:
    """Return where in ascending steps one stands whose next is the step after it.

    >>> pairs([1, 2, 3, 5, 8, 9])
    array([0, 1, 4])
    """
    return np.flatnonzero(np.diff(np.array(list(steps), int)) == 1)
