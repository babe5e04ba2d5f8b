"""An atlas: a network for each pixel of two axes, where neighbours are each other's replicates."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import optuna
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from dynstudy.config import FEWEST, MAX_REPLICATES, Cell, Configuration
from dynstudy.errors import either
from dynstudy.measure.measures import reads
from dynstudy.section import MAX_SEED, Section, integer_or
from dynstudy.study.axes import Range, choices, described, short
from dynstudy.study.over_axes import OverAxes
from dynstudy.study.pixel_axes import PixelAxis, pixel_axis
from dynstudy.study.spec import BASELINE_FACTOR, StudySpec
from dynstudy.task.data.spirals import SpiralData

MAX_SIDE = 16_384
ACROSS = ("amplitude", "learning_rate", "width", "noise", "period")
"""Of two axes, the one that comes first runs to the right, the other one upwards."""

STRIDES = (4, 2, 1)
"""Every fourth row and column comes first, so that what is interrupted is a whole picture."""

CHANGE_NO_NETWORK = frozenset({"name", "zoom_of", "tile", "replicates", "baseline_replicates"})
"""Keys of its study file that say how pixels are called and compared, not what they are."""


def _sides(value: Any) -> Any:
    """Pixels to the right and upwards."""
    sides = list(value) if isinstance(value, list | tuple) else [value]
    whole = all(isinstance(side, int) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not whole or not all(2 <= side <= MAX_SIDE for side in sides):
        raise ValueError(f"must be two whole numbers from 2 to {MAX_SIDE}, as [512, 512]")
    return tuple(sides)


class AtlasSpace(Section):
    """What an atlas is over (``[space]``): two ranges, everything else a value."""

    learning_rate: Annotated[
        Range | tuple[float, ...], choices("learning_rate"), described("learning_rate")
    ]
    width: Annotated[Range | tuple[int, ...], choices("width"), described("width")]
    amplitude: Annotated[Range | tuple[float, ...], choices("amplitude"), described("amplitude")]
    period: Annotated[Range | tuple[int, ...], choices("period"), described("period")]
    noise: Annotated[
        Annotated[Range | tuple[float, ...], choices("noise")] | None, described("noise")
    ] = None


class AtlasSpec(OverAxes):
    """A study of one network for each pixel."""

    kind: Literal["atlas"] = Field(description="a network for each pixel of two axes")
    pixels: Annotated[tuple[int, int], BeforeValidator(_sides)] = Field(
        description="how many to the right and upwards: the first of the two axes that are ranges, "
        f"in the order {', '.join(ACROSS)}, runs to the right"
    )
    seed: Annotated[int | Literal["pixel"], integer_or("pixel", high=MAX_SEED)] = Field(
        "pixel",
        description='`"pixel"`: each network is a draw of its own, so that neighbours are '
        "replicates; or a seed that all share, so that what differs between neighbours is the "
        "dynamics alone, and nothing is tested",
    )
    tile: int = Field(
        16,
        ge=1,
        le=1024,
        description="pixels of a tile to either side: a tile is a trial, whose replicates they are",
    )
    replicates: int = Field(
        0,
        description="left out: those of a tile are its pixels",
        json_schema_extra={"default": "`tile`²"},
    )
    space: AtlasSpace = Field(
        description="two axes as ranges, `{ low, high, log }`, the outer edges of the pixels; "
        "everything else a value"
    )
    zoom_of: str | None = Field(
        None, description="the atlas that it is a part of, as `dynstudy zoom` writes it"
    )
    title: ClassVar[str] = "atlas"
    chooses: ClassVar[bool] = False
    on_grid: ClassVar[bool] = True
    cells_are_tiles: ClassVar[bool] = True

    @model_validator(mode="before")
    @classmethod
    def _replicates_of_tiles(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        seed, tile = values.get("seed", "pixel"), values.get("tile", 16)
        if not isinstance(tile, int) or not 1 <= tile <= 1024:
            return values  # which is said
        filled = {"replicates": tile**2 if seed == "pixel" else 1}
        why = {"replicates": "the replicates of a tile are its pixels"}
        if seed != "pixel":
            filled["baseline_replicates"] = 1
            why["baseline_replicates"] = "one draw is compared with the static network of that draw"
        for key, value in filled.items():
            if values.get(key, value) != value:
                raise ValueError(f"{key} = {short(values[key])}: must be left out: {why[key]}")
        return values | filled

    @model_validator(mode="after")
    def _drawable(self) -> Self:
        if len(self.loss) != 1 or not self.dynamical_losses:
            raise ValueError(f"loss = {short(list(self.loss))}: an atlas is of one dynamical loss")
        self._check_noise()
        ranges = [name for name in ACROSS if isinstance(getattr(self.space, name), Range)]
        if len(ranges) != 2:
            said = f"{', '.join(ranges)} are ranges" if ranges else "none is a range"
            raise ValueError(
                f"space: {said}: an atlas has two axes, of {either(ACROSS)}, each as "
                "{ low, high, log }; everything else is a value"
            )
        for name in ACROSS:
            values = getattr(self.space, name)
            if values is None:
                continue
            if isinstance(values, Range) and values.low == values.high:
                raise ValueError(
                    f"space.{name}: low and high are both {values.low:g}; a range has two ends"
                )
            if not isinstance(values, Range) and len(values) != 1:
                raise ValueError(
                    f"space.{name} = {short(list(values))}: must be one value, or a range "
                    "{ low, high, log }"
                )
        if self.space.amplitude == (1.0,):
            raise ValueError("space.amplitude = 1: that is the static loss; an atlas needs more")
        if self.replicates > MAX_REPLICATES:
            raise ValueError(f"tile = {self.tile}: at most {MAX_REPLICATES} pixels make a tile")
        self._check_readings()
        return self

    def _check_noise(self) -> None:
        noise, data = self.space.noise, self.protocol.data
        if noise is None:
            return
        if not isinstance(noise, Range):
            raise ValueError(
                f"space.noise = {short(list(noise))}: must be a range, {{ low, high, log }}; a "
                "noise that all networks share is protocol.data.noise"
            )
        if not isinstance(data, SpiralData):
            raise ValueError(
                f"space.noise: is of spirals, and protocol.data of the kind {data.kind!r}; leave "
                "one of both out"
            )
        if data.noise != SpiralData().noise:
            raise ValueError(
                f"protocol.data.noise = {data.noise:g}: must be left out, since the noise is an "
                "axis, space.noise"
            )

    def _check_readings(self) -> None:
        protocol = self.protocol
        if protocol.until is not None or not isinstance(protocol.steps, int):
            key = "until" if protocol.until is not None else "steps"
            raise ValueError(
                f"protocol.{key}: the networks of an atlas all take as many steps, so that "
                "neighbours can be compared"
            )
        if protocol.one_network or protocol.data.each_drawn:
            raise ValueError(
                "an atlas has one data set and draws its networks: leave out protocol.initial and "
                "train_seed"
            )
        asked = protocol.curvature
        if asked is not None and (asked.records != () or asked.loss):
            raise ValueError(
                "protocol.curvature: an atlas keeps a row of measures for each pixel and no "
                "readings: records = [], and no loss"
            )

    @property
    def baseline_factor(self) -> int:
        """One draw is compared with the static network of the same draw."""
        return BASELINE_FACTOR if self.seed == "pixel" else 1

    @property
    def baseline_seeds(self) -> range:
        """Those of the static networks."""
        first = 0 if self.seed == "pixel" else int(self.seed)
        return range(first, first + self.baseline_replicates)

    @property
    def untested(self) -> str:
        """Why nothing is tested, in words; empty where tiles are."""
        if self.seed != "pixel":
            return f"seed = {self.seed}: one draw has no replicates, so that nothing is tested"
        if self.replicates < FEWEST:
            many = f"{self.replicates} pixels a tile"
            return f"tile = {self.tile}: {many}: below {FEWEST} nothing is tested"
        return ""

    @property
    def axes(self) -> tuple[PixelAxis, PixelAxis]:
        """The axis to the right, and the one upwards."""
        ranges = [name for name in ACROSS if isinstance(getattr(self.space, name), Range)]
        right, upwards = (
            pixel_axis(name, getattr(self.space, name), count, self.tile)
            for name, count in zip(ranges, self.pixels, strict=True)
        )
        return right, upwards

    def at(self, right: float, upwards: float) -> Configuration:
        """The configuration of a place in the plane of the axes."""
        fixed = {
            name: values[0]
            for name in ACROSS
            if isinstance(values := getattr(self.space, name), tuple)
        }
        x, y = self.axes
        return Configuration(
            self.loss[0], **fixed, **{x.name: _kind(x, right), y.name: _kind(y, upwards)}
        )

    def seed_of(self, column: int, row: int) -> int:
        """The seed of a pixel's network."""
        return row * self.pixels[0] + column if self.seed == "pixel" else int(self.seed)

    def missing(self, recorded: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
        """The pixels that are not `recorded` (rows, columns), coarse to fine, row by row.

        Pixels that are one network, of one seed and of equal values, come once.

        Yields:
            The stride of the picture that the pixel completes, column and row.
        """
        x, y = self.axes
        alone = self.seed == "pixel"
        for stride in STRIDES:
            for row in range(0, y.pixels, stride):
                if not alone and y.first_alike[row] != row:
                    continue
                columns = np.arange(0, x.pixels, stride)
                if stride < STRIDES[0] and row % (2 * stride) == 0:
                    columns = columns[columns % (2 * stride) != 0]
                if not alone:
                    columns = columns[x.first_alike[columns] == columns]
                for column in columns[~recorded[row, columns]].tolist():
                    yield stride, column, row

    def static_cells(self) -> list[Cell]:
        """The static losses that tiles are compared with, read wherever one of them is."""
        periods: dict[Configuration, set[int]] = {}
        for cell in self.tile_cells():
            configuration = cell.configuration
            periods.setdefault(configuration.baseline(), set()).add(configuration.period or 0)
        return [
            Cell(static, self.baseline_seeds, reads(self.protocol, tuple(sorted(read))))
            for static, read in periods.items()
        ]

    def tile_cells(self) -> Iterator[Cell]:
        """A cell for each tile, at its middle, row by row: its replicates are its pixels."""
        x, y = self.axes
        for upwards, rows in zip(y.middles.tolist(), y.tiles, strict=True):
            for right, columns in zip(x.middles.tolist(), x.tiles, strict=True):
                configuration = self.at(right, upwards)
                pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
                steps = reads(self.protocol, (configuration.period or 0,))
                yield Cell(configuration, range(pixels), steps)

    def cells_ahead(self) -> list[Cell]:
        """Static losses, and a cell for each tile."""
        return [*self.static_cells(), *self.tile_cells()]

    def cells(self, study: optuna.Study) -> list[Cell]:
        """The same, whatever of it is trained."""
        return self.cells_ahead()

    def grows_to(self, new: StudySpec) -> bool:
        """Never: what has other pixels is another atlas; dynstudy zoom makes one."""
        return False

    def described(self) -> str:
        """What is varied, in words."""
        columns, rows = self.pixels
        draw = "a draw each" if self.seed == "pixel" else f"all of seed {self.seed}"
        return f"{self.axes_said()}: {columns} x {rows} pixels, {draw}"


def _kind(axis: PixelAxis, value: float) -> Any:
    return int(value) if axis.integer else float(value)
