"""Networks that are anyone's modules train as a loop over the module with PyTorch's optimisers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from dynstudy import DynamicalCrossEntropy
from dynstudy.errors import BackendError
from dynstudy.task.losses import LOSSES
from dynstudy.task.network import Network
from dynstudy.task.optimiser import SGD, AdamW
from dynstudy.task.own_network import OwnNetwork
from dynstudy.train import Curvature, Data, Ensemble, Outcome, Parameters, train
from dynstudy.train.backends import able
from dynstudy.train.demand import Demand
from tests.conftest import make_data
from tests.models import Branching, Scaled, convolutional, dropping, layers, normed

Maker = Callable[[int, int], nn.Module]

STEPS = 40
DATA = make_data(points=20, validation_points=30)
WIDTHS, SEEDS = [3, 4, 4, 3], [0, 1, 0, 2]
AMPLITUDES, PERIODS = [1.0, 9.0, 5.0, 2.0], [7, 10, 11, 9]


def ensemble(model: Maker | str, steps: int = STEPS, **settings: Any) -> Ensemble:
    given: dict[str, Any] = {
        "width": WIDTHS,
        "learning_rate": 0.2,
        "amplitude": AMPLITUDES,
        "period": PERIODS,
        "seed": SEEDS,
        "dtype": "float64",
        "network": OwnNetwork.of(model, 1),
    }
    return Ensemble.of("dce", steps, **(given | settings))


def looped(
    model: Maker, of: Ensemble, b: int, data: Data, optimiser: Callable[..., torch.optim.Optimizer]
) -> tuple[nn.Module, list[float]]:
    """The network `b` of an ensemble as a person would train it; and its losses."""
    torch.manual_seed(int(of.seed[b]))
    module = model(int(of.width[b]), int(of.seed[b])).double()
    classes, tail = data.classes, int(of.tail_start[b])
    loss = DynamicalCrossEntropy(classes, float(of.amplitude[b]), int(of.period[b]), tail)
    descent = optimiser((p for p in module.parameters() if p.requires_grad), of.learning_rate[b])
    x, y, losses = torch.tensor(data.x[0]), torch.tensor(data.y), []
    for _ in range(of.steps):
        descent.zero_grad()
        value = loss(module(x), y)
        value.backward()
        descent.step()
        losses.append(value.item())
    return module.eval(), losses


def assert_as_looped(
    model: Maker, of: Ensemble, data: Data, outcome: Outcome, optimiser: Any = torch.optim.SGD
) -> None:
    for b in range(len(of)):
        module, losses = looped(model, of, b, data, optimiser)
        np.testing.assert_allclose(outcome.losses[b], losses, rtol=1e-12)
        assert outcome.parameters.arrays.keys() == module.state_dict().keys()
        for name, tensor in module.state_dict().items():
            ours = outcome.parameters.arrays[name][b]
            within = tuple(map(slice, tensor.shape))
            np.testing.assert_allclose(ours[within], tensor.numpy(), rtol=1e-11, atol=1e-12)
            assert np.count_nonzero(ours) == np.count_nonzero(ours[within])
        right = module(torch.tensor(data.validation_x)).argmax(1).numpy() == data.validation_y
        counts = np.bincount(data.validation_y[right], minlength=data.classes)
        np.testing.assert_array_equal(outcome.validation_correct[b, -1], counts)


@pytest.mark.parametrize("model", [layers, normed, Scaled, dropping, Branching])
def test_any_module_trains_as_in_a_loop(model: Maker) -> None:
    of = ensemble(model)
    outcome = train(of, DATA, checkpoints=[0, STEPS], trace=True)
    assert outcome.backend == "autograd"
    assert_as_looped(model, of, DATA, outcome)


@pytest.mark.parametrize("model", [layers, dropping])
def test_any_optimiser_does(model: Maker) -> None:
    def adamw(parameters: Any, rate: float) -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, rate, weight_decay=0.1)

    of = ensemble(model, optimiser=AdamW(name="adamw", weight_decay=0.1))
    outcome = train(of, DATA, checkpoints=[0, STEPS], trace=True)
    assert_as_looped(model, of, DATA, outcome, adamw)


def images() -> Data:
    """Two of each digit of scikit-learn's, as (64,) numbers."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.argsort(y, kind="stable")
    every = np.concatenate([order[y[order] == digit][:4] for digit in range(10)])
    return Data(x[None, every] / 16, y[every], x[every] / 16, y[every])


def test_a_convolutional_network_of_digits_trains_as_in_a_loop() -> None:
    digits = images()
    of = ensemble(convolutional, steps=12, width=[2, 3], seed=[0, 1], amplitude=9.0, period=3)
    outcome = train(of, digits, checkpoints=[0, 12], trace=True)
    assert_as_looped(convolutional, of, digits, outcome)


# --- beside the layers of a study ---------------------------------------------------------------


def as_layers(parameters: Parameters) -> Parameters:
    """The state of the modules of `layers`, from that of the networks of a study."""
    arrays = parameters.arrays
    return Parameters({
        "0.weight": arrays["W1"].swapaxes(1, 2),
        "0.bias": arrays["b1"],
        "2.weight": arrays["W2"].swapaxes(1, 2),
        "2.bias": arrays["b2"],
    })


@pytest.mark.parametrize("loss", [name for name, loss in LOSSES.items() if loss.dynamical])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimiser": SGD(momentum=0.9, nesterov=True, batch=17)},
        {"optimiser": AdamW(name="adamw", batch=25), "schedule": "sine"},
    ],
    ids=["plain", "momentum", "adamw"],
)
def test_linear_relu_linear_is_the_network_of_a_study(loss: str, settings: dict[str, Any]) -> None:
    as_always = ensemble(layers, network=Network(), **settings)
    of_modules = ensemble(layers, **settings)
    as_always, of_modules = replace(as_always, loss=loss), replace(of_modules, loss=loss)
    start = Parameters.drawn(as_always, 3)
    how: dict[str, Any] = {"checkpoints": [0, 20, STEPS], "trace": True, "class_losses": True}
    first = train(as_always, DATA, initial=start, backend="autograd", **how)
    second = train(of_modules, DATA, initial=as_layers(start), **how)
    np.testing.assert_allclose(second.losses, first.losses, rtol=1e-11)
    np.testing.assert_array_equal(second.correct, first.correct)
    np.testing.assert_array_equal(second.validation_correct, first.validation_correct)
    np.testing.assert_allclose(second.class_losses, first.class_losses, rtol=1e-10)
    for name, array in as_layers(first.parameters).arrays.items():
        ours = second.parameters.arrays[name]
        np.testing.assert_allclose(ours, array, rtol=1e-10, atol=1e-11)


def test_curvature_is_that_of_the_network_of_a_study() -> None:
    of = {"width": 4, "seed": [0, 1], "amplitude": 5.0, "period": 10, "learning_rate": 0.5}
    asked = Curvature((0, 20, 30), largest=2, smallest=1, onsets=True, climbs=True)
    as_always = ensemble(layers, network=Network(), **of)
    start = Parameters.drawn(as_always, 3)
    how: dict[str, Any] = {"checkpoints": [STEPS], "curvature": asked}
    first = train(as_always, DATA, initial=start, backend="autograd", **how)
    second = train(ensemble(layers, **of), DATA, initial=as_layers(start), **how)
    np.testing.assert_allclose(second.spectra.values, first.spectra.values, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(second.climbs.uphill, first.climbs.uphill)
    np.testing.assert_array_equal(second.onsets.count, first.onsets.count)


# --- in company, in slices, to their end --------------------------------------------------------


@pytest.mark.parametrize("model", [normed, dropping])
@pytest.mark.parametrize("batch", ["full", 13])
def test_a_network_is_the_same_in_any_company(model: Maker, batch: Any) -> None:
    of = ensemble(model, optimiser=SGD(batch=batch))
    together = train(of, DATA, checkpoints=[STEPS], trace=True)
    for b in range(len(of)):
        alone = train(of.part(slice(b, b + 1)), DATA, checkpoints=[STEPS], trace=True)
        np.testing.assert_allclose(together.losses[b], alone.losses[0], rtol=1e-10)


def test_training_sets_of_their_own() -> None:
    x = np.concatenate([DATA.x, DATA.x[:, :, ::-1], 2 * DATA.x])
    each = Data(x, DATA.y, np.stack([DATA.validation_x] * 3), DATA.validation_y)
    for model in (layers, dropping):
        of = ensemble(model, training_set=[0, 2, 1, 2])
        outcome = train(of, each, checkpoints=[STEPS], trace=True)
        for b, which in enumerate(of.training_set):
            one = Data(x[[which]], DATA.y, DATA.validation_x, DATA.validation_y)
            _, losses = looped(model, of, b, one, torch.optim.SGD)
            np.testing.assert_allclose(outcome.losses[b], losses, rtol=1e-12)


@pytest.mark.parametrize("model", [layers, dropping])
def test_one_that_diverges_stops_and_no_other(model: Maker) -> None:
    rates = [0.2, 1e200, 0.2, 0.2]
    calm, wild = ensemble(model), ensemble(model, learning_rate=rates)
    expected = train(calm, DATA, checkpoints=[0, STEPS], trace=True)
    outcome = train(wild, DATA, checkpoints=[0, STEPS], trace=True)
    assert outcome.diverged.tolist() == [False, True, False, False]
    assert outcome.validation_correct[1, -1].tolist() == [-1, -1, -1]
    np.testing.assert_allclose(outcome.losses[[0, 2, 3]], expected.losses[[0, 2, 3]], rtol=1e-12)
    for name, array in expected.parameters.arrays.items():
        ours = outcome.parameters.arrays[name][[0, 2, 3]]
        np.testing.assert_allclose(ours, array[[0, 2, 3]], rtol=1e-11, atol=1e-12)


def test_pytorchs_generator_is_left_as_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    train(ensemble(dropping), DATA, checkpoints=[STEPS])
    assert torch.equal(torch.rand(2), expected)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_fused_kernels_refuse_it(backend: str) -> None:
    with pytest.raises(BackendError, match=r"tests\.models:layers, version 1"):
        train(ensemble(layers), DATA, backend=backend, checkpoints=[STEPS])


def test_a_start_of_other_shapes_is_refused() -> None:
    start = Parameters.drawn(ensemble(layers), 3)
    for arrays, said in (
        ({"0.weight": start.arrays["0.weight"]}, "initial has 0.weight; needed are"),
        (start.arrays | {"0.bias": np.zeros((4, 2))}, r"initial has 0.bias \(4, 2\); needed is"),
    ):
        with pytest.raises(ValueError, match=said):
            train(ensemble(layers), DATA, initial=Parameters(arrays), checkpoints=[STEPS])


def test_a_card_trains_modules_at_once_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynstudy.train.backends.fastest", lambda: "gpu")
    monkeypatch.setattr(
        "dynstudy.train.backends.gpu.refusal", lambda *_, **__: "has no such kernel"
    )
    at_once, alone = (Demand.of(ensemble(model), DATA) for model in (layers, dropping))
    assert able("auto", at_once) == "autograd:cuda"
    assert able("auto", alone) == "autograd"
    with pytest.raises(BackendError, match=r"it draws at random.*; use --backend autograd"):
        able("autograd:cuda", alone)
