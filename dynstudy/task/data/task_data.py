"""What a kind of data answers: the points that networks are trained on, and those they are read on.

D training sets, P points in each, V validation points, F features, C classes.
"""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np

from dynstudy.arrays import Array, Ints
from dynstudy.section import MAX_SEED, Section, integer_or

TrainSeed = Annotated[int | Literal["replicate"], integer_or("replicate", high=MAX_SEED)]


class Points(NamedTuple):
    """Training and validation sets, their points in the order of the classes."""

    x: Array  # (D, P, F)
    y: Ints  # (P,) the same in every training set
    validation_x: Array  # (V, F), or (D, V, F) where each training set has one of its own
    validation_y: Ints  # (V,)


class TaskData(Section):
    """The points that a network is trained and validated on (``[protocol.data]``).

    A kind has, as keys of its table or as what follows from them, ``classes`` (C) and
    ``validation_seed``, which tells its validation set from others that could be drawn.
    """

    kind: str
    train_seed: TrainSeed

    @property
    @abstractmethod
    def features(self) -> int:
        """F, the numbers that a point has."""

    @property
    @abstractmethod
    def training_points(self) -> Ints:
        """(C,) of each class in a training set."""

    @property
    @abstractmethod
    def validation_points(self) -> Ints:
        """(C,) of each class in a validation set."""

    @abstractmethod
    def points(self, seeds: Sequence[int]) -> Points:
        """The points of networks of some seeds: one training set for all, or one per distinct seed.

        Raises:
            SpecError: they are not there any more, or have changed.
        """

    @abstractmethod
    def content(self) -> dict[str, Any]:
        """What they are, wherever they come from: what a network's key is of, as plain JSON."""

    @abstractmethod
    def fresh(self, distance: int) -> Self:
        """The same, validated on points drawn by a seed that is so far from this one's."""

    @property
    @abstractmethod
    def condition(self) -> str:
        """What every statement is conditional on, in words."""

    @property
    def summary(self) -> str:
        """How many points there are, of what classes, where that is not in the study file."""
        return ""

    @property
    def sketch(self) -> tuple[Array, Ints] | None:
        """Points (P, 2) and their classes (P,) for a picture, where they are had without a file."""
        return None

    @property
    def each_drawn(self) -> bool:
        """Whether each network has a training set of its own."""
        return self.train_seed == "replicate"

    @property
    def validation_varies(self) -> bool:
        """Whether a network that has a training set of its own is read on its own points, too."""
        return False

    @property
    def balanced(self) -> bool:
        """Whether all classes have as many validation points."""
        return len(set(self.validation_points.tolist())) == 1

    @property
    def fresh_is_unseen(self) -> bool:
        """Whether no network was trained on any point that `fresh` validates on."""
        return True

    def scales(self, seed: int) -> tuple[Array, Array] | None:
        """Mean and standard deviation (F,) that a network's points are moved and scaled by."""
        return None

    @property
    def titles(self) -> tuple[str, ...]:
        """(C,) what classes are called in pictures; nothing where they have numbers alone."""
        return ()

    def check_there(self) -> None:
        """See that the points can be had: a `SpecError` says what is missing."""

    def beside(self, folder: Path) -> Self:
        """The same, read from a folder where its file is there alone."""
        return self

    def taken_along(self) -> Self:
        """The same, for a machine that does not have its file; raises as `points` does."""
        return self


def by_seed(seeds: Sequence[int]) -> Ints:
    """The distinct seeds, ascending: of the training sets, where each network has its own."""
    return np.unique(np.asarray(seeds, np.int64))
