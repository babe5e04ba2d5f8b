"""The dynamical losses as PyTorch modules, for anyone's training loop."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from dynstudy.task.losses.schedule_module import Schedule, one_number, whole
from dynstudy.task.losses.targets import checked, class_dimension, total_weight
from dynstudy.task.schedule import TRIANGLE

REDUCTIONS = ("mean", "sum", "none")


class DynamicalLoss(nn.Module, ABC):
    """A loss whose class weights Γ oscillate.

    It is called as ``torch.nn.CrossEntropyLoss`` is: ``loss(output, target)`` takes outputs (N, C),
    (C,) or (N, C, d1, ...), and as targets class indices (N,), () or (N, d1, ...), or probabilities
    of the outputs' shape. In training mode it counts its calls as steps, in its ``state_dict``;
    ``loss(output, target, step)`` names the number of steps taken so far instead, and counts
    nothing. Where a step takes several calls, as with gradients that are accumulated, give the loss
    a `Schedule`, which several losses may share, and which counts when its ``step()`` is called.

    The mean over the samples, too, is that of ``torch.nn.CrossEntropyLoss``: samples that are
    ignored do not count, and with a static `weight` the sum is divided by the static weights of the
    samples, not by Γ, whose mean over the classes is 1; of probabilities, by their number.

    Outputs of half precision are taken to float32 first, with and without autocast, and the loss is
    float32 then; Γ is computed in float64.

    Args:
        num_classes: C, at least 2.
        amplitude: A, at least 1.
        period: T, the steps of one class's rise and fall, at least 2.
        tail_start: the step from which A = 1 (the static tail); never, if None.
        schedule: how weights oscillate, a name of `Schedule`'s kinds; or a `Schedule`, which has
            the four arguments before, and counts the steps.
        weight: (C,) static weights of the classes, besides Γ.
        ignore_index: the target of samples that do not count.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``, a loss for each sample.
        label_smoothing: the share, from 0 to 1, that a target gives to all classes alike.

    Raises:
        ValueError: an argument is out of its range.
    """

    schedule: Schedule
    weight: Tensor | None

    def __init__(
        self,
        num_classes: int | None = None,
        amplitude: float | None = None,
        period: int | None = None,
        tail_start: int | None = None,
        *,
        schedule: str | Schedule = TRIANGLE.name,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        given = (num_classes, amplitude, period, tail_start)
        self.counts = not isinstance(schedule, Schedule)
        if isinstance(schedule, Schedule):
            if any(each is not None for each in given):
                raise ValueError(
                    "with a Schedule, leave out num_classes, amplitude, period and tail_start: it "
                    "has them"
                )
            self.schedule = schedule
        else:
            # which refuses what is missing
            self.schedule = Schedule(*given, schedule)  # type: ignore[arg-type]
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction {reduction!r} is not one of {', '.join(REDUCTIONS)}")
        share = one_number(label_smoothing)
        if share is None or not 0 <= share <= 1:
            raise ValueError(f"label_smoothing must be from 0 to 1, not {label_smoothing!r}")
        self.reduction, self.label_smoothing = reduction, float(share)
        self.ignore_index = whole("ignore_index", ignore_index, -(2**63))
        self.register_buffer("weight", _static(weight, self.schedule.num_classes))

    @property
    def steps(self) -> Tensor:
        """() counted so far."""
        return self.schedule.steps

    def forward(self, output: Tensor, target: Tensor, step: Any = None) -> Tensor:
        """The loss of outputs and targets after so many steps, counted here if None."""
        classes = self.schedule.num_classes
        output, target = checked(output, target, classes, self.ignore_index)
        gamma = self.schedule(_one(step), output.dtype).to(output.device)
        weight = torch.ones_like(gamma) if self.weight is None else self.weight.to(gamma)
        points = self._points(output, target, gamma, weight)
        if step is None and self.counts and self.training:
            self.schedule.step()
        if self.reduction == "none":
            return points
        total = points.sum()
        if self.reduction == "sum":
            return total
        return total / total_weight(target, output, weight, self.ignore_index)

    @abstractmethod
    def _points(self, output: Tensor, target: Tensor, gamma: Tensor, weight: Tensor) -> Tensor:
        """The loss (N, d1, ...) of each sample, 0 where it is ignored, from Γ (C,) and weights."""

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        if f"{prefix}steps" in state_dict:  # as it was saved before there were schedules
            state_dict[f"{prefix}schedule.steps"] = state_dict.pop(f"{prefix}steps")
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def extra_repr(self) -> str:
        """The settings that are not the default, for ``print(module)``."""
        settings: Mapping[str, tuple[Any, Any]] = {
            "ignore_index": (self.ignore_index, -100),
            "reduction": (self.reduction, "mean"),
            "label_smoothing": (self.label_smoothing, 0.0),
        }
        return ", ".join(
            f"{name}={value!r}" for name, (value, default) in settings.items() if value != default
        )


def _one(step: Any) -> Any:
    """One step, or None; ValueError for several."""
    if getattr(step, "ndim", 0) or isinstance(step, list | tuple):
        raise ValueError(f"step must be a whole number of at least 0, not {step!r}")
    return step


def _static(weight: Any, classes: int) -> Tensor | None:
    """Static weights of classes as a tensor of floating-point numbers, if there are any."""
    if weight is None:
        return None
    weight = torch.as_tensor(weight)
    if weight.shape != (classes,):
        raise ValueError(f"weight must be ({classes},), one a class, not {tuple(weight.shape)}")
    if weight.is_complex() or not bool((weight.isfinite() & (weight >= 0)).all()):
        raise ValueError(f"weight must be finite and at least 0, not {weight.tolist()}")
    return weight if weight.is_floating_point() else weight.to(torch.get_default_dtype())


class DynamicalCrossEntropy(DynamicalLoss):
    """Cross-entropy whose class weights oscillate (DCE, eq. 2 of arXiv:2410.10690).

    Its arguments are ``num_classes``, ``amplitude`` (A), ``period`` (T) and ``tail_start``, where
    the paper's static tail begins, and those of ``torch.nn.CrossEntropyLoss``, which it is at
    A = 1: see `DynamicalLoss`. Γ multiplies the class weights there: of probabilities y, a sample's
    loss is -Σ_c Γ_c y_c log p_c.

    Examples:
        >>> import torch
        >>> loss = DynamicalCrossEntropy(num_classes=3, amplitude=70, period=5000)
        >>> output, target = torch.zeros(6, 3), torch.tensor([0, 0, 1, 1, 2, 2])
        >>> round(float(loss(output, target, step=0)), 6)  # log 3: no class is emphasised yet
        1.098612
    """

    def _points(self, output: Tensor, target: Tensor, gamma: Tensor, weight: Tensor) -> Tensor:
        return nn.functional.cross_entropy(
            output,
            target,
            gamma * weight,
            ignore_index=self.ignore_index,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )


class _Squares(DynamicalLoss):
    """The squared error of probabilities, of which a class index is those of one class."""

    def _points(self, output: Tensor, target: Tensor, gamma: Tensor, weight: Tensor) -> Tensor:
        output = output.movedim(class_dimension(output), -1)
        if target.is_floating_point():
            given, counted = target.movedim(class_dimension(target), -1), None
        else:
            every = torch.arange(len(gamma), device=target.device)
            given, counted = (target[..., None] == every).to(output), target != self.ignore_index
        share = self.label_smoothing
        smooth = given * (1 - share) + share / len(gamma) if share else given
        points = self._weighted(output, given, smooth, gamma, weight)
        return points if counted is None else torch.where(counted, points, 0.0)

    @abstractmethod
    def _weighted(
        self, output: Tensor, given: Tensor, smooth: Tensor, gamma: Tensor, weight: Tensor
    ) -> Tensor:
        """The loss (...) of each sample, from outputs and targets as given and smooth (..., C)."""


class DynamicalMSE1(_Squares):
    """Squared error of one-hot targets, weighted per sample by its class (DMSE1, eq. 3).

    Same interface as `DynamicalCrossEntropy`. The squares are summed over the outputs and averaged
    over the samples (torch.nn.MSELoss averages over both). A sample has the weight of its class, of
    probabilities y that is Σ_c Γ_c y_c; the label smoothing is that of its target alone.
    """

    def _weighted(
        self, output: Tensor, given: Tensor, smooth: Tensor, gamma: Tensor, weight: Tensor
    ) -> Tensor:
        return (gamma * weight * given).sum(-1) * (output - smooth).square().sum(-1)


class DynamicalMSE2(_Squares):
    """Squared error whose one-hot targets are scaled by the class weights (DMSE2, eq. 4).

    Same interface as `DynamicalCrossEntropy`; reduced like `DynamicalMSE1`. Γ scales the targets, a
    static `weight` the samples, so that at A = 1 both squared losses are one.
    """

    def _weighted(
        self, output: Tensor, given: Tensor, smooth: Tensor, gamma: Tensor, weight: Tensor
    ) -> Tensor:
        return (weight * given).sum(-1) * (output - gamma * smooth).square().sum(-1)
