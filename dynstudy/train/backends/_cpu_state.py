"""Networks of the `cpu` backend in its kernel's layout."""

import platform
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynstudy.arrays import Ints
from dynstudy.task.losses import LOSSES
from dynstudy.task.optimiser import SGD
from dynstudy.task.schedule import TRIANGLE
from dynstudy.train.backends._cpu_arrays import aligned, pad_points
from dynstudy.train.backends._cpu_momentum import left_of_mean
from dynstudy.train.backends._cpu_threads import threads
from dynstudy.train.backends._fused import Means, absolute, as_trained
from dynstudy.train.ensemble import Data, Ensemble, Floats, Parameters
from dynstudy.train.readings import Readings

NEVER = np.iinfo(np.int64).max
NO_CLIMBS = np.array([0, 0, 0, -1, 0])


@dataclass
class Watch:
    """What the kernel keeps of a network to see instabilities set in."""

    gradient: Floats  # (F + 1 + K, H + 1) of the last step, that of the bias in the last column
    alternation: NDArray[np.float64]  # (2,) E and |gradient|²
    onsets: Ints  # (4,) the first and its end, -1 if none, how many, and how many ended


@dataclass(frozen=True)
class PaddedPoints:
    """Training or validation sets, padded with what adds nothing."""

    x: Floats  # (D, F, P padded), or (1, F, P padded) for all
    y: Ints  # (P padded,), padded with -1
    one_hot: Floats  # (C, P padded)

    def of(self, training_set: int) -> tuple[Floats, Ints, Floats]:
        """Those of the networks of a training set, as the kernel takes them."""
        return self.x[training_set if len(self.x) > 1 else 0], self.y, self.one_hot


@dataclass
class State:
    """Networks in the kernel's layout."""

    ensemble: Ensemble
    readings: Readings
    units: list[Floats]  # B of (F + 1 + K, H): rows of W1, b1, then the columns of W2
    bias: Floats  # (B, K, 1)
    velocity: list[Floats]  # B of (F + 1 + K, H + 1), that of the bias in the last column, or none
    mean: Means | None  # before the first step, if K is C - 1
    points: int  # P
    training: PaddedPoints
    validation: PaddedPoints
    checkpoints: Ints  # (B, M) padded with NEVER
    order: list[int]  # networks, widest first, so that no thread is left with a long one
    watch: list[Watch]  # of each network, if instabilities are watched for
    values: NDArray[np.float64]  # (B, 2) F_k at the last step and the sum, where one is asked for
    climbs: Ints  # (B, 5) as the kernel has them, likewise
    steps: int = 0  # taken
    name: str = "cpu"

    @property
    def device(self) -> str:
        """What it runs on."""
        return f"{threads()} threads of {platform.machine()}"

    @property
    def sizes(self) -> tuple[int, int, int]:
        """F, K and C."""
        return self.training.x.shape[1], self.bias.shape[1], len(self.training.one_hot)

    @property
    def kind(self) -> int | None:
        """Which equation the loss is."""
        return LOSSES[self.ensemble.loss].fused

    def running(self) -> list[int]:
        """Networks that run, widest first."""
        running = self.readings.running
        return [b for b in self.order if running[b]]

    def training_set(self, b: int) -> tuple[Floats, Floats, int]:
        """What a network is trained on: x (F, P padded), one_hot (C, P padded) and P."""
        x, _, one_hot = self.training.of(self.ensemble.training_set[b])
        return x, one_hot, self.points

    def class_weights(self, b: int, steps: Ints) -> NDArray[np.float64]:
        """Γ (n, C) of a network at steps (n,)."""
        alone = self.ensemble.part(slice(b, b + 1))
        return alone.class_weights(steps[:, None], self.sizes[2])[:, 0]

    def looked_up(self, b: int, step: int, end: int) -> NDArray[np.float64] | None:
        """Γ (end - step + 1, C) from a step before on, if the kernel cannot compute it."""
        ensemble = self.ensemble
        if ensemble.schedule == TRIANGLE.name or not LOSSES[ensemble.loss].dynamical:
            return None
        return self.class_weights(b, np.arange(step - 1, end))

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        widths, F = self.ensemble.width, self.sizes[0]
        packed = np.zeros((len(widths), len(self.units[0]), widths.max()), self.bias.dtype)
        for b, units in enumerate(self.units):
            packed[b, :, : widths[b]] = units
        W2, b2 = packed[:, F + 1 :].transpose(0, 2, 1), self.bias[:, :, 0].copy()
        if self.mean is not None:
            W2, b2 = (absolute(*pair) for pair in zip((W2, b2), self._mean_now(), strict=True))
        return Parameters.of_layers(packed[:, :F], packed[:, F], W2, b2)

    def _mean_now(self) -> Means:
        assert self.mean is not None
        of_W2, of_b2 = self.mean
        optimiser, rate = self.ensemble.optimiser, self.ensemble.learning_rate
        if not isinstance(optimiser, SGD) or not optimiser.weight_decay:
            return of_W2, of_b2
        left = left_of_mean(optimiser, rate, self.steps)
        return of_W2 * left[:, None], of_b2 * left


def start(ensemble: Ensemble, data: Data, initial: Parameters, readings: Readings) -> State:
    """Copy an ensemble into the kernel's layout."""
    initial, mean = as_trained(initial, ensemble.loss)
    units = []
    for b, width in enumerate(ensemble.width):
        rows = initial.W1[b, :, :width], initial.b1[b, None, :width], initial.W2[b, :width].T
        units.append(np.concatenate(rows).astype(ensemble.dtype, order="C"))
    training, validation = (
        _points(x, y, data.classes, ensemble.dtype)
        for x, y in ((data.x, data.y), (data.validation_x, data.validation_y))
    )

    def beside() -> list[Floats]:
        return [np.zeros((len(each), each.shape[1] + 1), each.dtype) for each in units]

    valued = max(len(readings.climbs.steps), len(readings.loss_sums.so_far))
    return State(
        ensemble,
        readings,
        units,
        initial.b2.astype(ensemble.dtype)[..., None],
        [] if ensemble.optimiser.plain else beside(),
        mean,
        len(data.y),
        training,
        validation,
        # of one layout, as all arrays: for another, the kernel is compiled anew
        np.ascontiguousarray(np.where(readings.checkpoints < 0, NEVER, readings.checkpoints)),
        np.argsort(-ensemble.width, kind="stable").tolist(),
        [Watch(each, *nothing_yet()) for each in beside()] if len(readings.onsets.first) else [],
        np.zeros((valued, 2)),
        np.tile(NO_CLIMBS, (valued, 1)),
    )


def nothing_yet() -> tuple[NDArray[np.float64], Ints]:
    """Gradients that have not turned about, and no onset."""
    return np.array([1.0, 0.0]), np.array([-1, -1, 0, 0])


def _points(x: Floats, y: Ints, classes: int, dtype: str) -> PaddedPoints:
    """From x (D, P, F) or (P, F)."""
    y = pad_points(y, -1)
    by_feature = x.reshape(-1, *x.shape[-2:]).swapaxes(1, 2).astype(dtype)
    one_hot = aligned((y == np.arange(classes)[:, None]).astype(dtype))
    return PaddedPoints(pad_points(by_feature, 0), y, one_hot)
