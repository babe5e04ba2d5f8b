"""What was chosen, trained again."""

from typing import Any

import pytest
from sqlalchemy import select

import dynstudy
from dynstudy.errors import Interrupted
from dynstudy.export.exporting import export
from dynstudy.launch.training import Training
from dynstudy.store.launches import launches
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from dynstudy.study.confirmation import FRESH
from tests.planted import SpecMaker


def fresh_seeds(storage: Storage) -> set[tuple[str, int]]:
    """Networks that a confirmation has trained on the fresh validation spiral."""
    query = select(ReplicateRow.configuration, ReplicateRow.seed).where(ReplicateRow.seed >= FRESH)
    with storage.engine.connect() as connection:
        return {(key, seed) for key, seed in connection.execute(query)}


def test_told_to_stop_confirmation_keeps_what_it_trained(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    original = Training._record

    def stop_after(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self.interrupts.stop_after_chunk.set()

    monkeypatch.setattr(Training, "_record", stop_after)
    monkeypatch.setattr("dynstudy.launch.chunks.CHUNK_SECONDS", 0.0)
    monkeypatch.setattr("dynstudy.launch.training.RECORD_NETWORKS", 1)
    with pytest.raises(Interrupted, match="the same command resumes it"):
        export(storage, "small")
    monkeypatch.undo()
    assert len(kept := fresh_seeds(storage)) in {2, 4}  # another chunk may have been under way
    number = storage.study_id(storage.study("small"))
    assert [run.status for run in launches(storage.engine, number)] == ["complete", "interrupted"]
    export(storage, "small")
    assert kept < fresh_seeds(storage)
