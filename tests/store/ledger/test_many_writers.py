"""Launches that record the same networks at once, each in its own order, hinder no other."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import numpy as np
import pytest
from sqlalchemy import func, select

from dynstudy.config import Configuration, Replicate
from dynstudy.store import launches as module
from dynstudy.store.launches import claim
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow, SeriesRow
from tests.planted import small_map

TRAINER = Trainer("cpu", "test", "a processor", {"numpy": "2"})
WRITERS, BATCHES, NETWORKS = 4, 16, 20


def trained(seed: int, last: int) -> Record:
    """A network that is read at a step that not every writer needs."""
    counts = Series((100, last), np.full((2, 3), 10, np.int32))
    measures = {"train_accuracy": 0.5, "val_accuracy": 0.4}
    configuration = Configuration("ce", 5, 1.0)
    series = {TRAIN: counts, VALIDATION: counts}
    return Record(Replicate(configuration, seed), None, measures, series)


def test_of_64_batches_by_4_writers_none_fails(
    storage: Storage, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)  # signs of life are written meanwhile
    together = Barrier(WRITERS, timeout=60)

    def write(writer: int) -> None:
        spec, shuffled = small_map(name=f"study-{writer}"), random.Random(writer)
        with ExitStack() as stack:
            opened = Storage(url, create=True)
            stack.callback(opened.engine.dispose)
            number = opened.study_id(opened.open_study(spec))
            launch = stack.enter_context(claim(opened.engine, number, spec, "cpu"))
            ledger = Ledger(opened.engine, spec.protocol)
            for batch in range(BATCHES):
                seeds = range(batch // 4 * NETWORKS, (batch // 4 + 1) * NETWORKS)
                records = [trained(seed, 150 + writer) for seed in seeds]
                shuffled.shuffle(records)
                together.wait()
                launch.reserve(ledger.replicate_key(each.replicate) for each in records)
                ledger.add(records, TRAINER, run_id=launch.id)

    with ThreadPoolExecutor(WRITERS) as threads:
        for done in [threads.submit(write, writer) for writer in range(WRITERS)]:
            done.result()
    with storage.engine.connect() as connection:
        counts = [
            connection.scalar(select(func.count()).select_from(table))
            for table in (ReplicateRow, SeriesRow)
        ]
        assert counts == [BATCHES // 4 * NETWORKS, 2 * BATCHES // 4 * NETWORKS]
