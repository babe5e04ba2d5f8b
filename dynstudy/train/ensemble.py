"""What goes into training: arrays over the networks of one ensemble.

B networks, S steps, P training points, V validation points, F features (the network's inputs),
C classes, M checkpoints, H units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynstudy.arrays import Ints, real_numbers, whole_numbers
from dynstudy.task.network import ONE_HIDDEN_LAYER
from dynstudy.task.optimiser import GRADIENT_DESCENT, Optimiser
from dynstudy.task.schedule import class_weights
from dynstudy.task.task_network import TaskNetwork

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class OfNetworks:
    """Arrays over networks, along their first axis."""

    def part(self, members: slice | Ints) -> Self:
        """Those of some networks; what is written into a slice's arrays is written into these."""
        parts = {
            name: each.part(members) if isinstance(each, OfNetworks) else each[members]
            for name, each in vars(self).items()
            if isinstance(each, OfNetworks) or np.ndim(each)
        }
        return replace(self, **parts)


@dataclass(frozen=True)
class Ensemble(OfNetworks):
    """B networks that share loss, number of steps and dtype, and differ in all else."""

    loss: str  # a key of dynstudy.task.losses.LOSSES
    steps: int  # S
    dtype: str  # "float32" or "float64"
    width: Ints  # (B,) H of each network
    learning_rate: NDArray[np.float64]  # (B,)
    amplitude: NDArray[np.float64]  # (B,) A; 1 for a static loss
    period: Ints  # (B,) T; any number from 2 on for a static loss
    tail_start: Ints  # (B,) the step from which A = 1; 0 for a static loss
    seed: Ints  # (B,) of the initial parameters
    training_set: Ints  # (B,) which of Data's training sets
    network: TaskNetwork = ONE_HIDDEN_LAYER
    optimiser: Optimiser = GRADIENT_DESCENT
    schedule: str = "triangle"  # how Γ rises and falls

    @classmethod
    def of(
        cls,
        loss: str,
        steps: float,
        *,
        width: int | Sequence[int],
        learning_rate: float | Sequence[float],
        amplitude: float | Sequence[float] = 1.0,
        period: int | Sequence[int] = 2,
        tail_start: int | Sequence[int] | None = None,
        seed: int | Sequence[int] = 0,
        training_set: int | Sequence[int] = 0,
        dtype: str = "float32",
        network: TaskNetwork = ONE_HIDDEN_LAYER,
        optimiser: Optimiser = GRADIENT_DESCENT,
        schedule: str = "triangle",
    ) -> Self:
        """Build an ensemble from numbers and sequences, which broadcast against each other.

        Args:
            loss: a key of `dynstudy.task.losses.LOSSES`.
            steps: S, whole.
            width: hidden units.
            learning_rate: η.
            amplitude: A, 1 for a static loss.
            period: T, steps.
            tail_start: the step from which A = 1; never, if None.
            seed: of the initial parameters.
            training_set: which of the data's training sets.
            dtype: float32 or float64.
            network: its layers.
            optimiser: what follows the gradient.
            schedule: how Γ rises and falls.

        Returns:
            The ensemble.

        Raises:
            ValueError: they do not broadcast, or are no real numbers, or not whole where only whole
                ones have a meaning.

        >>> Ensemble.of("dce", 100, width=[5, 9], learning_rate=1.0, amplitude=3, period=20).width
        array([5, 9])
        """
        if isinstance(steps, float) and steps.is_integer():
            steps = int(steps)  # 1e4
        if whole_numbers("steps", steps).ndim:
            raise ValueError("steps must be one number, which all networks share")
        numbers = {
            "width": whole_numbers("width", width),
            "learning_rate": real_numbers("learning_rate", learning_rate),
            "amplitude": real_numbers("amplitude", amplitude),
            "period": whole_numbers("period", period),
            "tail_start": whole_numbers("tail_start", steps if tail_start is None else tail_start),
            "seed": whole_numbers("seed", seed),
            "training_set": whole_numbers("training_set", training_set),
        }
        lists = {name: each.shape for name, each in numbers.items() if each.size != 1}
        shape = next(iter(lists.values()), (1,))
        if len(shape) != 1 or {shape, *lists.values()} != {shape}:
            shapes = ", ".join(f"{name} {each}" for name, each in lists.items())
            raise ValueError(f"values must be numbers, or lists of one a network, not {shapes}")
        columns: dict[str, Any] = {
            name: np.broadcast_to(each.ravel() if each.size == 1 else each, shape).copy()
            for name, each in numbers.items()
        }
        task: Any = {"network": network, "optimiser": optimiser, "schedule": schedule}
        return cls(loss, int(steps), dtype, **columns, **task)

    def __len__(self) -> int:
        return len(self.width)

    def class_weights(self, step: ArrayLike, classes: int) -> NDArray[np.float64]:
        """Γ(k) (..., B, C) of each network, at steps that broadcast against (B,)."""
        settings = self.amplitude, self.period, self.tail_start
        return class_weights(step, classes, *settings, self.schedule)


@dataclass(frozen=True)
class Data:
    """Training sets, which a network picks one of, and the validation set of all or of each."""

    x: NDArray[np.float64]  # (D, P, F), D training sets
    y: Ints  # (P,) classes, the same in every training set
    validation_x: NDArray[np.float64]  # (V, F), or (D, V, F) where each training set has its own
    validation_y: Ints  # (V,)

    def __post_init__(self) -> None:
        """Take arrays of any numbers; ValueError for what would be trained as something else."""
        for name, numbers in (
            ("x", real_numbers),
            ("y", whole_numbers),
            ("validation_x", real_numbers),
            ("validation_y", whole_numbers),
        ):
            object.__setattr__(self, name, numbers(name, getattr(self, name)))
        dimensions = [each.ndim for each in vars(self).values()]
        labels = *self.x.shape[1:2], *self.validation_x.shape[-2:-1]
        sets = self.validation_x.shape[:-2]
        if (
            dimensions[:2] + dimensions[3:] != [3, 1, 1]
            or labels != (*self.y.shape, *self.validation_y.shape)
            or sets not in {(), self.x.shape[:1]}
        ):
            raise ValueError(
                "x must be (D, P, F) with y (P,), validation_x (V, F) or (D, V, F) with (V,)"
            )
        features, other = self.features, self.validation_x.shape[-1]
        if features != other:
            raise ValueError(f"training points have {features} features, validation points {other}")
        if not features:
            raise ValueError("points need at least one feature")
        classes = max(2, self.classes, int(self.validation_y.max(initial=0)) + 1)
        for kind, x, y in (
            ("training", self.x, self.y),
            ("validation", self.validation_x, self.validation_y),
        ):
            if not np.isfinite(x).all():
                raise ValueError(f"a {kind} point is not finite")
            if y.min(initial=0) < 0:
                raise ValueError(f"a {kind} point has class {y.min()}; they are counted from 0")
            absent = np.setdiff1d(np.arange(min(classes, len(y) + 1)), y)
            if absent.size:
                raise ValueError(
                    f"class {absent[0]} of {classes}, counted from 0, has no {kind} points"
                )

    def of_sets(self, training_sets: Ints) -> Self:
        """Some of the training sets alone, with their validation sets."""
        validation_x = (
            self.validation_x[training_sets] if self.validated_apart else self.validation_x
        )
        return replace(self, x=self.x[training_sets], validation_x=validation_x)

    def validated_on(self, training_set: int) -> NDArray[np.float64]:
        """The validation points (V, F) of the networks of a training set."""
        return self.validation_x[training_set] if self.validated_apart else self.validation_x

    @property
    def validated_apart(self) -> bool:
        """Whether each training set has a validation set of its own."""
        return self.validation_x.ndim == 3

    @property
    def features(self) -> int:
        """F."""
        return self.x.shape[-1]

    @property
    def classes(self) -> int:
        """C."""
        return int(self.y.max(initial=-1)) + 1


@dataclass(frozen=True)
class Parameters(OfNetworks):
    """The parameters of B networks by their names, zero beyond each one's width.

    Of one hidden layer they are W1 (B, F, H), b1 (B, H), W2 (B, H, C) and b2 (B, C), and so on.
    """

    arrays: dict[str, Floats]

    @classmethod
    def of_layers(cls, *layers: Floats) -> Self:
        """From W1, b1, W2, b2, and so on."""
        names = [
            f"{kind}{1 + number // 2}" for number, kind in enumerate("Wb" * (len(layers) // 2))
        ]
        return cls(dict(zip(names, layers, strict=True)))

    @classmethod
    def drawn(cls, ensemble: Ensemble, classes: int, features: int = 2) -> Self:
        """Draw the initial state of an ensemble (float64), H its largest width."""
        networks = [
            ensemble.network.draw(int(seed), int(width), classes, features)
            for seed, width in zip(ensemble.seed, ensemble.width, strict=True)
        ]
        return cls({
            name: _stacked([network[name] for network in networks]) for name in networks[0]
        })

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """One after the other, as wide as the widest."""
        if len(parts) == 1:
            return parts[0]
        names = parts[0].arrays
        return cls({name: _joined([part.arrays[name] for part in parts]) for name in names})

    def part(self, members: slice | Ints) -> Self:
        """Those of some networks."""
        return type(self)({name: array[members] for name, array in self.arrays.items()})

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    @property
    def W1(self) -> Floats:  # noqa: N802 - as in equations
        """(B, F, H) of the first layer."""
        return self.arrays["W1"]

    @property
    def b1(self) -> Floats:
        """(B, H) of the first layer."""
        return self.arrays["b1"]

    @property
    def W2(self) -> Floats:  # noqa: N802
        """(B, H, C) of the second layer; (B, H, H) where it is hidden, too."""
        return self.arrays["W2"]

    @property
    def b2(self) -> Floats:
        """(B, C) of the second layer, or (B, H)."""
        return self.arrays["b2"]


def _stacked(arrays: Sequence[Floats]) -> Floats:
    """Arrays of several sizes as one, zero beyond each."""
    shape = np.max([array.shape for array in arrays], axis=0)
    stacked = np.zeros((len(arrays), *shape))
    for b, array in enumerate(arrays):
        there: tuple[Any, ...] = (b, *map(slice, array.shape))
        stacked[there] = array
    return stacked


def _joined(arrays: Sequence[Floats]) -> Floats:
    """Arrays (B, ...) one after the other, zero beyond each."""
    shape = np.max([array.shape[1:] for array in arrays], axis=0)
    padded = [
        np.pad(array, [(0, 0), *((0, more) for more in shape - array.shape[1:])])
        for array in arrays
    ]
    return np.concatenate(padded)
