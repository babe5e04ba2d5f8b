"""What is read of parameters apart from any backend: losses of classes, and how networks ended."""

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
        which = ensemble.training_set[b]
        sets = (data.x[which], data.y), (data.validated_on(which), data.validation_y)
        for of_set, (x, y) in zip(readings.class_losses[b, m], sets, strict=True):
            of_set[:] = static.per_class(_outputs(parameters, ensemble, x, b), y, data.classes)


def read_as_ended(
    parameters: Parameters, ensemble: Ensemble, data: Data, readings: Readings
) -> None:
    """Read networks that ended at an onset as they are then, wherever they are to be read later."""
    for b in np.flatnonzero(~readings.running & (readings.diverged_at < 0)).tolist():
        later = readings.checkpoints[b] > readings.onsets.first[b]
        which = ensemble.training_set[b]
        sets = (
            (readings.correct, data.x[which], data.y),
            (readings.validation_correct, data.validated_on(which), data.validation_y),
        )
        for counts, x, y in sets:
            right = _outputs(parameters, ensemble, x, b).argmax(1) == y
            counts[b, later] = np.bincount(y[right], minlength=data.classes)


def _outputs(parameters: Parameters, ensemble: Ensemble, x: np.ndarray, b: int) -> np.ndarray:
    """f(x) of one network, in float64: (P, F) -> (P, C)."""
    arrays = {name: array[b].astype(float) for name, array in parameters.arrays.items()}
    return ensemble.network.outputs(arrays, x, int(ensemble.width[b]), int(ensemble.seed[b]))
