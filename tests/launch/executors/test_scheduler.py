"""A scheduler that is one, that is none, and that goes."""

import asyncio
import socket
import threading
import time
from contextlib import suppress

import pytest

from dynstudy.errors import ClusterError
from dynstudy.launch.executors import dask
from dynstudy.launch.executors import scheduler as module
from dynstudy.launch.executors.dask import connect
from dynstudy.launch.executors.executor import Advanced, Trained
from tests.command import LIMIT_SECONDS
from tests.launch.executors.chunks import FOREVER, events_until, free_slot, make_chunk
from tests.launch.executors.clusters import cluster_here


def test_a_scheduler_that_dies_ends_the_launch_in_a_line_and_what_landed_comes_before() -> None:
    with cluster_here() as cluster:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu") as executor:
            slot = free_slot(executor)
            chunk = make_chunk()
            executor.submit(slot, chunk)
            until = time.monotonic() + LIMIT_SECONDS
            while executor.events.empty():
                assert time.monotonic() < until
                time.sleep(0.01)
            executor.submit(slot, make_chunk(steps=FOREVER))
            cluster.end_scheduler()
            assert events_until(executor, Trained)[1].chunk is chunk
            with pytest.raises(ClusterError, match=r"is gone; what has landed .* same command"):
                events_until(executor, Trained)
            executor.submit(slot, chunk)  # nobody hears it any more
            assert executor.stop(drop=True)


def test_a_connection_that_breaks_and_comes_back_leaves_no_launch_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The scheduler has forgotten what was to be trained, which nobody would miss."""
    monkeypatch.setattr(dask, "LOOK_SECONDS", 2.0)
    with cluster_here() as cluster:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu") as executor:
            executor.submit(free_slot(executor), make_chunk(steps=FOREVER))
            events_until(executor, Advanced)
            cluster.cut_off_clients()
            with pytest.raises(ClusterError, match=r"is gone; what has landed .* same command"):
                events_until(executor, Trained)


def test_it_stops_at_once_though_the_scheduler_gives_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = threading.Event()
    with cluster_here() as cluster:
        executor = connect(cluster.address, backend="cpu")

        async def never(*_: object) -> None:
            asked.set()
            await asyncio.sleep(LIMIT_SECONDS)

        monkeypatch.setattr("dynstudy.launch.executors.dask.who_is_there", never)
        assert asked.wait(LIMIT_SECONDS)
        assert executor.stop(drop=True)


def test_a_worker_is_no_scheduler() -> None:
    with cluster_here() as cluster:
        worker = cluster.add_worker()
        with pytest.raises(ClusterError, match="is a worker of Dask's, and no scheduler"):
            connect(worker.address, backend="cpu")


def test_what_listens_is_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"what answers at {address} is no scheduler"):
            connect(address, backend="cpu")


def test_what_listens_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"{address} is no .* \\(it says nothing\\); "):
            connect(address, backend="cpu")


def test_a_cluster_of_this_machine_that_does_not_start_is_no_scheduler_without_an_address() -> None:
    line = str(module.in_a_line(ValueError("Invalid time unit:\nsoon"), ""))
    assert line.startswith("Dask's processes cannot be started here: Invalid time unit: soon; look")
    assert "without --workers" in line
