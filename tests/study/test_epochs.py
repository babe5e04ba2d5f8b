"""What a study file gives in epochs."""

from pathlib import Path
from typing import Any

import pytest

from dynstudy.errors import SpecError
from dynstudy.study.epochs import in_steps
from dynstudy.study.spec import StudySpec
from tests.planted import SEARCH, SMALL

DATA = {"kind": "sklearn", "name": "iris"}  # 105 points train
BATCHED = {"data": DATA, "optimiser": {"name": "sgd", "batch": 20}}  # 6 steps an epoch


def study(base: dict[str, Any], protocol: dict[str, Any], **space: Any) -> Any:
    return StudySpec.of(base | {"protocol": protocol, "space": base["space"] | space}, "mine.toml")


def test_they_are_resolved_to_steps() -> None:
    in_epochs = {"steps": {"epochs": 50}, "tail": {"epochs": 2.5}}
    spec = study(SMALL, BATCHED | in_epochs, period={"epochs": [2, 1, 0.5]})
    resolved = spec.resolved()
    assert (resolved["protocol"]["steps"], resolved["protocol"]["tail"]) == (300, 15)
    assert resolved["space"]["period"] == [3, 6, 12]
    assert study(SMALL, BATCHED | {"steps": 300, "tail": 15}, period=[3, 6, 12]) == spec
    assert StudySpec.of(resolved) == spec


@pytest.mark.parametrize(
    ("base", "epochs", "periods"),
    [
        (SMALL, 2, [12]),
        (SMALL, {"low": 1, "high": 4, "num": 3, "log": True}, [6, 12, 24]),
        (SEARCH, {"low": 1, "high": 4, "log": True}, {"low": 6, "high": 24, "log": True}),
    ],
)
def test_a_period_may_be_whatever_it_may_be_in_steps(
    base: dict[str, Any], epochs: Any, periods: Any
) -> None:
    spec = study(base, BATCHED | {"steps": 200, "tail": 50}, period={"epochs": epochs})
    assert spec.resolved()["space"]["period"] == periods


def test_with_all_points_in_each_step_an_epoch_is_a_step() -> None:
    spec = study(SMALL, SMALL["protocol"] | {"steps": {"epochs": 200}}, period={"epochs": 20})
    assert spec.protocol.steps == 200
    assert spec.space.period == (20,)


@pytest.mark.parametrize(
    ("protocol", "space", "said"),
    [
        ({"steps": {"epochs": "5"}}, {}, "protocol.steps = { epochs = '5' }: '5' is no number"),
        ({"steps": {"epochs": True}}, {}, "protocol.steps = .*: true is no number of epochs"),
        ({"steps": {"epochs": -1}}, {}, "protocol.steps = .*: -1 is no number of epochs"),
        ({"steps": {"epochs": 1e308}}, {}, r"protocol.steps = .*: 1e\+308 is no number of epochs"),
        ({"steps": {"epochs": 10**400}}, {}, "protocol.steps = .* is no number of epochs"),
        (
            {"steps": {"epochs": float("nan")}},
            {},
            "protocol.steps = .*: nan is no number of epochs",
        ),
        ({"steps": {"epochs": [1]}}, {}, r"protocol.steps = .*: \[1\] is no number of epochs"),
        ({"steps": {"epochs": 0}}, {}, "protocol.steps = 0: must be a whole number from 1"),
        ({"steps": {"epoch": 5}}, {}, "protocol.steps = .*: must be a whole number, .*epochs"),
        ({"steps": {"epochs": 5, "x": 1}}, {}, "protocol.steps = .* nothing besides"),
        ({}, {"period": {"epochs": []}}, "space.period.* is empty"),
        ({}, {"period": {"epochs": {"low": 1}}}, "space.period.*: a range needs"),
        ({}, {"period": {"epochs": ["a"]}}, "space.period = .*: 'a' is no number of epochs"),
        ({"data": {"kind": "sklearn", "name": "irs"}, "steps": {"epochs": 5}}, {}, "protocol.data"),
    ],
)
def test_what_is_no_number_of_epochs_is_one_line(
    protocol: dict[str, Any], space: dict[str, Any], said: str
) -> None:
    with pytest.raises(SpecError, match=f"^mine.toml: {said}") as raised:
        study(SMALL, SMALL["protocol"] | protocol, **space)
    assert "\n" not in str(raised.value)


def test_what_is_in_steps_stays_as_it_is() -> None:
    assert in_steps(SMALL, Path()) == SMALL
    assert in_steps({"protocol": 3, "space": []}, Path()) == {"protocol": 3, "space": []}
