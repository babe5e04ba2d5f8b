"""Reading a study file: TOML in, one `StudySpec` out, or one line that says what is wrong."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dynstudy.errors import SpecError
from dynstudy.study.shipped import where_from
from dynstudy.study.spec import StudySpec
from dynstudy.study.toml_file import read_toml


def load_spec(path: str | Path, overrides: str | Iterable[str] = ()) -> StudySpec:
    """Read a study file.

    Args:
        path: the TOML file.
        overrides: ``KEY=VALUE``, one or several, as in ``space.width=[20, 50]``; they replace what
            the file says, and their values are TOML, or bare text; text alone for a key of text.

    Returns:
        The resolved study.

    Raises:
        SpecError: the file cannot be read, is not TOML, or says what is not allowed.
    """
    path = Path(path)
    try:
        values = read_toml(path, "a study file", SpecError)
    except FileNotFoundError:
        raise SpecError(f"{path}: no such study file{where_from(path)}") from None
    for override in [overrides] if isinstance(overrides, str) else overrides:
        _override(values, override)
    return StudySpec.of(values, str(path), path.parent)


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    *tables, last = (part.strip() for part in key.split("."))
    if not equals or not last or not all(tables):
        raise SpecError(f"--set {override!r}: must be KEY=VALUE, as in space.width=[20,50]")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        if text.strip()[:1] in {"[", "{", '"', "'"}:
            raise SpecError(f"--set {override!r}: the value is not TOML") from None
        value = text
    field = StudySpec.model_fields.get(key.strip())  # above all tables
    if field is not None and field.annotation is str and not isinstance(value, str):
        value = text.strip()  # a name may look like a date, a number or true
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise SpecError(f"--set {override!r}: {table!r} is a value, not a table")
    values[last] = value
