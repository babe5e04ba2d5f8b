"""The atlases that the server shows, as arrays in memory: what was read once is not read again."""

import hashlib
import json
import shlex
import threading
from dataclasses import dataclass, field
from functools import cached_property

import optuna
from sqlalchemy import func, select

from dynstudy._version import __version__
from dynstudy.analysis.atlas import Atlas, read_atlas
from dynstudy.analysis.pyramid import Pyramid
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.config import Configuration
from dynstudy.errors import DynstudyError
from dynstudy.pictures.atlas_layers import Layer, layer_names
from dynstudy.report.rows import frame_rows
from dynstudy.statistics.columns import configuration_in
from dynstudy.store.studies import Storage
from dynstudy.store.study_rows import SPEC
from dynstudy.store.tables import RunRow
from dynstudy.study.tried import finished

KEPT = 2
"""Atlases in memory, those that were asked for last: one of a million pixels takes 150 MB."""

MOST_JUDGED = 4_000_000
"""Networks of an atlas whose tiles are labelled here: of a million it takes a gigabyte."""


@dataclass
class KeptAtlas:
    """An atlas as the database had it once; what is not read from there is made when asked for."""

    storage: Storage
    study: optuna.Study
    version: str
    atlas: Atlas
    layers: dict[str, tuple[Layer, Pyramid]] = field(default_factory=dict)
    drawing: threading.Lock = field(default_factory=threading.Lock)
    judging: threading.RLock = field(default_factory=threading.RLock)  # which takes seconds

    @cached_property
    def names(self) -> list[str]:
        """Of its layers."""
        return list(layer_names(self.atlas))

    def layer(self, name: str) -> tuple[Layer, Pyramid]:
        """Return what is drawn of a measure that is in `names`."""
        with self.drawing:
            if name not in self.layers:
                layer = Layer.of(self.atlas, name)
                self.layers[name] = layer, Pyramid(self.atlas.whole(layer.values))
            return self.layers[name]

    def study_map(self) -> RegimeMap:
        """Return the map whose cells are its tiles.

        Raises:
            DynstudyError: it has too many networks.
        """
        if (count := int(self.atlas.recorded.sum())) > MOST_JUDGED:
            raise DynstudyError(
                f"tiles of {count:,} networks are not labelled on this page, which has memory for "
                f"{MOST_JUDGED:,}; dynstudy show {shlex.quote(self.study.study_name)} labels them"
            )
        with self.judging:
            return self._study_map

    @cached_property
    def _study_map(self) -> RegimeMap:
        return regime_map(self.storage, self.study.study_name, ledger=self.atlas.ledger)

    def cell(self, configuration: Configuration) -> tuple[int, int | None]:
        """The row of a tile in the map's table, and the number of its trial, if it is one yet."""
        with self.judging:
            return self._rows[configuration], self._trials.get(configuration)

    @cached_property
    def _rows(self) -> dict[Configuration, int]:
        cells = self.study_map().dynamical_cells()
        rows = zip(cells.index, frame_rows(cells), strict=True)
        return {configuration_in(cell): index for index, cell in rows}

    @cached_property
    def _trials(self) -> dict[Configuration, int]:
        return finished(self.study)


class Atlases:
    """The atlases of a storage that were asked for last."""

    def __init__(self, storage: Storage) -> None:
        self.storage, self.lock = storage, threading.Lock()
        self.kept: dict[int, KeptAtlas] = {}

    def of(self, study: optuna.Study) -> KeptAtlas:
        """Return an atlas as it is now; it is read if it is another than it was.

        Raises:
            DynstudyError: the study is of another kind, or its rows are damaged.
        """
        number = self.storage.study_id(study)
        with self.lock:  # whoever asks for the same waits for it
            atlas = read_atlas(self.storage, study.study_name)  # nothing of it is read yet
            version = self._version(study, atlas)
            kept = self.kept.get(number)  # which pages that are open go on being shown
            if kept is None or kept.version != version:
                atlas.recorded  # noqa: B018 - reads it
                kept = KeptAtlas(self.storage, study, version, atlas)
            self.kept.pop(number, None)
            self.kept[number] = kept  # as the last
            while len(self.kept) > KEPT:
                del self.kept[next(iter(self.kept))]
            return kept

    def as_it_was(self, number: int, version: str) -> KeptAtlas | None:
        """Return an atlas if it is in memory as of this version; the database is not asked."""
        kept = self.kept.get(number)
        return kept if kept is not None and kept.version == version else None

    def _version(self, study: optuna.Study, atlas: Atlas) -> str:
        """What changes whenever an atlas may have."""
        number = self.storage.study_id(study)
        query = select(func.max(RunRow.heartbeat_at)).where(RunRow.study_id == number)
        with self.storage.engine.connect() as connection:
            heartbeat = connection.execute(query).scalar_one()
        counts = self.storage.count_cells(study), atlas.ledger.count()
        what = [study.study_name, study.user_attrs[SPEC], *counts, str(heartbeat), __version__]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
