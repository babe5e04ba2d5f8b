"""The ledger of an atlas: its pixels as arrays, its tiles as cells whose replicates they are."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine

from dynstudy.arrays import Array, Ints
from dynstudy.config import Cell, Configuration, Replicate
from dynstudy.measure.measures import MEASURES, not_asked
from dynstudy.store import pixels
from dynstudy.store._pixel_rows import pixel_rows
from dynstudy.store.keys import PLACE, digest, plane_content
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.launches import lock
from dynstudy.store.ledger import COLUMNS, Landing
from dynstudy.store.pixels import IN_PLANE, PixelColumns, PixelsNeeded
from dynstudy.store.series import ReadNetwork
from dynstudy.study.kinds.atlas import AtlasSpec

RECORDED = "recorded"
NOISE = "noise"
"""The axis along which each value has a plane of its own."""


class AtlasLedger(LaunchLedger):
    """The networks of an atlas: static ones as ever, and one for each pixel.

    A tile's replicates have the numbers of its pixels, row by row, as seeds. All is read once; what
    this process adds is added to what is in memory.
    """

    def __init__(self, engine: Engine, spec: AtlasSpec) -> None:
        super().__init__(engine, spec.protocol)
        self.spec = spec
        self.plane = plane_content(spec.protocol, spec.loss[0])
        noises = [axis.values.tolist() for axis in spec.axes if axis.name == NOISE]
        self._contents = {
            noise: plane_content(spec.protocol.with_noise(noise), spec.loss[0])
            for noise in (noises[0] if noises else [None])
        }
        self._noises = {digest(content): noise for noise, content in self._contents.items()}
        self.pixels_needed = PixelsNeeded(self._noises.keys(), self._bounds(), self._among)

    @property
    def recorded(self) -> NDArray[np.bool_]:
        """(rows, columns) which pixels are; of those that are one network, the first alone."""
        return self._arrays[RECORDED] > 0

    @property
    def pixels(self) -> dict[str, Array]:
        """Each measure of the pixels, and ``diverged_at``: (rows, columns), nan where not defined.

        ``recorded`` is 1 where there is a network, else 0.
        """
        if self.spec.seed == "pixel":
            return self._arrays
        x, y = self.spec.axes
        alike = np.ix_(y.first_alike, x.first_alike)
        return {name: array[alike] for name, array in self._arrays.items()}

    def count(self) -> int:
        """How many networks of its part of the plane the database has now, none of them read."""
        with self.engine.connect() as connection:
            planes = pixels.planes_among(connection, self._noises)
            return pixels.count(connection, planes, self._bounds())

    def places(self, replicates: Sequence[Replicate]) -> tuple[Ints, Ints]:
        """Rows and columns (n,) of the pixels that networks are."""
        values = {
            axis.name: np.array([getattr(each.configuration, axis.name) for each in replicates])
            for axis in self.spec.axes
        }
        return self._located(values, np.array([each.seed for each in replicates]))

    @cached_property
    def _arrays(self) -> dict[str, Array]:
        columns, rows = self.spec.pixels
        skipped = not_asked(self.protocol)
        names = ["diverged_at", *(name for name in MEASURES if name not in skipped)]
        arrays = {name: np.full((rows, columns), np.nan) for name in names}
        arrays[RECORDED] = np.zeros((rows, columns))
        for of in self._read((*PLACE, "seed", *names)):
            where = self._located(of, of["seed"])
            self._put(arrays, where, {name: of[name] for name in names})
        return arrays

    def _read(self, names: Sequence[str]) -> Iterator[dict[str, Array]]:
        """Columns of the networks of its part of its planes, and their noise if that is an axis."""
        read = ("plane_id", *names)
        with self.engine.connect() as connection:
            planes = pixels.planes_among(connection, self._noises)
            for part in pixels.read_pixels(connection, planes, self._bounds(), read):
                of = dict(zip(read, part, strict=True))
                numbers, which = np.unique(of["plane_id"], return_inverse=True)
                noises = [self._noises[planes[int(number)]] for number in numbers]
                yield of | {NOISE: np.array(noises, float)[which]}

    def _put(
        self, arrays: dict[str, Array], where: tuple[Ints, Ints], of: dict[str, Array]
    ) -> None:
        here = where[0] >= 0
        rows, columns = where[0][here], where[1][here]
        for name, values in of.items():
            arrays[name][rows, columns] = values[here]
        # what was recorded before it was asked for a measure is trained again for that
        lacks = np.zeros(len(rows), bool)
        for name, values in of.items():
            if name in MEASURES and MEASURES[name].series:
                lacks |= np.isnan(values[here]) & np.isnan(of["diverged_at"][here])
        arrays[RECORDED][rows, columns] = ~lacks

    def _located(self, values: PixelColumns, seeds: Array) -> tuple[Ints, Ints]:
        """Rows and columns (n,) of the networks in places of the plane; -1 of what is no pixel."""
        x, y = self.spec.axes
        if self.spec.seed == "pixel":
            rows, columns = np.divmod(seeds.astype(np.int64), x.pixels)
            inside = rows < y.pixels
            rows = np.where(inside, rows, 0)
            inside &= (x.values[columns] == values[x.name]) & (y.values[rows] == values[y.name])
        else:
            columns, rows = x.pixels_of(values[x.name]), y.pixels_of(values[y.name])
            inside = (columns >= 0) & (rows >= 0) & (seeds == self.spec.seed)
        return np.where(inside, rows, -1), np.where(inside, columns, -1)

    def _among(self, plane: str, of: PixelColumns) -> NDArray[np.bool_]:
        noise = np.full(len(of["seed"]), self._noises[plane], float)
        return self._located({**of, NOISE: noise}, of["seed"])[0] >= 0

    def _bounds(self) -> dict[str, tuple[float, float]]:
        low, high = (
            self.spec.at(*(axis.values[end] for axis in self.spec.axes)) for end in (0, -1)
        )
        columns, rows = self.spec.pixels
        seeds = self.spec.seed_of(0, 0), self.spec.seed_of(columns - 1, rows - 1)
        return {name: (getattr(low, name), getattr(high, name)) for name in PLACE} | {"seed": seeds}

    # --- tiles as cells -------------------------------------------------------------------------

    @cached_property
    def _tiles(self) -> dict[Configuration, tuple[slice, slice]]:
        """Rows and columns of each."""
        x, y = self.spec.axes
        return {
            self.spec.at(right, upwards): (rows, columns)
            for upwards, rows in zip(y.middles.tolist(), y.tiles, strict=True)
            for right, columns in zip(x.middles.tolist(), x.tiles, strict=True)
        }

    def key(self, configuration: Configuration) -> str:
        """As the ledger's; of a tile the SHA-256 of its plane, its pixels' values and its draw."""
        if configuration.static:
            return super().key(configuration)
        if configuration not in self._keys:
            x, y = self.spec.axes
            rows, columns = self._tiles[configuration]
            what = {x.name: x.values[columns].tolist(), y.name: y.values[rows].tolist()}
            fixed = {name: getattr(configuration, name) for name in PLACE if name not in what}
            self._keys[configuration] = digest({
                "plane": digest(self.plane),
                "pixels": what,
                **fixed,
                "seed": self.spec.seed,
            })
        return self._keys[configuration]

    def lacking(self, cells: Sequence[Cell]) -> dict[Configuration, tuple[int, ...]]:
        """As the ledger's; of tiles the pixels that are not recorded."""
        there = self.pixels[RECORDED]
        lacking = super().lacking([cell for cell in cells if cell.configuration.static])
        for configuration in (cell.configuration for cell in cells):
            if not configuration.static:
                missing = np.flatnonzero(there[self._tiles[configuration]].ravel() == 0)
                lacking[configuration] = tuple(missing.tolist())
        return lacking

    def replicate(self, configuration: Configuration, seed: int) -> Replicate:
        """As the ledger's; of a tile a pixel."""
        if configuration.static:
            return super().replicate(configuration, seed)
        (rows, columns), (x, y) = self._tiles[configuration], self.spec.axes
        up, across = divmod(seed, columns.stop - columns.start)
        row, column = rows.start + up, columns.start + across
        at = self.spec.at(x.values[column].item(), y.values[row].item())
        return Replicate(at, self.spec.seed_of(column, row))

    def pixels_trained(self) -> dict[str, Array]:
        """As the ledger's; without measures, which are much to read."""
        launches = np.full(self.spec.pixels[::-1], np.inf)  # where nothing is trained
        for of in self._read((*IN_PLANE, "run_id")):
            where = np.array(self._located(of, of["seed"]))
            here = where[0] >= 0
            launches[tuple(where[:, here])] = of["run_id"][here]
        if self.spec.seed != "pixel":
            x, y = self.spec.axes
            launches = launches[np.ix_(y.first_alike, x.first_alike)]
        tiles = {self.key(tile): launches[at] for tile, at in self._tiles.items()}
        return {key: of_tile[~np.isinf(of_tile)] for key, of_tile in tiles.items()}

    def load(self, configurations: Iterable[Configuration]) -> pd.DataFrame:
        """As the ledger's, with a row for each pixel of a tile."""
        wanted = list(dict.fromkeys(configurations))
        static = super().load([each for each in wanted if each.static])
        # in their order from the start: to sort a million rows, or to join them, takes seconds
        parts: dict[str, dict[str, NDArray[Any]]] = {
            str(key): {"seed": rows.seed.to_numpy()}
            | {name: rows[name].to_numpy(float) for name in COLUMNS[2:]}
            for key, rows in static.groupby("configuration")
        }
        arrays = self.pixels
        for configuration in (each for each in wanted if not each.static):
            tile = self._tiles[configuration]
            here = np.flatnonzero(arrays[RECORDED][tile].ravel())
            parts[self.key(configuration)] = {"seed": here} | {
                name: arrays[name][tile].ravel()[here]
                if name in arrays
                else np.full(len(here), np.nan)
                for name in COLUMNS[2:]
            }
        ordered = sorted(key for key, part in parts.items() if len(part["seed"]))
        if not ordered:
            return static
        sizes = [len(parts[key]["seed"]) for key in ordered]
        keys = pd.Series(np.repeat(np.array(ordered, object), sizes), dtype=object)  # as they are
        of = {name: np.concatenate([parts[key][name] for key in ordered]) for name in COLUMNS[1:]}
        return pd.DataFrame({"configuration": keys} | of, copy=False)

    def networks(
        self, configurations: Iterable[Configuration], names: Sequence[str] = ()
    ) -> dict[Configuration, dict[int, ReadNetwork]]:
        """As the ledger's; the pixels of a tile have no series."""
        wanted = list(configurations)
        networks = super().networks([each for each in wanted if each.static], names)
        for configuration in wanted:
            if not configuration.static:
                tile = self._tiles[configuration]
                diverged = self.pixels["diverged_at"][tile].ravel()
                here = np.flatnonzero(self.pixels[RECORDED][tile].ravel())
                networks[configuration] = {
                    number: (None if np.isnan(diverged[number]) else int(diverged[number]), {})
                    for number in here.tolist()
                }
        return networks

    def trained_between(
        self, configurations: Iterable[Configuration]
    ) -> dict[Configuration, tuple[datetime, datetime]]:
        """As the ledger's; a tile from the start of the atlas to its last pixel so far."""
        wanted = list(configurations)
        times = super().trained_between([each for each in wanted if each.static])
        with self.engine.connect() as connection:
            planes = pixels.planes_among(connection, self._noises)
            began, ended = pixels.trained_between(connection, planes, self._bounds())
        tiles = (each for each in wanted if not each.static)
        return times if began is None else times | dict.fromkeys(tiles, (began, ended))

    def was_trained(
        self, configurations: Iterable[Configuration], began: datetime, ended: datetime
    ) -> None:
        """As the ledger's of a launch, of static networks alone."""
        super().was_trained([each for each in configurations if each.static], began, ended)

    # --- recording ------------------------------------------------------------------------------

    def add_all(self, chunks: Sequence[Landing], *, run_id: int | None = None) -> None:
        """As the ledger's; of pixels a row each, and no series."""
        static, of_pixels = list[Landing](), list[Landing]()
        for chunk in chunks:  # each of one loss
            its = static if chunk.records[0].replicate.configuration.static else of_pixels
            its.append(chunk)
        if static:
            super().add_all(static, run_id=run_id)
        if not of_pixels:
            return
        records = [record for chunk in of_pixels for record in chunk.records]
        arrays = self._arrays  # as they were before
        counted = {}
        with self.engine.begin() as connection:
            lock(connection)
            if run_id is not None:
                did = [(chunk.worker, chunk.trainer, self._tally(chunk)) for chunk in of_pixels]
                counted = self._account.write(connection, run_id, did)
            planes = {
                noise: pixels.made_plane(connection, self._contents[noise])
                for noise in {record.replicate.configuration.noise for record in records}
            }
            pixels.write_pixels(connection, list(pixel_rows(records, planes, run_id)))
        self._account.committed(counted)
        of = {
            name: np.array([record.measures.get(name) for record in records], float)
            for name in arrays
            if name in MEASURES
        }
        of["diverged_at"] = np.array([record.diverged_at for record in records], float)
        self._put(arrays, self.places([record.replicate for record in records]), of)
