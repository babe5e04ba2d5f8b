"""When the curvature of the landscape is read, and the names of what is read of it.

Once a network bounces between the walls of a valley its eigenvalues have period 2: one record shows
one branch by chance, two in a row both. So each record is of the steps k and k + 1.
"""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynstudy.arrays import Ints
from dynstudy.protocol import Protocol
from dynstudy.read_curvature import Records

EIGENVALUES, SMALLEST, ONSETS, UPHILL = "eigenvalues", "smallest_eigenvalue", "onsets", "uphill"
LOSS = "loss"
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
    LOSS: ("sum",),
}
"""What each has for a step; `eigenvalue_columns` are those of the eigenvalues.

Of the loss it is the sum over all steps before: what two studies read at different steps fits
together, and `mean_losses` are those between the steps of both.
"""

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
        LOSS: asked.loss,
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]


def curvature_said(protocol: Protocol) -> str:
    """Return what a protocol asks to be read, in words.

    >>> from dynstudy.read_curvature import ReadCurvature
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
        "mean losses": asked.loss,
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
    return in_pairs(_first_of_pairs(protocol), protocol.training_steps)


def loss_steps(protocol: Protocol) -> tuple[int, ...]:
    """The steps between which means of the loss are read: the first of each pair, and the last."""
    if protocol.curvature is None or not protocol.curvature.loss:
        return ()
    last = protocol.training_steps
    return (*(step for step in _first_of_pairs(protocol) if 0 < step < last), last)


def mean_losses(steps: ArrayLike, sums: ArrayLike) -> NDArray[np.float64]:
    """Return the mean loss from each of some steps to the next, from its sums before them.

    The first is from the first step of training on. What is read of several networks is in rows.

    >>> mean_losses([10, 30], [7.0, 11.0])
    array([0.7, 0.2])
    """
    return np.diff(sums, prepend=0, axis=-1) / np.diff(steps, prepend=0)


def _first_of_pairs(protocol: Protocol) -> Iterable[int]:
    """The steps k of the records, each of which is of k + 1 as well; ascending."""
    if protocol.curvature is None:
        return ()
    records, last = protocol.curvature.records, protocol.training_steps
    if isinstance(records, tuple):
        return records
    if records.every is not None:
        return range(records.every, last, records.every)
    return _per_decade(last, records.per_decade or 0)


def reads_no_less(new: Protocol, old: Protocol) -> bool:
    """Whether a protocol trains the networks of another one and reads all that that reads."""
    if new == old or old.curvature is None:
        return new.plain == old.plain
    if new.curvature is None or new.plain != old.plain:
        return False
    more = set(series_asked(new)).issuperset(series_asked(old))
    as_many = new.curvature.eigenvalues >= old.curvature.eigenvalues
    of_new, of_old = (each.at(1.0) for each in (new, old))
    as_often = all(
        set(steps(of_new)).issuperset(steps(of_old)) for steps in (record_steps, loss_steps)
    )
    return more and as_many and as_often


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
    return in_pairs(_per_decade(last, per_decade), last)


def _per_decade(last: int, per_decade: int) -> list[int]:
    count = int(np.log10(max(last - 1, 1)) * per_decade) + 1
    return np.unique(np.rint(10 ** (np.arange(count) / per_decade)).astype(int)).tolist()


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
