"""One process; what all executors do is tested with their contract."""

import threading

import pytest

from dynstudy.launch.executors import here as module
from dynstudy.launch.executors.executor import Advanced
from dynstudy.launch.executors.here import Here, here
from tests.launch.executors.chunks import FOREVER, events_until, make_chunk


def test_it_has_one_slot_however_many_processes_are_asked_for() -> None:
    assert len(here("cpu", 4).slots()) == 1


def test_it_says_how_far_it_is() -> None:
    with Here("cpu") as executor:
        executor.submit(executor.slot, make_chunk(steps=FOREVER))
        _, event = events_until(executor, Advanced)
        assert 0 < event.steps < FOREVER


def test_a_chunk_that_does_not_answer_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    monkeypatch.setattr(module, "DROP_SECONDS", 0.01)
    monkeypatch.setattr(module, "train_replicates", lambda *_: answer.wait(300))
    executor = Here("cpu")
    executor.submit(executor.slot, make_chunk())
    assert not executor.stop(drop=True)
    answer.set()
