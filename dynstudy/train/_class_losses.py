"""The losses of each class, read for a backend that does not read them by itself."""

import numpy as np

from dynstudy.task.losses import LOSSES
from dynstudy.train.ensemble import Data, Ensemble, Parameters
from dynstudy.train.readings import Readings


def read_class_losses(
    parameters: Parameters, ensemble: Ensemble, data: Data, readings: Readings, step: int
) -> None:
    """Fill in what the parameters after `step` steps make of each class, where that is read."""
    static = LOSSES[LOSSES[ensemble.loss].static]
    running = readings.diverged_at < 0
    for b, m in np.argwhere((readings.checkpoints == step) & running[:, None]).tolist():
        sets = (data.x[ensemble.training_set[b]], data.y), (data.validation_x, data.validation_y)
        for of_set, (x, y) in zip(readings.class_losses[b, m], sets, strict=True):
            of_set[:] = static.per_class(_forward(parameters, x, b), y, data.classes)


def _forward(parameters: Parameters, x: np.ndarray, network: int) -> np.ndarray:
    """f(x) = relu(x W1 + b1) W2 + b2 of one network, in float64: (P, F) -> (P, C)."""
    W1, b1, W2, b2 = (array[network].astype(float) for array in vars(parameters).values())
    return np.maximum(x @ W1 + b1, 0) @ W2 + b2
