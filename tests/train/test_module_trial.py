"""Whether modules can be trained, and how, is found out from a step of two of them."""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dynstudy.errors import SpecError
from dynstudy.task.optimiser import SGD
from dynstudy.task.own_network import OwnNetwork
from dynstudy.train.module_trial import Way, way_of
from tests.conftest import make_data
from tests.models import Branching, Scaled, dropping, layers, normed

calls = count()


def tried(model: Callable[[int, int], Any], batch: Any = "full", dtype: str = "float64") -> Way:
    return way_of(OwnNetwork.of(model, 1), 4, make_data(), SGD(batch=batch), dtype)


class Counting(nn.Module):
    def __init__(self, width: int, seed: int) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x) * float(x[0, 0].item())
        return y


@pytest.mark.parametrize("model", [layers, normed, Scaled])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_most_modules_are_trained_at_once(model: Callable[[int, int], Any], dtype: str) -> None:
    way = tried(model, dtype=dtype)
    assert way.reason == ""
    assert way.saved > 0


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (dropping, "it draws at random, as dropout does"),
        (Branching, "its course depends on its data"),
        (Counting, "it takes numbers out of tensors"),
    ],
)
def test_of_others_it_is_said_why_they_are_not(
    model: Callable[[int, int], Any], reason: str
) -> None:
    assert tried(model).reason == reason


def test_a_reason_of_pytorchs_own_is_handed_on() -> None:
    class Recurrent(nn.Module):
        def __init__(self, width: int, seed: int) -> None:
            super().__init__()
            self.layer, self.outer = nn.LSTM(1, width, batch_first=True), nn.Linear(width, 3)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.outer(self.layer(x[..., None])[0][:, -1])
            return y

    reason = tried(Recurrent).reason
    assert "atching rule" in reason
    assert "\n" not in reason


def test_what_keeps_no_second_derivative_has_no_hessian() -> None:
    assert tried(layers).flat == ""
    assert tried(normed).flat == "its buffers change with every step"
    assert "cannot be differentiated twice" in tried(Scaled).flat  # nothing depends on one of them


def test_a_step_is_tried_that_has_as_few_points_as_there_will_be() -> None:
    points = len(make_data().y)
    assert tried(normed, batch=points - 2).reason == ""
    with pytest.raises(SpecError, match="Expected more than 1 value per channel"):
        tried(normed, batch=points - 1)


def test_a_module_is_tried_once() -> None:
    made = []

    def counted(width: int, seed: int) -> nn.Module:
        made.append(seed)
        return nn.Linear(2, 3)

    network = OwnNetwork.of(counted, 1)
    first = way_of(network, 4, make_data(), SGD(), "float32")
    often = len(made)
    assert way_of(network, 4, make_data(), SGD(), "float32") is first
    assert len(made) == often > 0


def other_numbers(width: int, seed: int) -> nn.Module:
    linear = nn.Linear(2, 3)
    nn.init.constant_(linear.bias, next(calls))
    return linear


def other_shapes(width: int, seed: int) -> nn.Module:
    return nn.Sequential(nn.Linear(2, width + seed), nn.Linear(width + seed, 3))


class Hidden(nn.Module):
    def __init__(self, width: int, seed: int) -> None:
        super().__init__()
        self.layer, self.scale = nn.Linear(2, 3), torch.rand(3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x) * self.scale
        return y


class Cut(nn.Module):
    def __init__(self, width: int, seed: int) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x).detach()
        return y


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda: nn.Linear(2, 4), r"gives \(16, 4\) for points \(16, 2\): must be \(16, 3\)"),
        (lambda: nn.Linear(5, 3), r"fails on points \(16, 2\): RuntimeError: mat1"),
        (lambda: nn.LSTM(2, 3), "gives tuple for points"),
        (lambda: nn.Flatten(), "has no parameter that requires a gradient"),
        (lambda: nn.Linear(2, 3, dtype=torch.complex64), "has complex numbers in 'weight'"),
    ],
)
def test_a_module_that_cannot_be_trained_is_refused(model: Any, said: str) -> None:
    def made(width: int, seed: int) -> nn.Module:
        module: nn.Module = model()
        return module

    with pytest.raises(SpecError, match=said) as raised:
        tried(made)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (other_numbers, "has another 'bias' each time it is made for seed 0"),
        (other_shapes, "their shapes must follow from the width alone"),
        (Hidden, "neither parameters nor buffers"),
        (Cut, "cannot be differentiated"),
    ],
)
def test_networks_that_are_not_what_their_seed_and_state_say_are_refused(
    model: Any, said: str
) -> None:
    with pytest.raises(SpecError, match=said):
        tried(model)


def test_numbers_of_the_data_are_those_that_are_tried() -> None:
    seen = []

    class Seeing(nn.Module):
        def __init__(self, width: int, seed: int) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 3)

        def forward(self, x: Tensor) -> Tensor:
            seen.append(tuple(x.shape[-2:]))
            y: Tensor = self.layer(x)
            return y

    tried(Seeing, batch=5)
    assert set(seen) <= {(5, 2), (len(make_data().y) % 5 or 5, 2)}
    assert np.isfinite(tried(Seeing).saved)
