"""The spirals of arXiv:2410.10690 as a kind of data."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field

from dynstudy.arrays import Array, Ints
from dynstudy.section import MAX_SEED
from dynstudy.task.data.task_data import Points, TaskData, TrainSeed, by_seed
from dynstudy.task.spiral import replicate_data_seed, spiral


class SpiralData(TaskData):
    """The spirals that a network is trained and validated on (``[protocol.data]``)."""

    # left out of what is stored, which is what it was before there were other kinds
    kind: Literal["spiral"] = Field(
        "spiral", description="spirals of several arms, each a class", exclude_if=lambda _: True
    )
    points_per_class: int = Field(
        100, ge=1, le=100_000, description="points of each arm of the training spiral"
    )
    classes: int = Field(3, ge=2, le=32, description="arms of a spiral, each a class")
    turns: float = Field(
        2.0, ge=-100, le=100, description="turns of an arm about the origin, outwards"
    )
    noise: float = Field(
        0.2, ge=0, le=100, description="standard deviation of a point's angle, radians"
    )
    train_seed: TrainSeed = Field(
        0,
        description="seed of the training spiral, which all networks share, from 0; or "
        '`"replicate"`: each network has a spiral of its own, drawn from its seed, so that results '
        "hold for spirals at large",
    )
    validation_seed: int = Field(
        1, ge=0, le=MAX_SEED, description="seed of the validation spiral, on which results are read"
    )
    validation_points_per_class: int = Field(
        1000, ge=1, le=100_000, description="points of each arm of the validation spiral"
    )

    @property
    def features(self) -> int:
        """In the plane."""
        return 2

    @property
    def training_points(self) -> Ints:
        """(C,) of each arm."""
        return np.full(self.classes, self.points_per_class)

    @property
    def validation_points(self) -> Ints:
        """(C,) of each arm."""
        return np.full(self.classes, self.validation_points_per_class)

    def points(self, seeds: Sequence[int]) -> Points:
        """Draw them."""
        arms = partial(spiral, classes=self.classes, turns=self.turns, noise=self.noise)
        if isinstance(self.train_seed, int):
            training_seeds = [self.train_seed]
        else:
            training_seeds = [replicate_data_seed(seed) for seed in by_seed(seeds).tolist()]
        drawn = [arms(self.points_per_class, seed=seed) for seed in training_seeds]
        validation = arms(self.validation_points_per_class, seed=self.validation_seed)
        return Points(np.stack([x for x, _ in drawn]), drawn[0][1], *validation)

    @property
    def sketch(self) -> tuple[Array, Ints]:
        """The training spiral; where each network has its own, that of seed 0."""
        points = self.points([0])
        return points.x[0], points.y

    def content(self) -> dict[str, Any]:
        """Its keys."""
        return self.model_dump(mode="json")

    def fresh(self, distance: int) -> Self:
        """The same with another validation spiral, which is no training spiral either."""
        seed = (self.validation_seed + distance) % (MAX_SEED + 1)
        if seed == self.train_seed:
            seed += 1
        return self.model_copy(update={"validation_seed": seed})

    @property
    def condition(self) -> str:
        """The spirals."""
        trained = (
            "a training spiral of its own for each seed"
            if self.each_drawn
            else f"the training spiral of seed {self.train_seed}"
        )
        return f"{trained} and the validation spiral of seed {self.validation_seed}"
