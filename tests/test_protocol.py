"""What a protocol may be."""

import pytest
from pydantic import ValidationError

from dynstudy.protocol import Protocol
from dynstudy.read_curvature import ReadCurvature
from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.initial import Initial
from dynstudy.task.optimiser import SGD


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


def test_curvature_is_read_of_gradient_descent_on_all_points_alone() -> None:
    with pytest.raises(ValidationError, match="with the optimiser sgd with momentum"):
        Protocol(optimiser=SGD(momentum=0.9), curvature=ReadCurvature())
    Protocol(optimiser=SGD(), curvature=ReadCurvature())


def test_a_schedule_is_one_that_there_is() -> None:
    with pytest.raises(ValidationError, match=r"must be 'triangle', .*; did you mean 'square'"):
        Protocol(schedule="squar")


def test_what_is_as_it_always_was_is_not_stored() -> None:
    assert not {"network", "optimiser", "schedule"} & Protocol().model_dump().keys()
    other = Protocol.model_validate({
        "network": {"depth": 2},
        "optimiser": {"momentum": 0.5},
        "steps": 100,
        "tail": 10,
    })
    assert other.optimiser == SGD(momentum=0.5)
    assert Protocol.model_validate(other.model_dump()) == other
