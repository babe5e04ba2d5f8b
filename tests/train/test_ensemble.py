"""Networks and data as the engine takes them, and what it refuses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dynstudy.train import Data, Ensemble, Parameters, train


@pytest.mark.parametrize(
    ("changes", "checkpoints", "named"),
    [
        ({"loss": "dcee"}, [10], "'dcee' is not one of .*did you mean 'dce'"),
        ({"dtype": "float16"}, [10], "float16"),
        ({"width": 0}, [10], "one unit"),
        ({"amplitude": 0.5}, [10], "at least 1"),
        ({"period": 1}, [10], "at least 2"),
        ({"training_set": 1}, [10], "training_set"),
        ({"loss": "ce"}, [10], "static"),
        ({}, [11], "checkpoints"),
        ({}, [5, 5], "checkpoints"),
        ({}, [-1, 5], "checkpoints"),
        ({}, [5, -2], "checkpoints"),
    ],
)
def test_what_would_train_something_else_is_refused(
    changes: dict[str, Any], checkpoints: list[int], named: str, data: Data
) -> None:
    settings: dict[str, Any] = {
        "loss": "dce",
        "width": 4,
        "learning_rate": 0.1,
        "amplitude": 3,
        "period": 5,
    } | changes
    loss = settings.pop("loss")
    with pytest.raises(ValueError, match=named):
        train(Ensemble.of(loss, 10, **settings), data, checkpoints=checkpoints)


RATE, AMPLITUDE, PERIOD, STEPS = 0.3, 5, 4, 9


def points(features: int, rng: np.random.Generator) -> Data:
    y = np.arange(12) % 3
    return Data(rng.normal(size=(1, 12, features)), y, rng.normal(size=(12, features)), y)


def network(width: int = 5, **changes: Any) -> Ensemble:
    settings = {"learning_rate": RATE, "amplitude": AMPLITUDE, "period": PERIOD, "dtype": "float64"}
    return Ensemble.of("dce", STEPS, width=width, seed=7, **(settings | changes))


Change = Callable[[dict[str, Any]], object]


WRONG: list[tuple[Change, str]] = [
    (lambda d: d.update(validation_x=d["validation_x"][:, :2]), "have 3 features, .* points 2$"),
    (lambda d: d.update(x=d["x"][0]), r"x must be \(D, P, F\)"),
    (lambda d: d.update(y=d["y"][1:]), r"x must be \(D, P, F\)"),
    (lambda d: d.update(y=2 * d["y"]), "class 1 of 5 has no training points"),
    (lambda d: d.update(validation_y=d["y"] % 2), "class 2 of 3 has no validation points"),
    (lambda d: d.update(validation_y=1 + d["y"]), "class 3 of 4 has no training points"),
    (lambda d: d.update(y=0 * d["y"], validation_y=0 * d["y"]), "class 1 of 2 has no training"),
    (lambda d: d["y"].__setitem__(0, -1), "has class -1; they are counted from 0"),
    (lambda d: d["x"].__setitem__((0, 3, 2), np.nan), "a training point is not finite"),
    (lambda d: d["validation_x"].__setitem__((3, 2), np.inf), "a validation point is not finite"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_no_data_is_said_in_one_line(
    change: Change, said: str, rng: np.random.Generator
) -> None:
    arrays = {name: array.copy() for name, array in vars(points(3, rng)).items()}
    change(arrays)
    with pytest.raises(ValueError, match=said) as refused:
        Data(**arrays)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("backend", ["autograd", "cpu"])
def test_parameters_of_another_shape_are_refused(backend: str, rng: np.random.Generator) -> None:
    for initial, said in (
        (
            Parameters.drawn(network(), 3, 3),
            "1 networks of 3 inputs and 3 outputs; needed are 1 of 2",
        ),
        (Parameters.drawn(network(), 4), "needed are 1 of 2 and 3"),
        (Parameters.drawn(network(width=[5, 5]), 3), "initial has 2 networks"),
        (Parameters.drawn(network(width=4), 3), "initial has 4 units, the widest network 5"),
    ):
        with pytest.raises(ValueError, match=said):
            train(network(), points(2, rng), backend=backend, checkpoints=[1], initial=initial)
