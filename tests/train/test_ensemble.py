"""Networks and data as the engine takes them, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

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
        ({"learning_rate": float("nan")}, [10], "learning rates must be finite"),
        ({"learning_rate": 0.0}, [10], "learning rates must be finite and above 0"),
        ({"amplitude": float("inf")}, [10], "amplitudes must be finite"),
        ({"seed": -1}, [10], "seeds"),
        ({"tail_start": -1}, [10], "starts of tails"),
        ({"width": 2.5}, [10], "width must be whole numbers, not 2.5"),
        ({"period": [5.0, 6.5]}, [10], "period must be whole numbers, not float64"),
        ({"seed": "7"}, [10], "seed must be whole numbers, not '7'"),
        ({"amplitude": 3j}, [10], "amplitude must be real numbers, not 3j"),
        (
            {"width": [3, 4], "seed": [0, 1, 2]},
            [10],
            r"one a network, not width \(2,\), seed \(3,\)",
        ),
        ({"width": [[3, 4]]}, [10], r"not width \(1, 2\)"),
        ({"width": []}, [10], "at least one network"),
        ({"loss": "ce"}, [10], "static"),
        ({}, [11], "checkpoints"),
        ({}, [0.5, 5], "checkpoints must be whole numbers"),
        ({}, [], "checkpoints must be .* at least one"),
        ({}, 5, r"checkpoints must be \(M,\) or \(1, M\), at least one, not \(\)"),
        ({"steps": 1.5}, [1], "steps must be whole numbers, not 1.5"),
        ({"steps": float("inf")}, [1], "steps must be whole numbers, not inf"),
        ({"steps": [10, 20]}, [1], "steps must be one number, which all networks share"),
        ({"steps": 0}, [0], "at least one step"),
        ({}, [[1], [2], [3]], r"checkpoints must be \(M,\) or \(1, M\)"),
        ({}, [5, 5], "checkpoints"),
        ({}, [-1, 5], "checkpoints"),
        ({}, [5, -2], "checkpoints"),
    ],
)
def test_what_would_train_something_else_is_refused(
    changes: dict[str, Any], checkpoints: Any, named: str, data: Data
) -> None:
    settings: dict[str, Any] = {
        "loss": "dce",
        "width": 4,
        "learning_rate": 0.1,
        "amplitude": 3,
        "period": 5,
    } | changes
    loss, steps = settings.pop("loss"), settings.pop("steps", 10)
    with pytest.raises(ValueError, match=named):
        train(Ensemble.of(loss, steps, **settings), data, checkpoints=checkpoints)


def test_a_number_of_steps_may_be_written_as_1e1() -> None:
    assert repr(Ensemble.of("ce", 1e1, width=4, learning_rate=0.1)) == repr(
        Ensemble.of("ce", 10, width=4, learning_rate=0.1)
    )


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
    (lambda d: d.update(y=2 * d["y"]), "class 1 of 5, counted from 0, has no training points"),
    (lambda d: d.update(validation_y=d["y"] % 2), "class 2 of 3, .* has no validation points"),
    (lambda d: d.update(validation_y=1 + d["y"]), "class 3 of 4, .* has no training points"),
    (lambda d: d.update(y=0 * d["y"], validation_y=0 * d["y"]), "class 1 of 2, .* has no training"),
    (lambda d: d["y"].__setitem__(0, -1), "has class -1; they are counted from 0"),
    (
        lambda d: d.update(y=1 + d["y"], validation_y=1 + d["y"]),
        "class 0 of 4, counted from 0, has",
    ),
    (lambda d: d.update(y=0.5 + d["y"]), "y must be whole numbers, not float64"),
    (lambda d: d.update(validation_y=d["y"] > 0), "validation_y must be whole numbers, not bool"),
    (lambda d: d.update(y=d["y"][:, None]), r"x must be \(D, P, F\)"),
    (lambda d: d.update(x=1j * d["x"]), "x must be real numbers, not complex128"),
    (
        lambda d: d.update(x=d["x"][..., :0], validation_x=d["validation_x"][:, :0]),
        "points need at least one feature",
    ),
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


def test_data_may_be_lists_or_tensors(rng: np.random.Generator) -> None:
    arrays = points(2, rng)
    for kind in (np.ndarray.tolist, torch.from_numpy):
        same = Data(**{name: kind(array) for name, array in vars(arrays).items()})
        for name, array in vars(arrays).items():
            np.testing.assert_array_equal(getattr(same, name), array, strict=True)


def test_points_beyond_the_dtype_are_refused(rng: np.random.Generator) -> None:
    small = points(2, rng)
    large = Data(1e300 * small.x, small.y, small.validation_x, small.validation_y)
    with pytest.raises(ValueError, match="a point is beyond what float32 can hold"):
        train(network(dtype="float32"), large, checkpoints=[1])
    with pytest.raises(ValueError, match="at least one step, not 0"):
        train(Ensemble.of("ce", 0, width=3, learning_rate=1.0), small, checkpoints=[0])


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


@pytest.mark.parametrize("name", ["b1", "W2", "b2"])
def test_parameters_of_two_shapes_are_refused(name: str, rng: np.random.Generator) -> None:
    drawn = Parameters.drawn(network(), 3)
    narrow = {name: drawn.arrays[name][:, :1]}  # which would broadcast
    initial = replace(drawn, arrays=drawn.arrays | narrow)
    with pytest.raises(ValueError, match=f"initial has {name} .*; beside its W1 it must be"):
        train(network(), points(2, rng), backend="autograd", checkpoints=[1], initial=initial)


@pytest.mark.parametrize("name", ["period", "tail_start", "amplitude", "seed"])
def test_settings_of_fewer_networks_are_refused(name: str, rng: np.random.Generator) -> None:
    two = network(width=[3, 4])
    fewer = replace(two, **{name: getattr(two, name)[:1]})  # which would broadcast
    with pytest.raises(ValueError, match=rf"{name} must be \(2,\), one a network, not \(1,\)"):
        train(fewer, points(2, rng), backend="autograd", checkpoints=[1])
