import re
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dynstudy.task.losses import LOSSES, by_name
from dynstudy.task.schedule import class_weights
from tests.conftest import ROOT


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


def test_a_loss_needs_its_static_one_whole() -> None:
    whole = by_name(LOSSES["mse"], LOSSES["dmse2"])
    assert list(whole) == ["mse", "dmse2"]
    for losses in (
        (LOSSES["ce"], LOSSES["dmse2"]),
        (replace(LOSSES["mse"], of_points=None), LOSSES["dmse2"]),
        (LOSSES["mse"], LOSSES["dce"], replace(LOSSES["dmse2"], static="dce")),
        (replace(LOSSES["ce"], of_points=None),),
    ):
        with pytest.raises(ValueError, match=r"register .*, too, with of_points"):
            by_name(*losses)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_follows_its_equation(loss: str, sample: tuple[Tensor, Tensor]) -> None:
    for step in (0, 25, 99):
        gamma = torch.as_tensor(class_weights(step, 4, 13, 50))
        assert float(LOSSES[loss].weighted(*sample, gamma)) == pytest.approx(
            by_definition(loss, *sample, gamma), rel=1e-12
        )


@pytest.mark.parametrize("loss", LOSSES)
def test_with_even_weights_a_loss_is_its_static_one(
    loss: str, sample: tuple[Tensor, Tensor]
) -> None:
    even, static = torch.ones(4, dtype=torch.float64), LOSSES[LOSSES[loss].static]
    assert not static.dynamical
    torch.testing.assert_close(
        LOSSES[loss].weighted(*sample, even), static.weighted(*sample, even), rtol=1e-14, atol=0
    )


def test_the_docs_have_every_loss_as_it_is_defined() -> None:
    page = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
    for loss in LOSSES.values():
        row = f"| `{loss.name}` | {loss.equation} | `{loss.static}` |"
        # subscripts are marked there for a browser, here for a terminal
        assert re.sub(r"[_{}]", "", row) in re.sub(r"</?sub>", "", page)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_batched_form_is_the_single_one_for_each_network(
    loss: str, sample: tuple[Tensor, Tensor]
) -> None:
    output, target = sample
    gamma = torch.as_tensor(class_weights([3, 30], 4, [2, 9], [20, 50]))
    batch = LOSSES[loss].weighted(torch.stack([output, 2 * output]), target, gamma)
    for b, outputs in enumerate((output, 2 * output)):
        assert float(batch[b]) == pytest.approx(
            float(LOSSES[loss].weighted(outputs, target, gamma[b])), rel=1e-14
        )
