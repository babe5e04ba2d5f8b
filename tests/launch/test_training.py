"""Training what the ledger lacks: interrupted at any time, in any thread."""

import threading
from queue import SimpleQueue
from typing import Any

import pytest

import dynstudy
from dynstudy.config import Configuration, Replicate
from dynstudy.errors import ClusterError
from dynstudy.launch import training
from dynstudy.launch.executors import here
from dynstudy.launch.executors.executor import Chunk, Event, Said, Slot, Trained
from dynstudy.launch.executors.here import Here
from dynstudy.launch.progress import Progress
from dynstudy.launch.replicates import NetworkTask
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.store.ledger import Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from tests.command import LIMIT_SECONDS
from tests.launch.executors.planted import AtOnce
from tests.launch.recorded import networks, trials
from tests.planted import SpecMaker, small_map

CE = Configuration("ce", 5, 1.0)


@pytest.mark.usefixtures("small_chunks")
def test_told_to_stop_it_finishes_its_chunk_and_resumes(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = training.Training._record

    def stop_after(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self.interrupts.stop_after_chunk.set()

    monkeypatch.setattr(training.Training, "_record", stop_after)
    done = dynstudy.run(make_spec(), storage=storage)
    assert done.interrupted
    assert 0 < done.trained == networks(storage) < 16
    monkeypatch.undo()
    assert not dynstudy.run(make_spec(), storage=storage).interrupted
    assert len(trials(storage)) == 5


@pytest.fixture
def told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two Ctrl-C while the first chunk trains."""
    training_of: list[training.Training] = []
    plan, submit = training.Training.plan, Here.submit

    def planned(self: training.Training, *arguments: Any) -> Any:
        training_of.append(self)
        return plan(self, *arguments)

    def submitted(self: Here, *arguments: Any) -> None:
        submit(self, *arguments)
        training_of[0].interrupts.stop_after_chunk.set()
        training_of[0].interrupts.drop_chunk.set()

    monkeypatch.setattr(training.Training, "plan", planned)
    monkeypatch.setattr(Here, "submit", submitted)


@pytest.mark.usefixtures("told_twice")
def test_told_twice_it_drops_its_chunk(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slice_after_slice(*arguments: Any) -> None:
        while True:
            arguments[-1](1)

    monkeypatch.setattr(here, "train_replicates", slice_after_slice)
    done = dynstudy.run(make_spec(), storage=storage)
    assert (done.interrupted, done.trained, networks(storage)) == (True, 0, 0)


class Watched(AtOnce):
    """Its first chunk lands when `lands` is called, which returns when the dispatch has it."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.submitted, self.taken, self.handled = SimpleQueue[Any](), False, threading.Event()

    def submit(self, slot: Slot, chunk: Chunk) -> None:
        self.submitted.put((slot, chunk))

    def next_event(self, timeout: float) -> Event | None:
        if self.taken:
            self.handled.set()
        event = super().next_event(timeout)
        self.taken |= isinstance(event, Trained)
        return event

    def lands(self) -> None:
        super().submit(*self.submitted.get(timeout=LIMIT_SECONDS))
        assert self.handled.wait(LIMIT_SECONDS)


def test_told_twice_it_records_what_has_landed_before(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, plan = Watched(), training.Training.plan

    def planned(self: training.Training, *arguments: Any) -> Any:
        def report(_: Progress) -> None:
            executor.lands()
            self.interrupts.stop_after_chunk.set()
            self.interrupts.drop_chunk.set()

        self.report = report
        return plan(self, *arguments)

    monkeypatch.setattr(training.Training, "plan", planned)
    done = dynstudy.run(make_spec(), storage=storage, executor=executor)
    assert done.interrupted
    assert done.trained == networks(storage) == 2


@pytest.mark.usefixtures("told_twice")
def test_a_chunk_that_does_not_answer_is_left_behind(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()
    monkeypatch.setattr(here, "DROP_SECONDS", 0.01)
    monkeypatch.setattr(here, "train_replicates", lambda *_: answer.wait(300))
    done = dynstudy.run(make_spec(), storage=storage)
    answer.set()
    assert (done.interrupted, done.abandoned, done.trained) == (True, True, 0)


def test_it_runs_outside_the_main_thread(storage: Storage, make_spec: SpecMaker) -> None:
    results = []
    thread = threading.Thread(
        target=lambda: results.append(dynstudy.run(make_spec(), storage=storage)), daemon=True
    )
    thread.start()
    thread.join(300)
    assert results[0].trained == 16


def test_progress_ends_at_all_networks(storage: Storage, make_spec: SpecMaker) -> None:
    seen = []
    dynstudy.run(
        make_spec(),
        storage=storage,
        report=lambda progress: seen.append((progress.done, progress.networks, progress.rate)),
    )
    assert seen[-1][:2] == (16, 16)
    assert seen[-1][2] > 0


class Lands:
    """A dispatch of which this lands, one after the other, without waiting."""

    def __init__(self, *landed: Trained | Said | Exception) -> None:
        self.landed = [*landed]

    def next_landed(self, _timeout: float) -> Trained | Said | None:
        if not self.landed:
            return None
        if isinstance(landed := self.landed.pop(0), Exception):
            raise landed
        return landed


def chunk(worker: str, *seeds: int) -> Trained:
    """Networks that a worker trained in half a second."""
    tasks = tuple(NetworkTask(Replicate(CE, seed), (200,)) for seed in seeds)
    measures = {"train_accuracy": 0.5, "val_accuracy": 0.5}
    records = [Record(task.replicate, None, measures, {}) for task in tasks]
    of_worker = Chunk(tasks, small_map().protocol), Slot(worker, 1)
    return Trained(*of_worker, records, Trainer.here("cpu", "planned"), 0.5)


@pytest.fixture
def opened(storage: Storage) -> training.Training:
    ledger = LaunchLedger(storage.engine, small_map().protocol)
    return training.Training(ledger, None, Here("cpu"))


def test_chunks_that_have_landed_are_recorded_together_up_to_a_size(
    opened: training.Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "RECORD_NETWORKS", 3)
    chunks = [chunk("a", 0), chunk("b", 1, 2), chunk("a", 3), chunk("b", 4)]
    lands: Any = Lands(*chunks, Said("a line"))
    assert opened._landed(lands) == (chunks[:2], None)
    assert opened._landed(lands) == (chunks[2:], Said("a line"))
    assert opened._landed(lands) == ([], None)


def test_what_landed_before_nothing_can_be_trained_any_more_is_recorded(
    opened: training.Training, storage: Storage
) -> None:
    lands: Any = Lands(chunk("a", 0), chunk("b", 1, 2), ClusterError("no worker is left"))
    with pytest.raises(ClusterError):
        opened._landed(lands)
    assert networks(storage) == opened.progress.done == 3
