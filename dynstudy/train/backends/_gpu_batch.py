"""Networks of one shape in the GPU kernel's layout."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dynstudy.arrays import Ints
from dynstudy.train.backends._gpu_shapes import Shape, packed
from dynstudy.train.backends._gpu_watch import SETTINGS, WatchLayout
from dynstudy.train.ensemble import Ensemble, Parameters
from dynstudy.train.readings import Readings

NEVER = np.iinfo(np.int32).max


@dataclass
class Batch:
    """Networks of one shape in the kernel's layout, on the card or waiting beside it."""

    networks: Ints  # (b,) which of the ensemble's
    shape: Shape
    columns: dict[str, Tensor]  # per network, by the names of the kernel's arguments
    on_card: bool = False
    stream: Any = None  # of the launches of this batch, so that batches share the card

    def __len__(self) -> int:
        return len(self.networks)

    def move(self, device: torch.device, on_card: bool) -> None:
        """Move it, whole or not at all."""
        self.columns = {name: column.to(device) for name, column in self.columns.items()}
        self.on_card = on_card

    def cut(self, size: int) -> list["Batch"]:
        """It in pieces of at most so many networks."""
        return [
            Batch(
                self.networks[first : first + size],
                self.shape,
                {name: c[first : first + size].clone() for name, c in self.columns.items()},
            )
            for first in range(0, len(self), size)
        ]


def as_batch(
    ensemble: Ensemble,
    readings: Readings,
    classes: int,
    initial: Parameters,
    networks: Ints,
    shape: Shape,
) -> Batch:
    """Some networks of an ensemble in the kernel's layout, beside the card."""
    W2 = initial.W2[networks].transpose(0, 2, 1)
    rows = np.concatenate([initial.W1[networks], initial.b1[networks, None], W2], 1)
    steps = readings.checkpoints[networks]
    steps = np.pad(np.where(steps < 0, NEVER, steps), ((0, 0), (0, 1)), constant_values=NEVER)
    period, amplitude = ensemble.period[networks], ensemble.amplitude[networks]
    single, double = getattr(torch, ensemble.dtype), torch.float64
    columns = {
        "lines": (packed(rows, shape).reshape(len(networks), -1), single),
        "biases": (initial.b2[networks], single),
        "diverged_at": (readings.diverged_at[networks], torch.int32),
        "training_set": (ensemble.training_set[networks], torch.int32),
        "rates": (ensemble.learning_rate[networks], double),
        "amplitudes": (amplitude, double),
        "slopes": (2 * (amplitude - 1) / period, double),
        "periods": (np.minimum(period, NEVER), torch.int32),
        "tail_starts": (np.minimum(ensemble.tail_start[networks], NEVER), torch.int32),
        "checkpoints": (steps, torch.int32),
        "reading": (np.zeros(len(networks)), torch.int32),
        "correct": (
            np.full((len(networks), steps.shape[1] - 1, 2, classes), -1),
            torch.int32,
        ),
    }
    if len(readings.onsets.first):
        settings = [columns[name][0] for name in SETTINGS]
        layout = WatchLayout(shape, W2.shape[1], classes)
        columns["watch"] = (layout.nothing_yet(np.stack(settings, 1)), double)
        lines = columns["lines"][0]
        columns["lines"] = (np.pad(lines, ((0, 0), (0, layout.behind))), single)
    return Batch(
        networks, shape, {name: torch.tensor(a, dtype=t) for name, (a, t) in columns.items()}
    )
