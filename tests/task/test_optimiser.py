import pytest
from pydantic import TypeAdapter, ValidationError

from dynstudy.task.optimiser import GRADIENT_DESCENT, SGD, Adam, AnyOptimiser

OPTIMISERS: TypeAdapter[AnyOptimiser] = TypeAdapter(AnyOptimiser)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_options_have_pytorchs_names_and_defaults(name: str) -> None:
    import torch

    theirs = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    defaults = theirs([torch.zeros(1)]).defaults
    options = OPTIMISERS.validate_python({"name": name}).model_dump(exclude={"name", "batch"})
    assert {option: defaults[option] for option in options} == options


def test_only_gradient_descent_on_all_points_is_plain() -> None:
    assert GRADIENT_DESCENT.plain
    assert GRADIENT_DESCENT.content() == {}
    others = SGD(momentum=0.9), SGD(batch=32), Adam(name="adam")
    for optimiser in others:
        assert not optimiser.plain
        assert OPTIMISERS.validate_python(optimiser.content()["optimiser"]) == optimiser
    assert [str(each) for each in others] == ["sgd with momentum 0.9", "sgd with batch 32", "adam"]


@pytest.mark.parametrize(
    ("points", "batch", "steps", "size"),
    [(100, "full", 1, 100), (100, 30, 4, 30), (100, 50, 2, 50), (100, 1000, 1, 100)],
)
def test_an_epoch_has_as_many_steps_as_a_dataloader_has_batches(
    points: int, batch: int, steps: int, size: int
) -> None:
    optimiser = SGD(batch=batch)
    assert (optimiser.epoch_steps(points), optimiser.batch_size(points)) == (steps, size)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "sgd", "nesterov": True}, "nesterov = true: needs a momentum"),
        ({"name": "adam", "betas": (0.9, 1.0)}, "must be from 0 to below 1"),
        ({"name": "sgd", "batch": 0}, "must be a whole number from 1"),
    ],
)
def test_what_pytorch_refuses_is_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        OPTIMISERS.validate_python(values)
