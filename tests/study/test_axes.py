"""One axis of a study, as a study file may write it."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ValidationError

from dynstudy.study.axes import MAX_VALUES, Range, choices, short, values


class Axes(BaseModel):
    """An axis of each kind."""

    listed: Annotated[tuple[float, ...], values("amplitude")] = ()
    whole: Annotated[tuple[int, ...], values("period")] = ()
    drawn: Annotated[Range | tuple[float, ...], choices("amplitude")] = ()
    counted: Annotated[Range | tuple[int, ...], choices("period")] = ()


@pytest.mark.parametrize(
    ("axis", "written", "read"),
    [
        ("listed", 3, (3.0,)),
        ("listed", [30, 3, 3.0], (3.0, 30.0)),
        ("listed", {"low": 1, "high": 3, "num": 3}, (1.0, 2.0, 3.0)),
        ("listed", {"low": 1, "high": 100, "num": 3, "log": True}, (1.0, 10.0, 100.0)),
        ("whole", {"low": 2, "high": 5, "num": 3}, (2, 4, 5)),  # 3.5 is rounded up
        ("whole", {"low": 10, "high": 1000, "num": 3, "log": True}, (10, 100, 1000)),
        ("drawn", [20, 5], (5.0, 20.0)),
        ("drawn", {"low": 1, "high": 9, "log": True}, Range(low=1.0, high=9.0, log=True)),
        ("counted", {"low": 2, "high": 9}, Range(low=2, high=9)),
    ],
)
def test_an_axis_is_ascending_values_or_a_range(axis: str, written: Any, read: Any) -> None:
    parsed = getattr(Axes.model_validate({axis: written}), axis)
    assert parsed == read
    if isinstance(read, tuple):
        assert [type(value) for value in parsed] == [type(value) for value in read]


@pytest.mark.parametrize(
    ("axis", "written", "said"),
    [
        ("listed", [], "is empty; allowed are numbers from 1 to 1e+09"),
        ("listed", "3", "'3' is not a number"),
        ("listed", True, "true is not a number"),
        ("listed", float("inf"), "inf is not finite"),
        ("listed", 0.5, "0.5 is not allowed; allowed are numbers from 1 to 1e+09"),
        ("listed", list(range(MAX_VALUES + 1)), "values; at most 10000 are allowed"),
        ("whole", 2.5, "2.5 is not allowed; allowed are whole numbers from 2 to 1e+09"),
        ("listed", {"low": 1, "high": 3}, "a range needs low, high and num; num is missing"),
        ("listed", {"low": 1, "hihg": 3, "num": 2}, "unknown key 'hihg'; did you mean 'high'?"),
        ("listed", {"low": 3, "high": 1, "num": 2}, "low = 3 is above high = 1"),
        ("listed", {"low": 0, "high": 1, "num": 2, "log": True}, "must be positive where log"),
        ("listed", {"low": 1, "high": 3, "num": 0}, "num = 0 is not a whole number from 1"),
        ("listed", {"low": 1, "high": 3, "num": 2, "log": 1}, "log = 1 is neither true nor false"),
        ("drawn", {"low": 1, "high": 3, "num": 2}, "num belongs to a map"),
        ("drawn", {"low": 1}, "a range needs low and high; high is missing"),
        ("counted", {"low": 2.5, "high": 9}, "2.5 is not allowed; allowed are whole numbers"),
    ],
    ids=str,
)
def test_what_is_wrong_says_what_is_allowed(axis: str, written: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Axes.model_validate({axis: written})
    (problem,) = refused.value.errors()
    assert said in problem["msg"]


def test_a_range_on_a_logarithm_is_the_same_study_on_every_machine() -> None:
    axis = {"low": 3, "high": 1000, "num": 7, "log": True}
    for value in Axes.model_validate({"listed": axis}).listed:
        assert value == float(f"{value:.12g}")


def test_what_is_shown_is_short() -> None:
    assert short([1, 2]) == "[1, 2]"
    assert len(short("x" * 1000)) == 60
    assert short(10**5000) == "a number of thousands of digits"
