"""Training side by side; two backends of the processor stand for two cards."""

import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from sqlalchemy import text

import dynstudy
from dynstudy.config import Configuration, Replicate
from dynstudy.errors import BackendError
from dynstudy.launch import training
from dynstudy.launch.replicates import Task
from dynstudy.launch.workers import Apart, _serve, train_here, workers
from dynstudy.protocol import Protocol
from dynstudy.store.origins import origins
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION
from dynstudy.store.studies import Storage
from tests.command import LIMIT_SECONDS, process
from tests.conftest import ROOT
from tests.planted import SpecMaker

PROTOCOL = Protocol(steps=40, tail=4)
CHUNK = [Task(Replicate(Configuration("ce", 5, 0.1), seed), (40,)) for seed in range(3)]


@pytest.fixture
def apart() -> Iterator[Apart]:
    worker = Apart("cpu")
    yield worker
    if worker.process is not None:
        worker._end()


@pytest.fixture
def two_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynstudy.launch.workers.per_device", lambda _: ["cpu", "autograd"])
    monkeypatch.setattr("dynstudy.launch.chunks.CHUNK_SECONDS", 0.0)


@pytest.mark.usefixtures("two_cards")
def test_two_cards_share_the_chunks_of_a_study(storage: Storage, make_spec: SpecMaker) -> None:
    seen = []
    done = dynstudy.run(
        make_spec(), storage=storage, report=lambda p: seen.append((p.work_done, p.work))
    )
    assert (done.trained, done.interrupted, done.cells) == (16, False, 5)
    assert seen[-1][0] == pytest.approx(seen[-1][1])
    with storage.engine.connect() as connection:
        query = text("SELECT backend, count(*) FROM dynstudy_replicate GROUP BY backend")
        shares = dict(tuple(row) for row in connection.execute(query))
    assert set(shares) == {"cpu", "autograd"}
    assert sum(shares.values()) == 16
    assert dynstudy.run(make_spec(), storage=storage).reused == 16


@pytest.mark.usefixtures("two_cards")
def test_what_trained_a_network_is_what_its_process_says(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may be another machine, whose processor and versions are not those of this one."""
    elsewhere = Trainer("cpu", "its device", "its processor", {"numpy": "its version"})
    original = Apart.__call__

    def there(self: Apart, *arguments: Any) -> Any:
        records, trainer = original(self, *arguments)
        return records, elsewhere if trainer.backend == "cpu" else trainer

    monkeypatch.setattr(Apart, "__call__", there)
    dynstudy.run(make_spec(), storage=storage)
    with storage.engine.connect() as connection:
        query = text("SELECT DISTINCT configuration FROM dynstudy_replicate")
        keys = list(connection.scalars(query))
    by_backend = {origin.backend: origin for origin in origins(storage.engine, keys)}
    assert set(by_backend) == {"cpu", "autograd"}
    assert sum(origin.networks for origin in by_backend.values()) == 16
    for trainer in (elsewhere, Trainer.here("autograd", by_backend["autograd"].device)):
        origin = by_backend[trainer.backend]
        assert (origin.device, origin.processor) == (trainer.device, trainer.processor)
        assert origin.versions == trainer.versions


@pytest.mark.usefixtures("two_cards")
def test_told_to_stop_both_cards_finish_their_chunks(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = []
    original = training.Training._launched

    def stop(self: training.Training, *arguments: object) -> object:
        launched.append(arguments)
        if len(launched) == 2:
            self.stop_after_chunk.set()
        return original(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(training.Training, "_launched", stop)
    done = dynstudy.run(make_spec(), storage=storage)
    assert done.interrupted
    assert done.trained == sum(len(chunk) for _, chunk in launched) > 0


def test_one_device_is_trained_on_in_this_process() -> None:
    (worker,) = workers("cpu")
    assert worker.func is train_here  # type: ignore[attr-defined]


def test_a_process_trains_what_this_one_would(apart: Apart) -> None:
    steps: list[int] = []
    records, trainer = apart(CHUNK, PROTOCOL, steps.append)
    expected, ours = train_here("cpu", CHUNK, PROTOCOL, lambda _: None)
    assert [r.measures for r in records] == [r.measures for r in expected]
    for record, other in zip(records, expected, strict=True):
        for name in (TRAIN, VALIDATION):
            np.testing.assert_array_equal(record.series[name].values, other.series[name].values)
    assert trainer == ours == Trainer.here("cpu", ours.device)
    assert steps[-1] == 40
    process = apart.process
    apart(CHUNK, PROTOCOL, steps.append)
    assert apart.process is process


def test_versions_are_those_of_the_process_that_trains(
    apart: Apart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "numpy-0.0.1.dist-info" / "METADATA"
    facts.parent.mkdir()
    facts.write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)  # what the process starts with, and this one does not keep
        apart._connected()
    _, trainer = apart(CHUNK, PROTOCOL, lambda _: None)
    here = Trainer.here("cpu", trainer.device)
    assert trainer.versions == here.versions | {"numpy": "0.0.1"}
    assert here.versions["numpy"] == np.__version__


def test_a_dropped_chunk_ends_its_process_and_the_next_begins_another(apart: Apart) -> None:
    class Dropped(Exception):  # noqa: N818
        pass

    def drop(_: int) -> None:
        raise Dropped

    with pytest.raises(Dropped):
        apart(CHUNK, PROTOCOL, drop)
    assert apart.process is None
    assert len(apart(CHUNK, PROTOCOL, lambda _: None)[0]) == 3


def test_a_process_that_ends_is_told_in_a_line(apart: Apart) -> None:
    def kill(_: int) -> None:
        assert apart.process is not None
        apart.process.kill()

    long = Protocol(steps=10**7, tail=4)
    with pytest.raises(BackendError, match=r"trained on cpu ended with exit code -9.*run the stu"):
        apart([Task(task.replicate, (10**7,)) for task in CHUNK], long, kill)


def test_an_error_there_is_an_error_here() -> None:
    worker = Apart("autograd:nope")
    with pytest.raises(BackendError, match="has no device 'nope'"):
        worker(CHUNK, PROTOCOL, lambda _: None)
    worker._end()


def test_an_error_of_its_system_is_told_and_is_no_lost_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("dynstudy.launch.workers.train_replicates", full)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the tests' own process
    ours, theirs = multiprocessing.Pipe()
    serving = threading.Thread(target=_serve, args=(theirs, "cpu"), daemon=True)
    serving.start()
    ours.send((CHUNK, PROTOCOL))
    assert ours.poll(10)
    assert str(ours.recv()) == "no space left on device"
    ours.close()
    serving.join(10)
    assert not serving.is_alive()


def test_a_process_does_not_outlive_the_one_that_started_it(tmp_path: Path) -> None:
    script = tmp_path / "start.py"
    script.write_text(
        "import os, time\n"
        "from dynstudy.launch.workers import Apart\n"
        "if __name__ == '__main__':\n"
        "    worker = Apart('cpu')\n"
        "    worker._connected()\n"
        "    print(worker.process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with process(ROOT, sys.executable, str(script)) as parent:
        parent.until(lambda: "\n" in parent.out)
        child = psutil.Process(int(parent.out))
        parent.kill()
    until = time.monotonic() + LIMIT_SECONDS  # it imports first
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.05)
