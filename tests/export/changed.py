"""Exports that somebody edited."""

from typing import Any

from dynstudy.export.export_file import Export


def changed(made: Export, path: str, value: Any, *, sealed: bool = False) -> Export:
    """The file with one value replaced, by someone who forges the seals as well or does not."""
    contents = made.resolved()
    *way, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    section: Any = contents
    for part in way:
        section = section[part]
    section[last] = value
    forged = Export.model_validate(contents)
    return forged.sealed() if sealed else forged
