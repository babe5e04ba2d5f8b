"""The keys of a study file, a table for each of its parts, from the models that read it."""

import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dynstudy.errors import either
from dynstudy.section import Section
from dynstudy.study.axes import BOUNDS
from dynstudy.study.kinds import KINDS
from dynstudy.study.spec import StudySpec
from dynstudy.task.initial import Initial

STUDIES = Path(__file__).resolve().parents[1] / "studies"
Key = tuple[str, str, str, str]
HEAD = ("key", "may be", "default", "is")

Part = tuple[str, str, list[Key]]
"""A heading, a sentence, and the keys below it."""


def parts() -> Iterator[Part]:
    """Yield the parts of all study files: what all have, then what each kind has besides."""
    yield "## Every study", "What stands above all tables.", keys(StudySpec.model_fields)
    yield from tables(StudySpec.model_fields)
    for kind, where in KINDS.items():
        fields = {
            name: field
            for name, field in pkgutil.resolve_name(where).model_fields.items()
            if name not in StudySpec.model_fields
            or field.description != StudySpec.model_fields[name].description
        }
        said = sentence(fields.pop("kind").description)
        example = (STUDIES / f"{kind}.toml").read_text(encoding="utf-8")
        yield (
            f'## `kind = "{kind}"`',
            f"{said} An example:\n\n```toml\n{example}```",
            keys(fields),
        )
        yield from tables(fields)


def tables(fields: dict[str, FieldInfo], above: str = "") -> Iterator[Part]:
    """Yield the tables among some fields, each once, and those within."""
    seen = set[type[BaseModel]]()
    for name, field in fields.items():
        path = f"{above}{name}"
        inner = [model for model in models(field) if model not in seen]
        seen.update(inner)
        if field.discriminator:
            yield from choice(path, field, inner)
            continue
        for model in inner:
            said = sentence(field.description) if issubclass(model, Section) else model.__doc__
            written = (
                f"`[{path}]`"
                if issubclass(model, Section)
                else f"`{{ {', '.join(model.model_fields)} }}`"
            )
            yield f"### {written}", said or "", keys(model.model_fields)
            yield from tables(model.model_fields, f"{path}.")


def choice(path: str, field: FieldInfo, members: list[type[BaseModel]]) -> Iterator[Part]:
    """Yield a table that comes in several forms: what all have, then each form's."""
    common = {
        name: each
        for name, each in members[0].model_fields.items()
        if name != field.discriminator
        and all(_alike(each, other.model_fields.get(name)) for other in members)
    }
    yield f"### `[{path}]`", sentence(field.description), keys(common)
    for member in members:
        only = {n: each for n, each in member.model_fields.items() if n not in common}
        tag = only.pop(str(field.discriminator))
        (word,) = get_args(tag.annotation)
        heading = f'#### `{field.discriminator} = "{word}"`'
        yield heading, sentence(tag.description), keys(only)
    inner = {name: each for member in members for name, each in member.model_fields.items()}
    yield from tables(inner, f"{path}.")


def _alike(field: FieldInfo, other: FieldInfo | None) -> bool:
    """Whether a key is the same in two forms of a table."""
    facts = ("annotation", "default", "description")
    return other is not None and all(getattr(field, n) == getattr(other, n) for n in facts)


def models(field: FieldInfo) -> list[type[BaseModel]]:
    """Return the models that a field may be."""
    return [
        each
        for each in (field.annotation, *get_args(field.annotation))
        if isinstance(each, type) and issubclass(each, BaseModel)
    ]


def keys(fields: dict[str, FieldInfo]) -> list[Key]:
    """Return a row for each field that is not a table."""
    return [
        (f"`{name}`", allowed(name, field), default(field), field.description or "")
        for name, field in fields.items()
        if not any(issubclass(model, Section) for model in models(field))
    ]


def allowed(name: str, field: FieldInfo) -> str:
    """What a field may be, as far as its type and its limits tell."""
    if name in BOUNDS:
        return str(BOUNDS[name])
    limits = [limit for mark in ("ge", "le") for each in field.metadata
              if (limit := getattr(each, mark, None)) is not None]  # fmt: skip
    ends = f" from {written(limits[0])} to {written(limits[1])}" if len(limits) == 2 else ""
    words = list(_words(field.annotation))
    if {"number", "whole number"} <= {*words}:
        words.remove("whole number")
    return either(words) + ends


def _words(annotation: Any) -> Iterator[str]:
    names = {bool: "true or false", int: "whole number", float: "number", str: "text"}
    names[Initial] = "text"
    if annotation in names:
        yield names[annotation]
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "table"
    elif get_origin(annotation) is Literal:
        yield from (f"`{written(value)}`" for value in get_args(annotation))
    elif get_origin(annotation) is tuple and ... not in get_args(annotation):
        yield f"a list of {len(get_args(annotation))} {names[get_args(annotation)[0]]}s"
    elif get_origin(annotation) is tuple:
        yield f"{names[get_args(annotation)[0]]}, or a list"
    else:
        for each in get_args(annotation):
            if each is not type(None):
                yield from _words(each)


def default(field: FieldInfo) -> str:
    """What a field is where the file does not say."""
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["default"])
    if field.is_required():
        return "must be given"
    return "" if field.default is None else f"`{written(field.default)}`"


def written(value: Any) -> str:
    """A value as a study file has it."""
    if isinstance(value, tuple) and len(value) != 1:
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, tuple):
        (value,) = value
    if isinstance(value, bool | str):
        return str(value).lower() if isinstance(value, bool) else f'"{value}"'
    return f"{value:_}" if isinstance(value, int) else f"{value:g}"


def sentence(text: str | None) -> str:
    """A description, which is part of a sentence, as one."""
    return f"{text[0].upper()}{text[1:]}." if text else ""
