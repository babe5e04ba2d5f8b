"""The losses as PyTorch modules."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dynstudy
from dynstudy.task.schedule import class_weights

MODULES = {
    "dce": dynstudy.DynamicalCrossEntropy,
    "dmse1": dynstudy.DynamicalMSE1,
    "dmse2": dynstudy.DynamicalMSE2,
}


def one_hot(c: int, classes: int) -> list[float]:
    return [1.0 if i == c else 0.0 for i in range(classes)]


def cross_entropy(f: Tensor, c: int, gamma: Tensor) -> Tensor:
    return gamma[c] * (torch.logsumexp(f, 0) - f[c])


def squares(f: Tensor, c: int, gamma: Tensor) -> Tensor:
    return gamma[c] * sum((f[i] - t) ** 2 for i, t in enumerate(one_hot(c, len(f))))


def target_squares(f: Tensor, c: int, gamma: Tensor) -> Tensor:
    return sum((f[i] - gamma[i] * t) ** 2 for i, t in enumerate(one_hot(c, len(f))))


OF_A_POINT = {
    "ce": cross_entropy,
    "mse": squares,
    "dce": cross_entropy,
    "dmse1": squares,
    "dmse2": target_squares,
}
"""Each loss of one point, written as sums over outputs: equations 2 to 4."""


def by_definition(loss: str, f: Tensor, y: Tensor, gamma: Tensor) -> float:
    points = zip(f, y.tolist(), strict=True)
    return sum(float(OF_A_POINT[loss](output, c, gamma)) for output, c in points) / len(y)


@pytest.fixture
def sample() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(40, 4, generator=generator, dtype=torch.float64) * 3
    return output, torch.randint(0, 4, (40,), generator=generator)


@pytest.mark.parametrize("loss", MODULES)
@pytest.mark.parametrize("step", [0, 7, 25, 99, 1234])
def test_modules_follow_the_equations(loss: str, step: int, sample: tuple[Tensor, Tensor]) -> None:
    module = MODULES[loss](num_classes=4, amplitude=13, period=50)
    gamma = torch.as_tensor(class_weights(step, 4, 13, 50))
    assert float(module(*sample, step)) == pytest.approx(
        by_definition(loss, *sample, gamma), rel=1e-12
    )


def test_at_amplitude_1_they_are_the_static_losses_of_pytorch(
    sample: tuple[Tensor, Tensor],
) -> None:
    output, target = sample
    one_hot = nn.functional.one_hot(target, 4).double()
    cross_entropy = float(nn.CrossEntropyLoss()(output, target))
    squares = 4 * float(nn.MSELoss()(output, one_hot))  # PyTorch averages over the outputs as well
    for loss, expected in (("dce", cross_entropy), ("dmse1", squares), ("dmse2", squares)):
        module = MODULES[loss](num_classes=4, amplitude=1, period=50)
        assert float(module(output, target, 31)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("loss", MODULES)
def test_they_train_a_network_of_ones_own(loss: str, sample: tuple[Tensor, Tensor]) -> None:
    torch.manual_seed(0)
    inputs, target = sample
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 4)).double()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    module = MODULES[loss](num_classes=4, amplitude=3, period=20)
    static = MODULES[loss](num_classes=4, amplitude=1, period=20)
    before = static(model(inputs), target, 0).item()
    for step in range(200):
        optimiser.zero_grad()
        module(model(inputs), target, step).backward()
        optimiser.step()
    assert static(model(inputs), target, 0).item() < 0.8 * before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((1, 3, 10), "num_classes"),
        ((3, 0.5, 10), "amplitude"),
        ((3, float("nan"), 10), "amplitude"),
        ((3, float("inf"), 10), "amplitude"),
        ((3, "7", 10), "amplitude"),
        ((3, 7, None), "period must be a whole number of at least 2, not None"),
        (("3", 7, 10), "num_classes"),
        ((3, 3, 1), "period"),
        ((3, 3, 10.5), "period"),
        ((2.5, 3, 10), "num_classes"),
        ((3, 3, 10, -1), "tail_start"),
        ((3, 3, 10, 2.5), "tail_start"),
        ((3, 3, float("nan")), "period"),
        ((3, 3, float("inf")), "period"),
        ((np.array([3]), 3, 10), r"num_classes must be a whole number of at least 2, not array"),
        ((3, np.array([70.0]), 10), "amplitude must be a finite number"),
        ((3, torch.tensor([1.0, 2.0]), 10), "amplitude must be a finite number"),
        ((3, torch.nn.Parameter(torch.tensor(70.0)), 10), "amplitude must be a finite number"),
        ((3, 10**400, 10), "amplitude must be a finite number"),
        ((3, 1e308, 10), "amplitude must be a finite number"),
    ],
)
def test_arguments_out_of_range_are_named(arguments: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        dynstudy.DynamicalCrossEntropy(*arguments)


@pytest.mark.parametrize("loss", MODULES)
@pytest.mark.parametrize(
    ("output", "target", "step", "said"),
    [
        ((6, 3), [0] * 4, 0, r"target must be \(6,\), a class for each output, not \(4,\)"),
        ((6, 3), [[0]] * 6, 0, r"target must be \(6,\), a class for each output, not \(6, 1\)"),
        ((6, 4), [0] * 6, 0, r"output must be \(P, 3\) for num_classes=3, not \(6, 4\)"),
        ((6, 3, 2), [0] * 6, 0, r"output must be \(P, 3\)"),
        ((3,), 0, 0, r"output must be \(P, 3\)"),
        ((2, 3), [0.0, 1.0], 0, "whole numbers of classes, not torch.float32"),
        ((2, 3), [0, 3], 0, "target has class 3; they are 0 to 2"),
        ((2, 3), [0, -1], 0, "target has class -1; they are 0 to 2"),
        ((2, 3), [0, -100], 0, "target has class -100"),
        ((2, 3), [0, 1], -1, "step must be a whole number of at least 0, not -1"),
        ((2, 3), [0, 1], "5", "step must be a whole number of at least 0, not '5'"),
        ((2, 3), [0, 1], [5, 6], "step must be a whole number"),
        ((2, 3), [0, 1], 1e30, "step must be a whole number"),
        ((2, 3), [0, 1], np.array([5, 6]), r"step must be a whole number of at least 0, not array"),
        ((2, 3), [0, 1], torch.tensor(-1), "step must be a whole number of at least 0, not tensor"),
        ((2, 3), [0, 1], 3.5, "step must be a whole number of at least 0, not 3.5"),
    ],
)
def test_what_does_not_fit_is_said(
    loss: str, output: tuple[int, ...], target: Any, step: Any, said: str
) -> None:
    module = MODULES[loss](num_classes=3, amplitude=7, period=10)
    with pytest.raises(ValueError, match=said):
        module(torch.zeros(output), torch.tensor(target), step)


@pytest.mark.parametrize("loss", MODULES)
def test_the_tail_is_the_static_loss(loss: str, sample: tuple[Tensor, Tensor]) -> None:
    module = MODULES[loss](num_classes=4, amplitude=13, period=50, tail_start=80)
    endless = MODULES[loss](num_classes=4, amplitude=13, period=50)
    static = MODULES[loss](num_classes=4, amplitude=1, period=50)
    assert float(module(*sample, 79)) == float(endless(*sample, 79))
    for step in (80, 1000):
        assert float(module(*sample, step)) == float(static(*sample, 0))


def test_steps_are_counted_in_training_and_kept(sample: tuple[Tensor, Tensor]) -> None:
    module = MODULES["dce"](num_classes=4, amplitude=13, period=50)
    expected = [float(module(*sample, step)) for step in range(3)]  # which counts nothing
    assert [float(module(*sample)) for _ in range(2)] == expected[:2]
    again = MODULES["dce"](num_classes=4, amplitude=13, period=50)
    again.load_state_dict(module.state_dict())
    again.eval()
    assert [float(again(*sample)) for _ in range(2)] == [expected[2]] * 2
    assert float(again.train()(*sample)) == expected[2]
    assert int(again.steps) == 3


@pytest.mark.parametrize("loss", MODULES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_classes_are_classes_in_whole_numbers_of_any_size(loss: str, dtype: torch.dtype) -> None:
    module = MODULES[loss](num_classes=3, amplitude=7, period=10)
    output, target = torch.randn(3, 3), torch.tensor([0, 1, 1])  # as many as a mask would have
    assert float(module(output, target.to(dtype), 3)) == float(module(output, target, 3))


@pytest.mark.parametrize("loss", MODULES)
def test_outputs_are_tensors_of_real_numbers(loss: str) -> None:
    module = MODULES[loss](num_classes=3, amplitude=7, period=10)
    output, target = torch.randn(2, 3), torch.tensor([0, 1])
    for dtype in (torch.int64, torch.complex64):
        with pytest.raises(ValueError, match=f"must be floating-point numbers, not {dtype}"):
            module(output.to(dtype), target)
    with pytest.raises(TypeError, match=r"output must be a torch\.Tensor, not list"):
        module(output.tolist(), target)
    with pytest.raises(TypeError, match=r"target must be a torch\.Tensor, not ndarray"):
        module(output, target.numpy())
    assert int(module.steps) == 0  # what is refused is no step


@pytest.mark.parametrize("loss", MODULES)
def test_a_number_may_be_a_tensor_or_an_array_of_one(
    loss: str, sample: tuple[Tensor, Tensor]
) -> None:
    module = MODULES[loss](num_classes=4, amplitude=13, period=50)
    expected = float(module(*sample, 3))
    for kind in (torch.tensor, np.array, np.int32):
        arguments = kind(4), kind(13), kind(50)
        assert float(MODULES[loss](*arguments)(*sample, kind(3))) == expected


@pytest.mark.parametrize("loss", MODULES)
def test_what_is_elsewhere_is_refused(loss: str) -> None:
    module = MODULES[loss](num_classes=3, amplitude=7, period=10)
    with pytest.raises(ValueError, match="target is on meta, output on cpu"):
        module(torch.randn(2, 3), torch.tensor([0, 1], device="meta"), 3)


@pytest.mark.parametrize("count", [-5, float("nan")])
def test_steps_that_were_loaded_damaged_are_refused(
    count: float, sample: tuple[Tensor, Tensor]
) -> None:
    module = MODULES["dce"](num_classes=4, amplitude=13, period=50)
    module.load_state_dict({"steps": torch.tensor(count)})
    with pytest.raises(ValueError, match="step must be a whole number of at least 0"):
        module(*sample)
