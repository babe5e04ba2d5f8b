"""The words of a study, and what each of them may be."""

import pytest
from pydantic import ValidationError

from dynstudy.config import Cell, Configuration, Protocol, SpiralData
from dynstudy.task.losses import LOSSES


def test_amplitude_1_and_static_losses_have_one_name() -> None:
    static = Configuration("ce", 20, 0.1)
    for loss, amplitude in (("dce", 1.0), ("dce", None), ("ce", 30.0), ("ce", None)):
        configuration = Configuration(loss, 20, 0.1, amplitude, 100)
        assert configuration == static
        assert configuration.static
        assert configuration.period is None


@pytest.mark.parametrize("loss", [name for name, loss in LOSSES.items() if loss.dynamical])
def test_a_baseline_is_the_static_loss_of_the_family(loss: str) -> None:
    cell = Configuration(loss, 20, 0.1, 30, 100)
    assert not cell.static
    assert cell.baseline() == Configuration(LOSSES[loss].static, 20, 0.1)
    assert cell.baseline().baseline() == cell.baseline()


def test_configurations_print_as_a_person_writes_them() -> None:
    assert str(Configuration("dce", 20, 1.0, 300.0, 100)) == (
        "dce, width 20, learning rate 1, A = 300, T = 100"
    )
    assert str(Configuration("mse", 20, 0.5)) == "mse, width 20, learning rate 0.5"


def test_a_cell_has_as_many_replicates_as_seeds() -> None:
    assert Cell(Configuration("ce", 5, 1.0), range(10, 17), (200,)).replicates == 7


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
