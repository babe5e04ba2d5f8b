import pytest
import torch
from torch import Tensor, nn

import dynstudy
from dynstudy.task.losses import WEIGHTED_LOSSES
from dynstudy.task.schedule import class_weights

MODULES = {
    "dce": dynstudy.DynamicalCrossEntropy,
    "dmse1": dynstudy.DynamicalMSE1,
    "dmse2": dynstudy.DynamicalMSE2,
}


def by_definition(loss: str, f: Tensor, y: Tensor, gamma: Tensor) -> float:
    """Equations 2 to 4 as sums over samples and outputs."""
    P, C = f.shape
    total = 0.0
    for j in range(P):
        target = [1.0 if i == y[j] else 0.0 for i in range(C)]
        if loss == "dce":
            cross_entropy = torch.logsumexp(f[j], 0) - f[j, y[j]]
            total += float(gamma[y[j]] * cross_entropy)
        elif loss == "dmse1":
            total += float(gamma[y[j]] * sum((f[j, i] - target[i]) ** 2 for i in range(C)))
        else:
            total += float(sum((f[j, i] - gamma[i] * target[i]) ** 2 for i in range(C)))
    return total / P


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


@pytest.mark.parametrize("loss", WEIGHTED_LOSSES)
def test_the_batched_form_is_the_single_one_for_each_network(
    loss: str, sample: tuple[Tensor, Tensor]
) -> None:
    output, target = sample
    gamma = torch.as_tensor(class_weights([3, 30], 4, [2, 9], [20, 50]))
    batch = WEIGHTED_LOSSES[loss](torch.stack([output, 2 * output]), target, gamma)
    for b, own in enumerate((output, 2 * output)):
        assert float(batch[b]) == pytest.approx(
            float(WEIGHTED_LOSSES[loss](own, target, gamma[b])), rel=1e-14
        )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((1, 3, 10), "num_classes"),
        ((3, 0.5, 10), "amplitude"),
        ((3, float("nan"), 10), "amplitude"),
        ((3, float("inf"), 10), "amplitude"),
        ((3, 3, 1), "period"),
        ((3, 3, 10.5), "period"),
    ],
)
def test_arguments_out_of_range_are_named(arguments: tuple[int, float, int], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        dynstudy.DynamicalCrossEntropy(*arguments)
