"""Compiled where it pays and can be; else the same training, uncompiled, which is said once."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch

from dynstudy.errors import BackendError
from dynstudy.task.network import Network
from dynstudy.task.optimiser import SGD, Adam
from dynstudy.train import Ensemble, Outcome, train
from dynstudy.train.backends import _autograd_compiled
from dynstudy.train.backends._autograd_compiled import compiled_from
from tests.conftest import make_data


@pytest.fixture(autouse=True)
def _nothing_compiled_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DYNSTUDY_COMPILE")
    monkeypatch.setattr(_autograd_compiled, "_compiler", _autograd_compiled.Compiler())


def trained(steps: int = 12, **changes: Any) -> Outcome:
    settings = {"width": [3, 9, 9, 4], "learning_rate": 0.05, "seed": range(4), "dtype": "float64"}
    ensemble = Ensemble.of("dce", steps, amplitude=5, period=4, **(settings | changes))
    data = make_data(points=9, validation_points=5)
    return train(ensemble, data, backend="autograd", checkpoints=[steps], trace=True)


def assert_equal(first: Outcome, second: Outcome, rtol: float = 0) -> None:
    np.testing.assert_allclose(first.losses, second.losses, rtol=rtol)
    for name, array in first.parameters.arrays.items():
        np.testing.assert_allclose(array, second.parameters.arrays[name], rtol=rtol, atol=rtol)


def test_without_a_compiler_it_trains_all_the_same_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def compile_nothing(*_: Any, **__: Any) -> Any:
        def step(*_: Any) -> None:
            raise RuntimeError("no working C++ compiler\nfound in a long list")

        return step

    monkeypatch.setattr(torch, "compile", compile_nothing)
    expected = trained()
    with compiled_from(1):
        with pytest.warns(
            UserWarning, match=r"^backend 'autograd' trains uncompiled.*\(no working"
        ) as said:
            outcome = trained()
        assert len(said) == 1
        assert "\n" not in str(said[0].message)
        assert_equal(outcome, expected)
        with warnings.catch_warnings(action="error"):
            trained(learning_rate=0.1)


def test_what_fails_while_it_is_tried_has_moved_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step that fails is a compiled one that took a step before."""

    def compile_badly(step: Any, **_: Any) -> Any:
        def fail(*arguments: Any) -> None:
            step(*arguments)
            raise RuntimeError("a bug of a compiler")

        return fail

    monkeypatch.setattr(torch, "compile", compile_badly)
    for optimiser in (SGD(momentum=0.9, batch=4), Adam(name="adam")):
        _autograd_compiled._compiler.works = True
        expected = trained(optimiser=optimiser)
        with compiled_from(1), pytest.warns(UserWarning, match="a bug of a compiler"):
            assert_equal(trained(optimiser=optimiser), expected)


def test_only_long_trainings_of_known_losses_are_compiled_each_kind_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []

    def count(step: Any, **_: Any) -> Any:
        made.append(step)
        return step

    monkeypatch.setattr(torch, "compile", count)
    with compiled_from(13):
        trained(12)
        assert len(made) == 0
        for width in (3, [5, 90, 5, 7]):
            trained(13, width=width)
        assert len(made) == 1
        trained(13, network=Network(depth=2))
        trained(13, optimiser=SGD(momentum=0.5))
        trained(13, optimiser=SGD(momentum=0.6))
        trained(13, optimiser=SGD(momentum=0.6, batch=7))
        assert len(made) == 4


def test_the_environment_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_nothing(*_: Any, **__: Any) -> Any:
        raise AssertionError("compiled all the same")

    monkeypatch.setattr(torch, "compile", compile_nothing)
    with compiled_from(1):
        monkeypatch.setenv("DYNSTUDY_COMPILE", "0")
        trained()
        monkeypatch.setenv("DYNSTUDY_COMPILE", "no")
        with pytest.raises(BackendError, match=r"^DYNSTUDY_COMPILE = 'no': must be 0 or 1$"):
            trained()


@pytest.mark.compile
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # its own affair
@pytest.mark.parametrize(
    ("network", "optimiser"),
    [
        (Network(), SGD()),
        (Network(depth=2, activation="gelu"), Adam(name="adam", amsgrad=True, batch=8)),
        (Network(activation="tanh"), SGD(momentum=0.9, nesterov=True, batch=8)),
    ],
)
def test_compiled_it_is_the_same_training(
    network: Network, optimiser: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needs a C++ compiler, so it is deselected; `make test-compile` or `pytest -m compile`."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    expected = trained(network=network, optimiser=optimiser)
    with compiled_from(1):
        outcome = trained(network=network, optimiser=optimiser)
    assert_equal(outcome, expected, rtol=1e-12)
