"""Where two study files differ, key by key."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class Change(NamedTuple):
    """A key whose values differ; None where it is absent."""

    key: str
    old: Any
    new: Any


def differences(old: Any, new: Any, key: str = "") -> Iterator[Change]:
    """Yield a change for every key in which nested tables differ, in the order of `old`.

    Dots stand between the tables of a key; a table that is absent counts as empty.

    >>> list(differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3, "d": 4}}))
    [Change(key='b.c', old=2, new=3), Change(key='b.d', old=None, new=4)]
    """
    if old is None and isinstance(new, dict):
        old = {}
    if new is None and isinstance(old, dict):
        new = {}
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            yield from differences(old.get(name), new.get(name), f"{key}.{name}".strip("."))
    elif old != new:
        yield Change(key, old, new)
