"""The readable oracle: PyTorch's automatic differentiation, batched over networks."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dynstudy.errors import BackendError
from dynstudy.task.losses import WEIGHTED_LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train.ensemble import Data, Ensemble, Parameters, Readings


@dataclass
class State:
    """Networks as batched tensors, and what moves them."""

    ensemble: Ensemble
    readings: Readings
    tensors: list[Tensor]  # W1 (B, 2, H), b1 (B, 1, H), W2 (B, H, C), b2 (B, 1, C)
    x: Tensor  # (D, P, 2)
    y: Tensor  # (P,)
    validation_x: Tensor  # (V, 2)
    validation_y: Tensor  # (V,)
    name: str = "autograd"

    @property
    def device(self) -> str:
        """Where the networks are, the card by its name."""
        device = self.x.device
        return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        W1, b1, W2, b2 = (tensor.detach().cpu().numpy().copy() for tensor in self.tensors)
        return Parameters(W1, b1[:, 0], W2, b2[:, 0])


def check_device(device: str = "cpu") -> None:
    """Find out before anything is trained or written whether PyTorch has a device.

    Args:
        device: as in ``torch.device``.

    Raises:
        BackendError: it has not.
    """
    try:
        (torch.ones(2, device=device) + 1).sum().item()  # some devices only pretend
    except (RuntimeError, AssertionError, ValueError, NotImplementedError) as error:
        raise BackendError(
            f"backend 'autograd:{device}' cannot run: torch {torch.__version__} has no device "
            f"{device!r} on this machine; use --backend cpu or --backend autograd"
        ) from error


def start(
    ensemble: Ensemble, data: Data, initial: Parameters, readings: Readings, device: str = "cpu"
) -> State:
    """Put an ensemble on a PyTorch device."""
    dtype = getattr(torch, ensemble.dtype)

    def real(array: np.ndarray) -> Tensor:
        # a copy, since training changes it in place
        return torch.tensor(array, dtype=dtype, device=device)

    state = State(
        ensemble,
        readings,
        [
            real(initial.W1),
            real(initial.b1[:, None]),
            real(initial.W2),
            real(initial.b2[:, None]),
        ],
        real(data.x),
        torch.tensor(data.y, device=device),
        real(data.validation_x),
        torch.tensor(data.validation_y, device=device),
    )
    _read(state, 0)
    return state


def advance(state: State, step: int, count: int) -> None:
    """Take `count` steps from `step` on with every network that has not diverged."""
    ensemble, readings = state.ensemble, state.readings
    gammas = class_weights(
        np.arange(step, step + count)[:, None],
        state.readings.correct.shape[-1],
        ensemble.amplitude,
        ensemble.period,
        ensemble.tail_start,
    )
    x = state.x[torch.as_tensor(ensemble.training_set, device=state.x.device)]
    rate = torch.as_tensor(ensemble.learning_rate, dtype=x.dtype, device=x.device)[:, None, None]
    loss_of = WEIGHTED_LOSSES[ensemble.loss]

    for k, gamma in enumerate(gammas, start=step):
        tensors = [tensor.requires_grad_() for tensor in state.tensors]
        weights = torch.as_tensor(gamma, dtype=x.dtype, device=x.device)
        losses = loss_of(_forward(tensors, x), state.y, weights)
        gradients = torch.autograd.grad(losses.sum(), tensors)
        stepped = [p.detach() - rate * g for p, g in zip(tensors, gradients, strict=True)]

        finite_loss = torch.isfinite(losses.detach()).cpu().numpy()
        finite = torch.stack([torch.isfinite(p).flatten(1).all(1) for p in stepped]).all(0)
        running = readings.diverged_at < 0
        readings.diverged_at[running & ~finite_loss] = k
        running &= finite_loss
        readings.diverged_at[running & ~finite.cpu().numpy()] = k + 1
        if readings.losses.size:
            readings.losses[running, k] = losses.detach().cpu().numpy()[running]
        keep = torch.as_tensor(running, device=x.device)[:, None, None]
        state.tensors = [
            torch.where(keep, new, old.detach()) for new, old in zip(stepped, tensors, strict=True)
        ]
        _read(state, k + 1)


def _forward(tensors: list[Tensor], x: Tensor) -> Tensor:
    """f(x) = relu(x W1 + b1) W2 + b2 for each network: (B, P, C)."""
    W1, b1, W2, b2 = tensors
    return torch.relu(x @ W1 + b1) @ W2 + b2


def _read(state: State, step: int) -> None:
    """Count the points each network classifies right, where this is one of its checkpoints."""
    readings = state.readings
    networks, places = np.nonzero(readings.checkpoints == step)
    running = readings.diverged_at[networks] < 0
    networks, places = networks[running], places[running]
    if not networks.size:
        return
    chosen = [tensor.detach()[networks] for tensor in state.tensors]
    x = state.x[state.ensemble.training_set[networks]]
    readings.correct[networks, places] = _correct(_forward(chosen, x), state.y)
    readings.validation_correct[networks, places] = _correct(
        _forward(chosen, state.validation_x), state.validation_y
    )


def _correct(output: Tensor, y: Tensor) -> np.ndarray:
    """Right answers per network and class: (B, P, C) -> (B, C)."""
    right = (output.argmax(-1) == y).to(torch.int32)
    counts = torch.zeros(len(right), output.shape[-1], dtype=torch.int32, device=y.device)
    counts.index_add_(1, y, right)
    return counts.cpu().numpy()
