"""What whole numbers of a study file may be."""

import pytest

from dynstudy.section import MAX_STEPS, Section, as_whole, whole_between


class Table(Section):
    steps: int = 3
    share: float = 0.5


def test_a_whole_number_may_be_written_as_1e4_and_nothing_else_is_converted() -> None:
    assert Table.model_validate({"steps": 1e4}).steps == 10_000
    for values in (
        {"steps": 1.5},
        {"steps": "3"},
        {"steps": True},
        {"share": float("nan")},
        {"x": 1},
    ):
        with pytest.raises(ValueError):  # noqa: PT011 - pydantic's, of several texts
            Table.model_validate(values)


def test_a_whole_number_lies_between_its_limits() -> None:
    assert whole_between(1e3, 0, MAX_STEPS, "a step ") == as_whole(1e3) == 1000
    for value in (-1, MAX_STEPS + 1, 0.5, True, "3", None):
        with pytest.raises(ValueError, match="a step must be a whole number from 0 to"):
            whole_between(value, 0, MAX_STEPS, "a step ")
