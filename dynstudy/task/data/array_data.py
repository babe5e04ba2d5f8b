"""What kinds of data have in common whose points are arrays: split, standardised, known by digest.

A network is what the arrays are, not where they come from: the key has their SHA-256 alone. A study
is read back without them.
"""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import (
    Field,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from dynstudy.arrays import Array, Ints
from dynstudy.errors import SpecError
from dynstudy.section import MAX_SEED
from dynstudy.task.data.points_read import KEPT, UNREAD, PointsRead, Sets
from dynstudy.task.data.split import moments, split, standardised, validation_counts
from dynstudy.task.data.task_data import Points, TaskData, TrainSeed, by_seed

SHARE = 0.3
"""Of each class that validates, where there are no points for that alone."""

WHOLE = "said_whole"
"""The type of an error that says by itself which key it is of."""

WAY_OUT = (
    "put it back as it was (dynstudy reproduce looks beside the export, too), or rename the study"
)


class ArrayData(TaskData):
    """Points that are read, not drawn; a kind says where they are."""

    train_seed: TrainSeed = Field(
        0,
        description="seed that draws which points train and which validate, the same for all "
        'networks; or `"replicate"`: drawn anew for each from its seed, so that results hold for '
        "splits at large",
    )
    standardise: bool = Field(
        True,
        description="whether each feature is moved and scaled to mean 0 and standard deviation 1 "
        "over the training points, validation points alike; one that is constant there is 0",
    )
    validation: float | None = Field(
        None,
        description="share of the points of each class that validates, at least one, where there "
        "are no points for that",
        json_schema_extra={"default": f"`{SHARE}`"},
    )
    _taken: Sets | None = PrivateAttr(None)
    """The points, where they are not to be read again."""

    read: PointsRead = Field(UNREAD, description=KEPT)

    @abstractmethod
    def sets(self) -> Sets:
        """Read the points; a ValueError says what is wrong with what."""

    @property
    @abstractmethod
    def source(self) -> str:
        """Where they are, in a sentence."""

    @model_validator(mode="after")
    def _looked_at(self, info: ValidationInfo) -> Self:
        """Read them, unless it is said what was read; and see that they can be split."""
        if self.read is UNREAD:
            self._anchor((info.context or {}).get("folder", Path()).absolute())
            try:
                vars(self)["read"] = PointsRead.of(self.sets())  # nobody has this model yet
            except ValueError as error:
                raise _whole(f"protocol.data: {error}") from None
        if isinstance(self.validation, float) and not 0 < self.validation < 1:
            raise _whole(
                f"protocol.data.validation = {self.validation}: must be above 0 and below 1, a "
                "share of the points"
            )
        if not self.split_here:
            shared = isinstance(self.validation, float)
            if shared or self.train_seed != 0:
                key = "validation" if shared else "train_seed"
                raise _whole(
                    f"protocol.data.{key}: draws which points validate, and there are points for "
                    "that; leave it out"
                )
        elif min(self.read.points) < 2:
            name = self.class_names[int(np.argmin(self.read.points))]
            raise _whole(
                f"protocol.data: {self.source}: has 1 point of the class {name!r}, and needs 2: "
                "one to train on and one to validate on"
            )
        return self

    def _anchor(self, folder: Path) -> None:
        """Make paths whole that begin in a folder."""

    @property
    def split_here(self) -> bool:
        """Whether points are drawn that validate, and not given."""
        return self.read.validation_points is None

    @property
    def classes(self) -> int:
        """C."""
        return len(self.read.points)

    @property
    def class_names(self) -> tuple[str, ...]:
        """(C,) as they were in what was read."""
        return self.read.class_names

    @property
    def summary(self) -> str:
        """What was read."""
        return str(self.read)

    @property
    def titles(self) -> tuple[str, ...]:
        """(C,) as they were in what was read, unless these are numbers."""
        names = self.read.names
        return () if all(name.lstrip("-").isdigit() for name in names) else names

    @property
    def features(self) -> int:
        """F."""
        return self.read.features

    @property
    def training_points(self) -> Ints:
        """(C,) those that do not validate."""
        points = np.array(self.read.points)
        return points - self.validation_points if self.split_here else points

    @property
    def validation_points(self) -> Ints:
        """(C,) the share of each class, or those given."""
        if self.read.validation_points is not None:
            return np.array(self.read.validation_points)
        return validation_counts(np.array(self.read.points), self._share)

    @property
    def _share(self) -> float:
        return self.validation if isinstance(self.validation, float) else SHARE

    @property
    def validation_varies(self) -> bool:
        """With the split."""
        return self.each_drawn

    @property
    def validation_seed(self) -> int | None:
        """Of the split that all share; None where there is none."""
        return self.train_seed if self.split_here and isinstance(self.train_seed, int) else None

    def points(self, seeds: Sequence[int]) -> Points:
        """Split them, and bring features to one scale."""
        first, second = self._as_read()
        if second is not None:
            x, validation_x = self._scaled(first.x, second.x)
            return Points(x[None], first.y, validation_x, second.y)
        drawn = by_seed(seeds).tolist() if self.each_drawn else [int(self.train_seed)]
        halves = [split(first.y, self.validation_points, seed) for seed in drawn]
        pairs = [self._scaled(first.x[train], first.x[other]) for train, other in halves]
        xs, validation_xs = (np.stack(each) for each in zip(*pairs, strict=True))
        train, other = halves[0]
        validation_x = validation_xs if self.each_drawn else validation_xs[0]
        return Points(xs, first.y[train], validation_x, first.y[other])

    @property
    def fresh_is_unseen(self) -> bool:
        """They are of the same points, split anew."""
        return False

    def scales(self, seed: int) -> tuple[Array, Array] | None:
        """Those of the training points, if they are standardised."""
        if not self.standardise:
            return None
        first, _ = self._as_read()
        if self.split_here:
            drawn = seed if self.each_drawn else int(self.train_seed)
            train, _ = split(first.y, self.validation_points, drawn)
            return moments(first.x[train])
        return moments(first.x)

    def _scaled(self, *sets: Any) -> Sequence[Any]:
        return standardised(*sets) if self.standardise else sets

    def _as_read(self) -> Sets:
        """The points, if they are what was read once; else a SpecError."""
        if self._taken is not None:
            return self._taken
        try:
            sets = self.sets()
        except ValueError as error:
            raise SpecError(f"{error}; {WAY_OUT}") from None
        if PointsRead.of(sets).content() != self.read.content():
            raise SpecError(f"{self.source}: has changed since the study was made; {WAY_OUT}")
        return sets

    def check_there(self) -> None:
        """Read them."""
        self._as_read()

    def taken_along(self) -> Self:
        """The same with its points."""
        copy = self.model_copy()
        copy._taken = self._as_read()
        return copy

    def content(self) -> dict[str, Any]:
        """Their digest, and how they are split and scaled."""
        drawn = {"validation": self._share, "train_seed": self.train_seed}
        return {
            "kind": "recorded",
            "standardise": self.standardise,
            **(drawn if self.split_here else {}),
            "read": self.read.content(),
        }

    def fresh(self, distance: int) -> Self:
        """The same points split anew, where one split is that of all; else the same."""
        if self.validation_seed is None:
            return self
        seed = (self.validation_seed + distance) % (MAX_SEED + 1)
        return self.model_copy(update={"train_seed": seed})

    @property
    def condition(self) -> str:
        """Where they come from, and how they are split."""
        said = f"the {sum(self.read.points)} points of {self.source}"
        if self.each_drawn:
            return f"{said}, split anew for each seed"
        return f"{said}, split by seed {self.train_seed}" if self.split_here else said

    def __eq__(self, other: object) -> bool:
        """Whether networks are the same, wherever their points come from."""
        return isinstance(other, ArrayData) and self.content() == other.content()

    def __hash__(self) -> int:
        return hash((self.read.sha256, self.train_seed))


def _whole(said: str) -> PydanticCustomError:
    return PydanticCustomError(WHOLE, "{said}", {"said": said})
