"""What a loss is given, as PyTorch's own losses take it: outputs (N, C, d1, ...) and targets.

Targets are class indices (N, d1, ...) or, as floating-point numbers, probabilities of the outputs'
shape. Without samples, outputs are (C,).
"""

import torch
from torch import Tensor

from dynstudy.task.losses.schedule_module import can_be_read


def checked(
    output: Tensor, target: Tensor, classes: int, ignore_index: int
) -> tuple[Tensor, Tensor]:
    """See that a target fits outputs.

    Args:
        output: (N, C, d1, ...) or (C,).
        target: (N, d1, ...) or () classes, of which some may be the one that is ignored, or
            probabilities of the outputs' shape.
        classes: C.
        ignore_index: what is no class, and ignored.

    Returns:
        The outputs in float32 at least; the target, classes as an index, probabilities in the
        precision of the outputs.

    Raises:
        TypeError: one of them is no tensor.
        ValueError: they do not fit each other, or a class is none of C, as far as it can be seen
            without waiting for a card.
    """
    for name, given in (("output", output), ("target", target)):
        if not isinstance(given, Tensor):
            raise TypeError(f"{name} must be a torch.Tensor, not {type(given).__name__}")
    if not output.is_floating_point():
        raise ValueError(f"output must be floating-point numbers, not {output.dtype}")
    at = class_dimension(output)
    if not output.ndim or output.shape[at] != classes:
        raise ValueError(
            f"output must be (N, {classes}), ({classes},) or (N, {classes}, ...) for "
            f"num_classes={classes}, not {tuple(output.shape)}"
        )
    if target.device != output.device:
        raise ValueError(f"target is on {target.device}, output on {output.device}")
    points = (*output.shape[:at], *output.shape[at + 1 :])
    output = output.to(torch.promote_types(output.dtype, torch.float32))
    if target.is_floating_point() and target.shape == output.shape:
        if ignore_index >= 0:
            raise ValueError(
                f"ignore_index={ignore_index} has no meaning where targets are probabilities; "
                "leave it out"
            )
        return output, target.to(output.dtype)
    if target.shape != points:
        raise ValueError(
            f"target must be {points}, a class for each output, or probabilities "
            f"{tuple(output.shape)}, not {tuple(target.shape)}"
        )
    if target.is_floating_point() or target.is_complex() or target.dtype == torch.bool:
        raise ValueError(f"target must be whole numbers of classes, not {target.dtype}")
    target = target.long()  # one of bytes would be a mask
    if can_be_read(target):
        _see_range(target[target != ignore_index], classes)
    return output, target


def _see_range(target: Tensor, classes: int) -> None:
    if not target.numel():
        return
    low, high = (int(each) for each in target.aminmax())
    if not 0 <= low <= high < classes:
        wrong = low if low < 0 else high
        raise ValueError(f"target has class {wrong}; they are 0 to {classes - 1}")


def class_dimension(output: Tensor) -> int:
    """Along which dimension the classes are."""
    return 1 if output.ndim > 1 else 0


def total_weight(target: Tensor, output: Tensor, weight: Tensor, ignore_index: int) -> Tensor | int:
    """What the sum over samples is divided by, as in torch.nn.CrossEntropyLoss.

    Args:
        target: as `checked` returns it.
        output: (N, C, d1, ...) or (C,).
        weight: (C,) static, one where there are none.
        ignore_index: of targets that do not count.

    Returns:
        The sum of the static weights of all samples that are not ignored; of probabilities, the
        number of samples.
    """
    if target.is_floating_point():
        return output.numel() // len(weight)
    counted = target != ignore_index
    return (weight[target.masked_fill(~counted, 0)] * counted).sum()
