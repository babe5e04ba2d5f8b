"""A launch counts what it trained, and what each of its workers did, once."""

from contextlib import ExitStack
from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from dynstudy.config import Configuration, Replicate
from dynstudy.errors import StudyTakenError
from dynstudy.protocol import Protocol
from dynstudy.store.launches import claim, launches
from dynstudy.store.ledger import Landing, Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from dynstudy.store.worker_rows import workers_of
from tests.conftest import DATA
from tests.planted import small_map

PROTOCOL = Protocol(steps=200, tail=50)
HERE = Trainer("cpu", "2 threads", "a processor", {"numpy": "2"}, "here")
THERE = Trainer("gpu", "a card", "another", {"numpy": "2.1"}, "there")
DCE = Configuration("dce", 5, 1.0, amplitude=3, period=10)


def records(*seeds: int) -> list[Record]:
    measures = {"train_accuracy": 0.5, "val_accuracy": 0.4}
    return [Record(Replicate(DCE, seed), None, measures, {}) for seed in seeds]


def claimed(stack: ExitStack, storage: Storage) -> tuple[int, int]:
    """The numbers of a study and of its launch."""
    spec = small_map()
    number = storage.study_id(storage.open_study(spec))
    return number, stack.enter_context(claim(storage.engine, number, spec, "cpu")).id


def test_each_worker_is_told_with_what_it_did(storage: Storage) -> None:
    ledger = Ledger(storage.engine, PROTOCOL)
    with ExitStack() as stack:
        study, launch = claimed(stack, storage)
        ledger.add_all([Landing(records(0, 1, 2), HERE, "one", 1.5)], run_id=launch)
        ledger.add_all([Landing(records(3), THERE, "a card", 0.25)], run_id=launch)
        newer = replace(HERE, versions={"numpy": "3"})
        ledger.add_all([Landing(records(4, 5), newer, "one", 2.0)], run_id=launch)
        ledger.add(records(6), HERE, run_id=launch)  # nobody's
        ledger.add(records(7), HERE)  # of no launch
    (row,) = launches(storage.engine, study)
    assert (row.networks, row.backend, row.device) == (7, "cpu", "2 threads")
    workers = workers_of(storage.engine, [launch, launch + 1])
    assert workers.keys() == {launch}
    card, one = workers[launch]
    assert (card.name, card.host, card.backend, card.device) == ("a card", "there", "gpu", "a card")
    assert (card.networks, card.network_steps, card.seconds) == (1, 200, 0.25)
    assert (one.networks, one.network_steps, one.seconds) == (5, 1000, 3.5)
    assert (one.host, one.processor, one.versions) == ("here", "a processor", '{"numpy": "3"}')
    assert row.started_at <= card.last_at <= one.last_at <= (row.ended_at or row.started_at)
    with storage.engine.connect() as connection:
        hosts = connection.exec_driver_sql("SELECT host FROM dynstudy_replicate ORDER BY seed")
        assert list(hosts.scalars()) == [*["here"] * 3, "there", *["here"] * 4]


def test_chunks_of_several_workers_at_once_count_for_each(storage: Storage) -> None:
    ledger = Ledger(storage.engine, PROTOCOL)
    with ExitStack() as stack:
        study, launch = claimed(stack, storage)
        ledger.add_all([Landing(records(0), HERE, "one", 1.0)], run_id=launch)
        chunks = [
            Landing(records(1, 2), HERE, "one", 2.0),
            Landing(records(3), THERE, "a card", 0.5),
            Landing(records(4), HERE, "one", 4.0),
        ]
        ledger.add_all(chunks, run_id=launch)
        ledger.add_all([], run_id=launch)
    (row,) = launches(storage.engine, study)
    assert (row.networks, row.backend) == (5, "cpu")
    card, one = workers_of(storage.engine, [launch])[launch]
    assert (card.networks, card.seconds, card.host) == (1, 0.5, "there")
    assert (one.networks, one.network_steps, one.seconds) == (4, 800, 7.0)
    with storage.engine.connect() as connection:
        hosts = connection.exec_driver_sql("SELECT host FROM dynstudy_replicate ORDER BY seed")
        assert list(hosts.scalars()) == ["here", "here", "here", "there", "here"]


def test_what_is_recorded_again_after_an_error_counts_once(storage: Storage) -> None:
    """Whether the error came before the commit or after it."""
    ledger = Ledger(storage.engine, PROTOCOL)
    with ExitStack() as stack:
        study, launch = claimed(stack, storage)

        def lost(*_: object) -> None:
            raise OperationalError("COMMIT", {}, Exception("the connection is gone"))

        def add(first: int) -> None:
            chunk = records(first, first + 1)
            ledger.add_all([Landing(chunk, HERE, "one", 1.0)], run_id=launch)

        add(0)
        # before: nothing of it is there
        event.listen(storage.engine, "commit", lost)
        with pytest.raises(OperationalError):
            add(2)
        event.remove(storage.engine, "commit", lost)
        add(2)
        # after: all of it is there, and nobody heard
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ledger._account, "committed", lost)
            with pytest.raises(OperationalError):
                add(4)
        add(4)
    (row,) = launches(storage.engine, study)
    (worker,) = workers_of(storage.engine, [launch])[launch]
    assert (row.networks, worker.networks, worker.network_steps) == (6, 6, 1200)
    assert worker.seconds == 3.0
    assert len(ledger.load([DCE])) == 6


def test_a_launch_that_ended_records_nothing(storage: Storage) -> None:
    ledger = Ledger(storage.engine, PROTOCOL)
    with ExitStack() as stack:
        _, launch = claimed(stack, storage)
    with pytest.raises(StudyTakenError):
        ledger.add_all([Landing(records(0), HERE, "one")], run_id=launch)
    assert ledger.load([DCE]).empty
    assert workers_of(storage.engine, [launch]) == {}


def test_an_older_database_knows_of_none() -> None:
    older = Storage(f"sqlite:///{DATA}/schema3.db")
    assert workers_of(older.engine, [1, 2]) == {}
    older.engine.dispose()
