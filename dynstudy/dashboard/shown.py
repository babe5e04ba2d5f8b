"""What the server shows of studies: as published, or made anew where they changed since."""

import threading
from typing import Any

import optuna
from sqlalchemy import func, select

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.dashboard.atlas_answers import VIEWERS
from dynstudy.dashboard.atlases import Atlases
from dynstudy.dashboard.contents import Contents, contents_of, kept, version_of
from dynstudy.dashboard.page import PAGES
from dynstudy.store.studies import Storage
from dynstudy.store.tables import RunRow


class Shown:
    """The contents of the studies of a storage, made once as long as nothing changes."""

    def __init__(self, storage: Storage, atlases: Atlases) -> None:
        self.storage, self.atlases, self.lock = storage, atlases, threading.Lock()
        self.made: dict[int, tuple[Any, Contents]] = {}

    def of(self, study: optuna.Study) -> Contents:
        """What is shown of a study."""
        published = self.published(study)
        if published is not None:
            return published
        cells = self.storage.count_cells(study)
        version = version_of(study, cells)
        number = self.storage.study_id(study)
        with self.lock:  # whoever asks for the same waits for it
            state = version, self._heartbeat()
            if number not in self.made or self.made[number][0] != state:
                study_map = self._map(study)
                page = PAGES[study_map.spec.kind](study_map, [])
                contents = contents_of(study, cells, study_map, page.headline, page.figures)
                self.made[number] = state, contents
            return self.made[number][1]

    def published(self, study: optuna.Study) -> Contents | None:
        """What was published of a study; None where that is no longer so, or never was."""
        version = version_of(study, self.storage.count_cells(study))
        return kept(self.storage.system_attributes(study), version)

    def _map(self, study: optuna.Study) -> RegimeMap:
        """The map of a study; that of an atlas stands on what is in memory of it."""
        if self.storage.spec(study).kind in VIEWERS:
            return self.atlases.of(study).study_map()
        return regime_map(self.storage, study.study_name)

    def _heartbeat(self) -> Any:
        """When any launch last wrote."""
        with self.storage.engine.connect() as connection:
            return connection.execute(select(func.max(RunRow.heartbeat_at))).scalar_one()
