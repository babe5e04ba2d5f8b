"""Any number of inputs: who trains them, who refuses them, and what is no data at all."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from dynstudy.errors import BackendError
from dynstudy.task.network import draw
from dynstudy.task.schedule import class_weights
from dynstudy.train import Data, Ensemble, Parameters, train
from dynstudy.train.backends import able, fastest
from dynstudy.train.ensemble import Demand

RATE, AMPLITUDE, PERIOD, STEPS = 0.3, 5, 4, 9


@pytest.fixture(autouse=True)
def _no_card(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("dynstudy.train.backends.DRIVER", "libnone.so.1")
    fastest.cache_clear()
    yield
    fastest.cache_clear()


def points(features: int, rng: np.random.Generator) -> Data:
    y = np.arange(12) % 3
    return Data(rng.normal(size=(1, 12, features)), y, rng.normal(size=(12, features)), y)


def network(width: int = 5, **changes: Any) -> Ensemble:
    settings = {"learning_rate": RATE, "amplitude": AMPLITUDE, "period": PERIOD, "dtype": "float64"}
    return Ensemble.of("dce", STEPS, width=width, seed=7, **(settings | changes))


def naive(data: Data, width: int) -> list[np.ndarray]:
    """Gradient descent on equation 2, point after point, without any code of the engine."""
    W1, b1, W2, b2 = draw(7, width, 3, data.features)
    for step in range(STEPS):
        gamma = class_weights(step, 3, AMPLITUDE, PERIOD)
        gradients = [np.zeros_like(p) for p in (W1, b1, W2, b2)]
        for x, c in zip(data.x[0], data.y, strict=True):
            hidden = np.array([max(0.0, x @ W1[:, h] + b1[h]) for h in range(width)])
            exps = np.exp(hidden @ W2 + b2)
            delta = gamma[c] * (exps / exps.sum() - (np.arange(3) == c)) / len(data.y)
            back = (W2 @ delta) * (hidden > 0)
            of_point = np.outer(x, back), back, np.outer(hidden, delta), delta
            gradients = [g + more for g, more in zip(gradients, of_point, strict=True)]
        W1, b1, W2, b2 = (p - RATE * g for p, g in zip((W1, b1, W2, b2), gradients, strict=True))
    return [W1, b1, W2, b2]


@pytest.mark.parametrize("features", [1, 2, 3, 17])
def test_autograd_trains_any_number_of_inputs(features: int, rng: np.random.Generator) -> None:
    data = points(features, rng)
    outcome = train(network(), data, backend="autograd", checkpoints=[STEPS])
    expected = naive(data, 5)
    for trained, parameter in zip(vars(outcome.parameters).values(), expected, strict=True):
        np.testing.assert_allclose(trained[0], parameter, rtol=1e-12, atol=1e-13)
    W1, b1, W2, b2 = expected
    right = (np.maximum(data.validation_x @ W1 + b1, 0) @ W2 + b2).argmax(1) == data.validation_y
    assert outcome.validation_correct[0, 0].sum() == right.sum()


@pytest.mark.parametrize("backend", ["cpu", "gpu", "gpu:3"])
def test_a_fused_kernel_refuses_all_but_two_before_it_starts(
    backend: str, rng: np.random.Generator
) -> None:
    said = rf"^backend '{backend}' trains networks of 2 inputs, not of 3; use --backend autograd$"
    with pytest.raises(BackendError, match=said):
        train(network(), points(3, rng), backend=backend, checkpoints=[STEPS])


def test_auto_is_whatever_can(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    assert train(network(), points(3, rng), checkpoints=[1]).backend == "autograd"
    assert train(network(), points(2, rng), checkpoints=[1]).backend == "cpu"
    monkeypatch.setattr("dynstudy.train.backends.fastest", lambda: "gpu")
    wide, long = (Demand("dce", 2, 3, width, steps, "float32") for width, steps in SIZES)
    three = Demand("dce", 3, 3, 5, 9, "float32")
    assert [able("auto", demand) for demand in (three, wide, long)] == [
        "autograd:cuda",
        "cpu",
        "cpu",
    ]
    assert able("auto:1", three) == "autograd:cuda:1"
    assert able("auto:1", Demand("dce", 2, 3, 5, 9, "float32")) == "gpu:1"


SIZES = [(16_385, 9), (5, 2**30)]


@pytest.mark.parametrize(
    ("size", "said"),
    [(SIZES[0], "at most 16384 units, not 16385"), (SIZES[1], "fewer than 2**30 steps")],
)
def test_a_card_says_what_is_too_large_for_it(size: tuple[int, int], said: str) -> None:
    with pytest.raises(BackendError) as refused:
        able("gpu", Demand("dce", 2, 3, *size, "float32"))
    assert said in str(refused.value)
    assert str(refused.value).endswith("; use --backend cpu")


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
