"""What pydantic finds, as one line for a person."""

from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from dynstudy.section import Section
from dynstudy.study.validation_messages import explain, one_line


class Inner(Section):
    """A table within."""

    size: int = Field(3, ge=1, le=9)
    share: float = 0.5
    name: str = Field("x", min_length=1, max_length=4)
    good: bool = True
    part: float = Field(0.5, gt=0, lt=1)
    either: float | str = 0.5


class First(Section):
    """One of a union."""

    kind: Literal["first"]
    depth: int = 1


class Second(Section):
    """Another."""

    kind: Literal["second"]
    height: int = 1


class File(Section):
    """A study file in small."""

    loss: Literal["ce", "mse"]
    inner: Inner = Inner()
    choice: Annotated[First | Second, Field(discriminator="kind")] = First(kind="first")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loss": "mae"}, "loss = 'mae': must be 'ce' or 'mse'"),
        ({"loss": None}, "loss = None: must be 'ce' or 'mse'"),
        ({"inner": {"size": 0}}, "inner.size = 0: must be at least 1"),
        ({"inner": {"size": 10}}, "inner.size = 10: must be at most 9"),
        ({"inner": {"size": 1.5}}, "inner.size = 1.5: must be a whole number"),
        ({"inner": {"share": "a"}}, "inner.share = 'a': must be a number"),
        ({"inner": {"share": float("nan")}}, "inner.share = nan: must be finite"),
        ({"inner": {"good": "yes"}}, "inner.good = 'yes': must be true or false"),
        ({"inner": {"name": 3}}, "inner.name = 3: must be text in quotes"),
        ({"inner": {"name": ""}}, "inner.name = '': must not be empty"),
        ({"inner": {"name": "long!"}}, "inner.name = 'long!': must have at most 4 characters"),
        ({"inner": {"part": 0}}, "inner.part = 0: must be above 0.0"),
        ({"inner": {"part": 1}}, "inner.part = 1: must be below 1.0"),
        ({"inner": {"either": True}}, "inner.either = true: must be a number or text in quotes"),
        ({"inner": {"either": [1]}}, "inner.either = [1]: must be a number or text in quotes"),
        (
            {"inner": {"either": [1], "zero": 0}},
            "unknown key 'inner.zero'; known: size, share, name, good, part, either (and 1 more)",
        ),
        ({"inner": 3}, "inner = 3: must be a table"),
        ({"inner": {"sizes": 3}}, "unknown key 'inner.sizes'; did you mean 'size'?"),
        ({"zzz": 3}, "unknown key 'zzz'; known: loss, inner, choice"),
        ({"choice": {"depth": 1}}, "key 'choice.kind' is missing"),
        ({"choice": {"kind": "third"}}, "choice.kind = 'third': must be one of 'first', 'second'"),
        (
            {"choice": {"kind": "second", "depth": 1}},
            "unknown key 'choice.depth'; known: kind, height",
        ),
        ({"inner": {"size": 0, "share": "a"}}, "inner.size = 0: must be at least 1 (and 1 more)"),
    ],
    ids=str,
)
def test_a_problem_is_its_key_its_value_and_what_is_allowed(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        File.model_validate({"loss": "ce"} | changes)
    assert explain(raised.value, File) == said


def test_a_misspelling_is_named_before_what_it_leaves_missing() -> None:
    with pytest.raises(ValidationError) as raised:
        File.model_validate({"los": "ce"})
    assert explain(raised.value, File) == "unknown key 'los'; did you mean 'loss'? (and 1 more)"


def test_lines_become_one() -> None:
    assert one_line("a\n  b\tc ") == "a b c"
