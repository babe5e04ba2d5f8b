"""What a protocol may be."""

import pytest
from pydantic import ValidationError

from dynstudy.protocol import Protocol, SpiralData
from dynstudy.task.initial import Initial


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


def test_where_a_network_starts_is_said_of_its_seed_or_its_file() -> None:
    start = Initial("/home/me/start.npz", "0" * 64, width=5)
    spirals = SpiralData(train_seed="replicate")
    assert Protocol().start_said(3) == Protocol(data=spirals).start_said(3) == "seed 3"
    assert Protocol(initial=start).start_said(3) == "from start.npz"
    assert Protocol(initial=start, data=spirals).start_said(3) == "from start.npz, seed 3"
