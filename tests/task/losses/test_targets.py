"""Outputs and targets, beside what torch.nn.CrossEntropyLoss makes of them."""

import pytest
import torch
from torch import nn

from dynstudy.task.losses.targets import checked, class_dimension, total_weight


@pytest.mark.parametrize("shape", [(3,), (7, 3), (7, 3, 2), (5, 3, 2, 4)], ids=str)
@pytest.mark.parametrize("ignore_index", [-100, 1])
def test_what_a_mean_is_divided_by_is_the_sum_over_the_mean_of_pytorch(
    shape: tuple[int, ...], ignore_index: int
) -> None:
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(shape, generator=generator, dtype=torch.float64)
    at = class_dimension(output)
    target = torch.randint(0, 3, (*shape[:at], *shape[at + 1 :]), generator=generator)
    weight = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
    probabilities = torch.softmax(output, at)
    for targets in (target, probabilities) if ignore_index < 0 else (target,):
        summed, mean = (
            nn.CrossEntropyLoss(weight, ignore_index=ignore_index, reduction=reduction)(
                output, targets
            )
            for reduction in ("sum", "mean")
        )
        total = total_weight(targets, output, weight, ignore_index)
        torch.testing.assert_close(summed / total, mean, equal_nan=True)


def test_probabilities_are_told_from_classes_by_their_numbers_and_their_shape() -> None:
    output = torch.zeros(3, 3, dtype=torch.bfloat16)
    real, classes = checked(output, torch.tensor([0, 1, 2], dtype=torch.int8), 3, -100)
    assert (real.dtype, classes.dtype) == (torch.float32, torch.int64)
    _, probabilities = checked(output, torch.eye(3, dtype=torch.float64), 3, -100)
    assert probabilities.dtype == torch.float32
    for wrong, said in (
        (torch.eye(3, dtype=torch.int64), r"target must be \(3,\), a class for each output, or"),
        (torch.zeros(3), "whole numbers of classes, not torch.float32"),
    ):
        with pytest.raises(ValueError, match=said):
            checked(output, wrong, 3, -100)


def test_outputs_that_are_nowhere_are_not_looked_at() -> None:
    output, target = torch.zeros(2, 3, device="meta"), torch.zeros(2, device="meta").long()
    _, index = checked(output, target, 3, -100)
    assert index.device.type == "meta"
