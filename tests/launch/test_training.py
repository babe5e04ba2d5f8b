"""Training what the ledger lacks: interrupted at any time, in any thread."""

import math
import threading
from typing import Any

import pytest

import dynstudy
from dynstudy.launch import training
from dynstudy.launch.training import Progress
from dynstudy.store.studies import Storage
from tests.launch.recorded import networks, trials
from tests.planted import SpecMaker


@pytest.mark.usefixtures("small_chunks")
def test_told_to_stop_it_finishes_its_chunk_and_resumes(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = training.Training._record

    def stop_after(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self.stop_after_chunk.set()

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
    original = training.Training._launched

    def drop(self: Any, worker: Any, chunk: Any) -> Any:
        self.stop_after_chunk.set()
        self.drop_chunk.set()
        return original(self, worker, chunk)

    monkeypatch.setattr(training.Training, "_launched", drop)


@pytest.mark.usefixtures("told_twice")
def test_told_twice_it_drops_its_chunk(storage: Storage, make_spec: SpecMaker) -> None:
    done = dynstudy.run(make_spec(), storage=storage)
    assert (done.interrupted, done.trained, networks(storage)) == (True, 0, 0)


@pytest.mark.usefixtures("told_twice")
def test_a_chunk_that_does_not_answer_is_left_behind(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()
    monkeypatch.setattr(training, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr("dynstudy.launch.workers.train_replicates", lambda *_: answer.wait(300))
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


def test_what_is_left_follows_from_the_work_and_not_from_the_networks() -> None:
    progress = Progress()
    assert math.isnan(progress.seconds_left)
    progress.began -= 10
    progress.expect(networks=8, work=100.0)
    progress.work_done = 25.0  # of wide networks, of which one is done
    progress.done = 1
    assert progress.seconds_left == pytest.approx(30, rel=0.01)
    progress.steps_done = 500.0
    assert progress.rate == pytest.approx(50, rel=0.01)


def test_nothing_is_foretold_from_the_time_that_compiling_takes() -> None:
    """One step of 30 000 after two seconds of compiling said `182:47:07 left` of one second."""
    progress = Progress(work=30_000.0, work_done=1.0)
    progress.began -= 2
    assert math.isnan(progress.seconds_left)
    progress.work_done = 300.0
    assert progress.seconds_left == pytest.approx(2 * 99, rel=0.01)


def test_more_may_be_expected_on_the_way() -> None:
    progress = Progress(done=5, work_done=50.0)
    progress.expect(networks=3.4, work=30.0)
    assert (progress.networks, progress.work) == (8, 80.0)
