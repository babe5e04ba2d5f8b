"""What an atlas has of each pixel: measures as arrays, and what the static loss is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dynstudy.analysis.pyramid import as_a_whole
from dynstudy.arrays import Array
from dynstudy.config import Configuration
from dynstudy.errors import DynstudyError
from dynstudy.measure.measures import MEASURES
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.two_samples import Moments
from dynstudy.store.atlas_ledger import RECORDED, AtlasLedger
from dynstudy.store.ledger import Ledger
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.pixel_axes import PixelAxis

GAIN = "gain"


@dataclass(frozen=True)
class Atlas:
    """The pixels of an atlas, those that are not trained yet included.

    Arrays are (rows, columns), as many as there are pixels upwards and to the right; row 0 is the
    lowest value of the axis upwards.
    """

    spec: AtlasSpec
    ledger: AtlasLedger
    baselines_read: Mapping[Configuration, Baseline] = field(default_factory=dict, kw_only=True)
    """Static losses that somebody has read already, which takes seconds."""

    @property
    def right(self) -> PixelAxis:
        """The axis of the columns."""
        return self.spec.axes[0]

    @property
    def upwards(self) -> PixelAxis:
        """The axis of the rows."""
        return self.spec.axes[1]

    @cached_property
    def pixels(self) -> dict[str, Array]:
        """What the ledger has of each, read once."""
        return self.ledger.pixels

    @cached_property
    def recorded(self) -> NDArray[np.bool_]:
        """Which pixels are trained."""
        return self.pixels[RECORDED] > 0

    @property
    def diverged_at(self) -> Array:
        """At which step; nan where a network stayed finite."""
        return self.pixels["diverged_at"]

    def of(self, name: str) -> Array:
        """Return a measure, raw, or ``gain``; nan where a pixel has none.

        Raises:
            DynstudyError: the atlas has no such measure.
        """
        if name == GAIN:
            return self.of("val_accuracy") - self.static("val_accuracy")
        if name not in self.names:
            raise DynstudyError(f"{self.spec.name}: has no {name}; it has {', '.join(self.names)}")
        return self.pixels[name]

    @property
    def names(self) -> list[str]:
        """What `of` takes."""
        return [GAIN, *(name for name in MEASURES if name in self.pixels)]

    def frame(self) -> pd.DataFrame:
        """Return a row for each trained pixel, from the lowest upwards, then to the right.

        Returns:
            Indexed by the values of the axis upwards and of that to the right; its ``seed``, gain
            and measures, raw, and ``diverged_at``.
        """
        rows, columns = np.nonzero(self.recorded)
        values = [self.upwards.values[rows], self.right.values[columns]]
        names = [self.upwards.name, self.right.name]
        pairs = zip(columns.tolist(), rows.tolist(), strict=True)
        seeds = np.array([self.spec.seed_of(*pair) for pair in pairs], np.int64)
        measures = {name: self.of(name)[rows, columns] for name in self.names}
        diverged = {"diverged_at": self.diverged_at[rows, columns]}
        index = pd.MultiIndex.from_arrays(values, names=names)
        return pd.DataFrame({"seed": seeds} | measures | diverged, index=index)

    def net(self, name: str) -> Array:
        """Return a measure less the static loss's."""
        return self.of(name) - self.static(name)

    def whole(self, values: Array) -> Array:
        """Return values in which coarse pixels stand for those that are not trained yet."""
        return as_a_whole(values, self.recorded)

    def static(self, name: str) -> Array:
        """Return the mean of a measure of the static loss at each pixel; nan where untrained.

        It was trained at the middles of tiles, and is taken to be linear between them, along the
        logarithm of an axis that is logarithmic.
        """
        return self._between(self._static(name)[0])

    def static_error(self, name: str) -> Array:
        """Return the standard error of `static`, likewise."""
        return self._between(self._static(name)[1])

    def _between(self, value: Array) -> Array:
        """What is known at the middles of tiles, at each pixel."""
        for axis, along in ((self.right, 1), (self.upwards, 0)):
            at, middles = axis.scaled(axis.values), axis.scaled(axis.middles)

            def between(means: Array, at: Array = at, middles: Array = middles) -> Array:
                return np.interp(at, middles, means)

            value = np.apply_along_axis(between, along, value)
        return value

    @cached_property
    def _baselines(self) -> dict[Configuration, Baseline]:
        """Of the static losses that tiles are compared with."""
        return {
            static: self.baselines_read.get(static)
            or Baseline(self.ledger, static, self.spec.baseline_seeds)
            for static in (cell.configuration for cell in self.spec.static_cells())
        }

    @cached_property
    def _compared(self) -> list[tuple[Configuration, int]]:
        """Of each tile, row by row: its static loss, and for which period that is read."""
        tiles = (cell.configuration for cell in self.spec.tile_cells())
        return [(each.baseline(), each.period or 0) for each in tiles]

    def _static(self, name: str) -> Array:
        """(2, tiles upwards, tiles to the right): means, and their standard errors."""
        compared = list(dict.fromkeys(self._compared))
        moments = Moments.of([self._of_static(name, *each) for each in compared])
        numbers = {each: number for number, each in enumerate(compared)}
        flat = np.array([moments.mean, np.sqrt(moments.variance)])
        shape = 2, len(self.upwards.tiles), len(self.right.tiles)
        return flat[:, [numbers[each] for each in self._compared]].reshape(shape)

    def _of_static(self, name: str, static: Configuration, period: int) -> Array:
        """A measure of the networks of a static loss; accuracy is that of diverged ones, too."""
        baseline = self._baselines[static]
        return baseline.val_accuracy if name == "val_accuracy" else baseline.measure(name, period)


def read_atlas(storage: Storage, name: str) -> Atlas:
    """Return an atlas as its database has it.

    Raises:
        DynstudyError: the study is of another kind.
    """
    spec = storage.spec(storage.study(name))
    atlas = atlas_of(ledger_of(storage.engine, spec))
    if atlas is None:
        raise DynstudyError(f"{name}: is a {spec.title}, and no atlas, which has pixels")
    return atlas


def atlas_of(
    ledger: Ledger, baselines_read: Mapping[Configuration, Baseline] | None = None
) -> Atlas | None:
    """Return the atlas whose ledger it is; None if it is that of another kind of study."""
    if not isinstance(ledger, AtlasLedger):
        return None
    return Atlas(ledger.spec, ledger, baselines_read=baselines_read or {})
