"""What a protocol may be."""

import pytest
from pydantic import ValidationError

from dynstudy.protocol import Protocol, SpiralData


@pytest.mark.parametrize("tail", [0, 17, "period", "none"])
def test_a_tail_is_steps_or_a_word(tail: int | str) -> None:
    assert Protocol.model_validate({"tail": tail}).tail == tail


@pytest.mark.parametrize(
    "values",
    [
        {"tail": -1},
        {"tail": True},
        {"tail": 1.5},
        {"tail": "cycle"},
        {"steps": 0},
        {"steps": 1.5},
        {"stpes": 10},
        {"dtype": "float16"},
        {"data": {"train_seed": "replicates"}},
        {"data": {"noise": float("nan")}},
        {"data": {"classes": 1}},
    ],
    ids=str,
)
def test_what_a_protocol_may_not_be_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Protocol.model_validate(values)


def test_a_protocol_is_not_changed_by_accident() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Protocol().steps = 3
    assert Protocol().data == SpiralData(train_seed=0, validation_seed=1)
