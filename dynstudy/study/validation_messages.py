"""What pydantic finds wrong with a study file, as one line for a person."""

from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dynstudy.errors import nearest
from dynstudy.study.axes import short
from dynstudy.task.data.array_data import WHOLE

ABSENT = {"missing", "union_tag_not_found"}
MUST_BE = ": must be "


def explain(error: ValidationError, model: type[BaseModel], where: str = "") -> str:
    """Return what pydantic found wrong with a model in one line: key = value: what is allowed.

    It ends with `where` a key comes from, if one is missing.
    """
    problems = error.errors(include_url=False)
    # a misspelt key is missing as well: name the misspelling
    problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
    first, *others = _as_one(_explain(problem, model) for problem in problems)
    more = f" (and {len(others)} more)" if others else ""
    # templates leave out what a protocol may have
    written = problems[0]["type"] in ABSENT and problems[0]["loc"][0] != "protocol"
    way_out = where if written else ""
    return f"{first}{more}{way_out}"


def one_line(text: str) -> str:
    """Text without line breaks."""
    return " ".join(text.split())


def _as_one(texts: Iterable[str]) -> list[str]:
    """What is said of each key, where its value may be one thing or another once."""
    allowed: dict[str, list[str]] = {}
    for text in texts:
        subject, must_be, what = text.partition(MUST_BE)
        allowed.setdefault(subject, []).extend([what] * bool(must_be))
    return [
        f"{subject}{MUST_BE}{' or '.join(dict.fromkeys(what))}" if what else subject
        for subject, what in allowed.items()
    ]


def _explain(problem: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == WHOLE:
        return problem["msg"]
    keys, section = _keys(problem["loc"], model)
    key = ".".join(keys)
    if kind == "extra_forbidden":
        fields = list(section.model_fields)
        hint = nearest(keys[-1], fields) or f"; known: {', '.join(fields)}"
        return f"unknown key {key!r}{hint}"
    if "discriminator" in context:
        key = f"{key}.{context['discriminator'].strip(chr(39))}"
    if kind in ABSENT:
        return f"key {key!r} is missing"
    value = context.get("tag", problem["input"])
    allowed = {
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "greater_than": "must be above {gt}",
        "less_than": "must be below {lt}",
        "literal_error": "must be {expected}",
        "union_tag_invalid": "must be one of {expected_tags}",
        "finite_number": "must be finite",
        "int_type": "must be a whole number",
        "float_type": "must be a number",
        "bool_type": "must be true or false",
        "string_type": "must be text in quotes",
        "string_too_short": "must not be empty",
        "string_too_long": "must have at most {max_length} characters",
        "model_type": "must be a table",
        "model_attributes_type": "must be a table",
        "value_error": "{error}",
    }.get(kind)
    message = allowed.format(**context) if allowed else one_line(problem["msg"])
    return f"{key} = {short(value)}: {message}" if key and value is not model else message


def _keys(location: tuple[Any, ...], model: type[BaseModel]) -> tuple[list[str], type[BaseModel]]:
    """The keys that lead to a problem, without the tags of unions, and the last of the tables."""
    keys: list[str] = []
    section: Any = model
    value = False  # whether a key was met that has no table
    for part in location:
        if isinstance(part, int) or value:  # a place in a list, or the tag of a union
            continue
        if isinstance(section, tuple):  # of a union: the part names which of its members
            section = next((member for member in section if _tagged(member, part)), model)
            continue
        keys.append(str(part))
        field = section.model_fields.get(part)
        inner = field.annotation if field is not None else None
        members = tuple(
            member
            for member in (inner, *get_args(inner))
            if isinstance(member, type) and issubclass(member, BaseModel)
        )
        if field is not None and field.discriminator:
            section = members
        elif members:
            section = members[0]
        else:
            value = field is not None
    return keys, section if not isinstance(section, tuple) else model


def _tagged(member: type[BaseModel], tag: str) -> bool:
    return any(tag in get_args(field.annotation) for field in member.model_fields.values())
