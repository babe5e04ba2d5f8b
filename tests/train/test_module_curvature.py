"""Eigenvalues of anyone's module: the dense Hessian's, and the engine's own."""

from typing import Any

import numpy as np
import pytest
import torch

import dynstudy
from dynstudy.task.schedule import class_weights
from dynstudy.train import Curvature, Ensemble, Parameters, train
from tests.conftest import make_data


def network() -> torch.nn.Module:
    torch.manual_seed(3)
    return torch.nn.Sequential(
        torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 4), torch.nn.Linear(4, 3)
    ).double()


def points() -> tuple[torch.Tensor, torch.Tensor]:
    data = make_data(points=10)
    return torch.tensor(data.x[0]), torch.tensor(data.y)


def dense(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    names = list(dict(model.named_parameters()))
    shapes = [parameter.shape for parameter in model.parameters()]
    sizes = [parameter.numel() for parameter in model.parameters()]

    def loss(vector: torch.Tensor) -> torch.Tensor:
        parts = [part.reshape(s) for part, s in zip(vector.split(sizes), shapes, strict=True)]
        output = torch.func.functional_call(model, dict(zip(names, parts, strict=True)), (x,))
        return torch.nn.functional.cross_entropy(output, y)

    return torch.func.hessian(loss)(torch.cat([p.detach().flatten() for p in model.parameters()]))


def test_eigenpairs_are_the_dense_hessians() -> None:
    model, (x, y) = network(), points()
    before = [parameter.clone() for parameter in model.parameters()]
    hessian = dense(model, x, y)
    pairs = dynstudy.curvature(
        model, torch.nn.functional.cross_entropy, (x, y), largest=2, smallest=1, tolerance=1e-9
    )
    expected = torch.linalg.eigvalsh(hessian)[[-1, -2, 0]]
    torch.testing.assert_close(pairs.values, expected, rtol=1e-10, atol=1e-12)
    for value, residual, vector in zip(pairs.values, pairs.residuals, pairs.vectors, strict=True):
        flat = torch.cat([part.flatten() for part in vector.values()])
        torch.testing.assert_close(hessian @ flat, value * flat, atol=2e-9, rtol=0)
        assert residual < 1e-9 * pairs.values.abs().max()
    assert list(pairs.vectors[0]) == list(dict(model.named_parameters()))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_loss_of_ours_at_a_step_is_what_the_engine_reads() -> None:
    ensemble = Ensemble.of(
        "dce", 40, width=7, learning_rate=1, amplitude=9, period=12, dtype="float64"
    )
    data = make_data(points=10)
    drawn = Parameters.drawn(ensemble, 3)
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 7), torch.nn.ReLU(), torch.nn.Linear(7, 3)
    ).double()
    values = drawn.W1[0].T, drawn.b1[0], drawn.W2[0].T, drawn.b2[0]
    for parameter, value in zip(model.parameters(), values, strict=True):
        parameter.data.copy_(torch.tensor(value))
    loss = dynstudy.DynamicalCrossEntropy(num_classes=3, amplitude=9, period=12)
    here = dynstudy.curvature(
        model, lambda f, y: loss(f, y, step=0), (torch.tensor(data.x[0]), torch.tensor(data.y)),
        tolerance=1e-9,
    )  # fmt: skip
    assert class_weights(0, 3, 9, 12).tolist() == [1, 1, 1]
    there = train(
        ensemble, data, backend="cpu", checkpoints=[1], curvature=Curvature((0,), tolerance=1e-9)
    )
    np.testing.assert_allclose(here.values, there.spectra.values[0, 0], rtol=1e-10)


def test_parameters_that_are_held_are_left_out() -> None:
    model, (x, y) = network(), points()
    for parameter in list(model.parameters())[2:]:
        parameter.requires_grad_(False)
    size = sum(p.numel() for p in list(model.parameters())[:2])
    pairs = dynstudy.curvature(
        model, torch.nn.functional.cross_entropy, (x, y), largest=1, tolerance=1e-9
    )
    expected = torch.linalg.eigvalsh(dense(model, x, y)[:size, :size])[-1]
    assert pairs.values[0] == pytest.approx(float(expected), rel=1e-10)
    assert set(pairs.vectors[0]) == {"0.weight", "0.bias"}


def test_products_that_are_too_few_are_seen_in_the_residuals() -> None:
    model, (x, y) = network(), points()
    pairs = dynstudy.curvature(
        model, torch.nn.functional.cross_entropy, (x, y), tolerance=1e-9, products=4
    )
    assert pairs.products == 4
    assert pairs.residuals[1] > 1e-9 * pairs.values[0]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"largest": 0}, "at least one eigenvalue"),
        ({"tolerance": 0.0}, "tolerance must be"),
        ({"products": 0}, "products at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, float], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        dynstudy.curvature(network(), torch.nn.functional.cross_entropy, points(), **options)  # type: ignore[arg-type]


def test_a_loss_that_is_no_number_is_refused() -> None:
    def each(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(f, y, reduction="none")

    with pytest.raises(ValueError, match="one finite number"):
        dynstudy.curvature(network(), each, points())
    frozen = network().requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter of the model requires"):
        dynstudy.curvature(frozen, torch.nn.functional.cross_entropy, points())


@pytest.mark.parametrize("counting", ["the model", "the loss"])
def test_what_changes_as_it_is_called_is_refused_and_left_as_it_is(counting: str) -> None:
    x, y = torch.randn(12, 2), torch.arange(12) % 3
    norm, ours = torch.nn.BatchNorm1d(2), dynstudy.DynamicalCrossEntropy(3, amplitude=5, period=10)
    loss = torch.nn.functional.cross_entropy
    layers = [torch.nn.Linear(2, 3)] if counting == "the loss" else [norm, torch.nn.Linear(2, 3)]
    model = torch.nn.Sequential(*layers)
    with pytest.raises(ValueError, match=r"eval\(\).*step=k"):
        dynstudy.curvature(model, ours if counting == "the loss" else loss, (x, y))
    assert int(ours.steps) == 0
    assert norm.num_batches_tracked == 0
    dynstudy.curvature(model.eval(), lambda f, y: ours(f, y, step=3), (x, y))


@pytest.mark.parametrize("answer", [None, 1.0, torch.ones(2)])
def test_a_loss_that_is_no_single_number_is_said(answer: object) -> None:
    data = (torch.ones(2, 1), torch.ones(2, 1))
    with pytest.raises(ValueError, match="must be one finite number"):
        dynstudy.curvature(torch.nn.Linear(1, 1), lambda f, y: answer, data)  # type: ignore[arg-type,return-value]


def test_a_loss_of_one_element_and_data_with_gradients_are_taken() -> None:
    x = torch.tensor([[1.0], [2.0]], requires_grad=True)
    line = torch.nn.Linear(1, 1, bias=False)
    pairs = dynstudy.curvature(line, lambda f, y: (f - y).square().mean()[None], (x, x), largest=1)
    assert pairs.values.tolist() == pytest.approx([5.0])


@pytest.mark.parametrize("wrong", [{"largest": 1.5}, {"smallest": 0.5}, {"products": 5.5}])
def test_counts_are_whole_numbers(wrong: dict[str, Any]) -> None:
    data = (torch.ones(2, 1), torch.ones(2, 1))
    with pytest.raises(ValueError, match="whole numbers"):
        dynstudy.curvature(torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, data, **wrong)
