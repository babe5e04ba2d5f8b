"""Processes on this machine that end with the launch."""

import pytest

from dynstudy.launch.executors.local_cluster import surroundings


@pytest.mark.parametrize(("workers", "each"), [(1, "5"), (2, "2"), (5, "1"), (16, "1")])
def test_workers_share_the_threads(
    workers: int, each: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNSTUDY_THREADS", "5")
    assert surroundings(workers)["DYNSTUDY_THREADS"] == each


def test_workers_import_what_this_process_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", ["/somewhere", ""])
    first, second = surroundings(1)["PYTHONPATH"].split(":")
    assert first == "/somewhere"
    assert second.startswith("/")  # wherever the worker is started
