"""What the server shows of studies: as published, or made anew where they changed since."""

import threading
from typing import Any

import optuna
from sqlalchemy import func, select

from dynstudy.analysis.regime_map import regime_map
from dynstudy.dashboard.contents import Contents, contents_of, kept, version_of
from dynstudy.dashboard.page import PAGES
from dynstudy.store.studies import Storage
from dynstudy.store.tables import RunRow


class Shown:
    """The contents of the studies of a storage, made once as long as nothing changes."""

    def __init__(self, storage: Storage) -> None:
        self.storage, self.lock = storage, threading.Lock()
        self.made: dict[int, tuple[Any, Contents]] = {}

    def of(self, study: optuna.Study) -> Contents:
        """What is shown of a study."""
        cells = self.storage.count_cells(study)
        version = version_of(study, cells)
        published = kept(self.storage.system_attributes(study), version)
        if published is not None:
            return published
        number = self.storage.study_id(study)
        with self.lock:  # whoever asks for the same waits for it
            state = version, self._heartbeat()
            if number not in self.made or self.made[number][0] != state:
                study_map = regime_map(self.storage, study.study_name)
                page = PAGES[study_map.spec.kind](study_map, [])
                contents = contents_of(study, cells, study_map, page.headline, page.figures)
                self.made[number] = state, contents
            return self.made[number][1]

    def _heartbeat(self) -> Any:
        """When any launch last wrote."""
        with self.storage.engine.connect() as connection:
            return connection.execute(select(func.max(RunRow.heartbeat_at))).scalar_one()
