"""Launches side by side that share networks: each is trained once, by whoever reserves it."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import func, select

import dynstudy
from dynstudy.config import Replicate
from dynstudy.errors import StudyTakenError
from dynstudy.launch import wanted as module
from dynstudy.launch.replicates import NetworkTask, train_replicates
from dynstudy.launch.wanted import Wanted
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.launches import Launch, claim
from dynstudy.store.patience import Patience
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReservationRow
from dynstudy.study.spec import StudySpec
from tests.launch.recorded import networks, trials
from tests.planted import SMALL, SpecMaker

PATIENCE = Patience(0.0, lambda _: None, lambda: False)


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.0)


@pytest.fixture
def first(storage: Storage, make_spec: SpecMaker) -> Iterator[Launch]:
    spec = make_spec(name="first")
    number = storage.study_id(storage.open_study(spec))
    with claim(storage.engine, number, spec, "cpu") as launch:
        yield launch


@pytest.fixture
def second(url: str, first: Launch, make_spec: SpecMaker) -> Iterator[Launch]:
    """In another process, as it were, which has a connection of its own."""
    spec, opened = make_spec(name="second"), Storage(url, create=True)
    number = opened.study_id(opened.open_study(spec))
    with suppress(StudyTakenError), claim(opened.engine, number, spec, "cpu") as launch:
        yield launch
    opened.engine.dispose()


def wanted_by(launch: Launch | None, storage: Storage, spec: StudySpec) -> Wanted:
    engine = storage.engine if launch is None else launch.engine
    ledger, cells = LaunchLedger(engine, spec.protocol), spec.cells_ahead()
    tasks = (
        NetworkTask(Replicate(c.configuration, seed), c.reads) for c in cells for seed in c.seeds
    )
    return Wanted(ledger, launch, PATIENCE, cells, tasks)


def all_of(wanted: Wanted) -> list[NetworkTask]:
    return wanted.next_tasks(1000, 0.0)


def reserved(storage: Storage) -> int:
    with storage.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(ReservationRow)).scalar_one()


def ended(launch: Launch) -> None:
    """In a thread of its own, which the fence of the launch is not for."""
    thread = threading.Thread(target=launch.end, args=("interrupted",))
    thread.start()
    thread.join()


def record(wanted: Wanted, launch: Launch, tasks: list[NetworkTask]) -> None:
    records, outcome = train_replicates(tasks, wanted.ledger.protocol, "cpu")
    wanted.ledger.add(records, Trainer.here("cpu", outcome.device), run_id=launch.id)


def test_as_many_are_reserved_as_are_wanted_in_their_order(
    storage: Storage, first: Launch, make_spec: SpecMaker
) -> None:
    wanted = wanted_by(first, storage, make_spec())
    tasks = wanted.next_tasks(3, 0.0)
    assert [task.replicate.seed for task in tasks] == [0, 1, 2]
    assert reserved(storage) == 3
    assert len(wanted.next_tasks(0, tasks[0].steps)) == 1  # one network is more work than that
    assert wanted.next_tasks(0, 0.0) == []
    assert len(all_of(wanted)) == 16 - 4
    assert wanted.none_left


def test_what_is_thrown_away_is_not_reserved(storage: Storage, make_spec: SpecMaker) -> None:
    assert len(all_of(wanted_by(None, storage, make_spec()))) == 16
    assert reserved(storage) == 0


def test_what_another_launch_trains_is_left_to_it_until_it_is_recorded(
    storage: Storage, first: Launch, second: Launch, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    ours, theirs = wanted_by(first, storage, spec), wanted_by(second, storage, spec)
    tasks = theirs.next_tasks(3, 0.0)
    assert len(all_of(ours)) == 16 - 3
    assert not ours.none_left
    assert ours.recorded_elsewhere() == []
    record(theirs, second, tasks[:2])
    assert all_of(ours) == []
    assert ours.recorded_elsewhere() == [task.replicate for task in tasks[:2]]
    assert ours.recorded_elsewhere() == []
    ended(second)
    assert all_of(ours) == tasks[2:]
    assert ours.none_left


def test_a_network_that_kills_is_left_to_others_at_once(
    storage: Storage, first: Launch, second: Launch, make_spec: SpecMaker
) -> None:
    """Two launches that each gave up what the other waits for would wait for ever."""
    spec = make_spec()
    ours, theirs = wanted_by(first, storage, spec), wanted_by(second, storage, spec)
    (task,) = ours.next_tasks(1, 0.0)
    assert task not in all_of(theirs)
    ours.let_go(task)
    assert all_of(theirs) == [task]


def test_what_another_launch_trains_is_passed_over_at_once(
    storage: Storage, first: Launch, second: Launch, make_spec: SpecMaker
) -> None:
    """Else all that run side by side would go through the cells behind the first of them."""
    spec = make_spec()
    ours, theirs = wanted_by(first, storage, spec), wanted_by(second, storage, spec)
    before = theirs.next_tasks(7, 0.0)
    after = ours.next_tasks(2, 0.0)
    assert len(before) == 7
    assert len(after) > 0
    assert not {*before} & {*after}
    assert reserved(storage) == 7 + len(after)


def test_what_was_recorded_after_it_was_planned_is_not_trained_nor_kept_reserved(
    storage: Storage, first: Launch, second: Launch, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    ours, theirs = wanted_by(first, storage, spec), wanted_by(second, storage, spec)
    tasks = all_of(theirs)
    record(theirs, second, [task for task in tasks if task.replicate.configuration.static])
    ended(second)
    assert len(all_of(ours)) + len(ours.recorded_elsewhere()) == 16
    assert reserved(storage) == 8  # those of the dynamical loss


def test_studies_side_by_side_train_no_network_twice(
    storage: Storage, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynstudy.launch.chunks.CHUNK_SECONDS", 0.0)
    done: list[Any] = []

    def launch(name: str) -> None:
        opened = Storage(url, create=True)
        done.append(dynstudy.run(StudySpec.of(SMALL | {"name": name}), storage=opened))
        opened.engine.dispose()

    threads = [threading.Thread(target=launch, args=(f"study{n}",), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert sum(each.trained for each in done) == networks(storage) == 16
    assert [each.trained + each.reused for each in done] == [16] * 4
    assert [len(trials(storage, f"study{number}")) for number in range(4)] == [5] * 4
    assert reserved(storage) == 0
