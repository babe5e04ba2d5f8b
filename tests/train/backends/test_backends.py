"""Which backends there are, which one `auto` is, and what each of them can train."""

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dynstudy.errors import BackendError
from dynstudy.task.network import Network
from dynstudy.task.optimiser import SGD, Adam
from dynstudy.train import Data, Ensemble, backends, train
from dynstudy.train.backends import BACKENDS, able, at_once, fastest, gpu, load, per_device
from dynstudy.train.demand import Demand
from tests.command import python
from tests.conftest import ROOT, make_data

HERE = "libc.so.6"  # stands for a card's driver


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    fastest.cache_clear()


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cards, the second too old; and a Triton that reaches them."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda card: [(9, 0), (6, 1)][card % 2])
    monkeypatch.setattr(
        "torch.cuda.get_device_properties", lambda _: SimpleNamespace(multi_processor_count=132)
    )
    reached = SimpleNamespace(active=SimpleNamespace(get_current_device=lambda: 0))
    monkeypatch.setattr("triton.runtime.driver", reached)
    monkeypatch.setattr(backends, "DRIVER", HERE)


def test_without_a_driver_it_is_the_processor_and_pytorch_is_not_loaded() -> None:
    code = (
        "import sys\nfrom dynstudy.train import backends\nbackends.DRIVER = 'libnone.so.1'\n"
        "assert backends.fastest() == 'cpu'\nsys.exit('torch' in sys.modules)"
    )
    python(ROOT, "-c", code)


@pytest.mark.usefixtures("cards")
def test_with_a_card_it_is_the_card() -> None:
    assert fastest() == "gpu"
    start, _ = load("auto")
    assert start.func is gpu.start  # type: ignore[attr-defined]


def test_a_card_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "DRIVER", HERE)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.warns(
        UserWarning, match="sees no card on this machine; use --backend cpu: 'auto' is 'cpu'"
    ):
        assert fastest() == "cpu"


@pytest.mark.usefixtures("cards")
def test_all_cards_that_can_be_used_share_the_work() -> None:
    assert per_device("gpu") == ["gpu:0", "gpu:2"]
    assert per_device("auto") == ["auto:0", "auto:2"]  # each is free to take another backend
    assert load("auto:2")[0].keywords == {"device": "2"}  # type: ignore[attr-defined]
    assert per_device("gpu:2") == ["gpu:2"]
    assert per_device("cpu") == ["cpu"]
    assert at_once("gpu") == 8 * 132


@pytest.mark.usefixtures("cards")
@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("gpu:1", "Triton needs a card of compute capability 8.0 or more; use --backend cpu"),
        ("gpu:3", "sees cards 0 to 2 on this machine"),
        ("gpu:x", "sees cards 0 to 2 on this machine"),
    ],
)
def test_a_card_that_is_not_there_or_too_old_is_refused(backend: str, said: str) -> None:
    with pytest.raises(BackendError, match=said):
        load(backend)


@pytest.mark.usefixtures("cards")
def test_a_card_that_triton_cannot_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triton.runtime.driver", None)
    with pytest.raises(BackendError, match=r"cannot reach the card: .*a C compiler"):
        load("gpu")


def test_a_network_per_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNSTUDY_THREADS", "3")
    assert at_once("cpu") == 3
    assert at_once("autograd") == 48  # a call of PyTorch takes as long as a few networks


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("cpuu", "did you mean 'cpu'"),
        ("gpux", "did you mean 'gpu'"),
        ("cpu:1", "no choice of device"),
    ],
)
def test_unknown_backends_are_named(backend: str, said: str) -> None:
    with pytest.raises(BackendError, match=said):
        load(backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_is_two_functions(backend: str) -> None:
    module = importlib.import_module(f"dynstudy.train.backends.{backend}")
    start, advance = module.start, module.advance
    assert list(inspect.signature(start).parameters)[:4] == [
        "ensemble",
        "data",
        "initial",
        "readings",
    ]
    assert list(inspect.signature(advance).parameters) == ["state", "step", "count"]


def test_auto_is_the_fused_kernel(data: Data) -> None:
    ensemble = Ensemble.of("ce", 2, width=4, learning_rate=0.1)
    assert train(ensemble, data, checkpoints=[2]).backend == "cpu"


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


@pytest.mark.parametrize(
    ("backend", "features", "said"),
    [
        ("cpu", 9, "trains networks of at most 8 inputs, not of 9; use --backend autograd"),
        ("gpu", 3, "trains networks of 2 inputs, not of 3; use --backend cpu"),
        ("gpu:3", 9, "trains networks of 2 inputs, not of 9; use --backend autograd"),
    ],
)
def test_a_fused_kernel_refuses_inputs_it_has_no_sums_for_before_it_starts(
    backend: str, features: int, said: str, rng: np.random.Generator
) -> None:
    with pytest.raises(BackendError, match=f"^backend '{backend}' {said}$"):
        train(network(), points(features, rng), backend=backend, checkpoints=[STEPS])


@pytest.mark.parametrize(
    ("backend", "change", "said"),
    [
        ("cpu", {"optimiser": Adam(name="adam")}, "trains by sgd on all points, not by adam"),
        (
            "cpu",
            {"optimiser": SGD(batch=10)},
            "trains by sgd on all points, not by sgd with batch 10",
        ),
        (
            "cpu",
            {"optimiser": SGD(momentum=0.5), "onsets": True},
            "watches for onsets of plain gradient descent, not of sgd with momentum 0.5",
        ),
        ("cpu", {"network": Network(depth=2)}, "one hidden layer of ReLU, not 2 hidden layers"),
        ("gpu", {"network": Network(activation="tanh")}, "of ReLU, not 1 hidden layer of tanh"),
        ("gpu", {"optimiser": SGD(momentum=0.5)}, "not by sgd with momentum 0.5"),
        ("gpu", {"schedule": "sine"}, "as a triangle, not the schedule 'sine'"),
    ],
)
def test_a_fused_kernel_refuses_what_it_does_not_know(
    backend: str, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(BackendError, match=said):
        able(backend, replace(Demand("dce", 2, 3, 5, 9, "float32"), **change))


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_a_fused_kernel_refuses_classes_that_compilers_give_up_on(backend: str) -> None:
    ensemble = Ensemble.of("dce", 1, width=3, learning_rate=0.1, amplitude=3, period=10)
    data = make_data(classes=25, points=2, validation_points=1)
    said = rf"^backend '{backend}' trains at most 24 classes, not 25; use --backend autograd$"
    with pytest.raises(BackendError, match=said):
        train(ensemble, data, backend=backend, checkpoints=[1])
    assert train(ensemble, data, checkpoints=[1]).backend == "autograd"


def test_auto_is_whatever_can(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    assert train(network(), points(9, rng), checkpoints=[1]).backend == "autograd"
    assert train(network(), points(2, rng), checkpoints=[1]).backend == "cpu"
    monkeypatch.setattr("dynstudy.train.backends.fastest", lambda: "gpu")
    wide, long = (Demand("dce", 2, 3, width, steps, "float32") for width, steps in SIZES)
    three, nine = (Demand("dce", features, 3, 5, 9, "float32") for features in (3, 9))
    assert [able("auto", demand) for demand in (nine, three, wide, long)] == [
        "autograd:cuda",
        "cpu",
        "cpu",
        "cpu",
    ]
    assert able("auto:1", nine) == "autograd:cuda:1"
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
