"""Workers of a scheduler that is there."""

import asyncio
import gc
import io
import logging
import threading
from typing import Any

import pytest
from distributed.client import AllExit, FutureCancelledError
from distributed.comm import CommClosedError

from dynstudy.errors import ClusterError
from dynstudy.launch.executors import _dask_worker, local_cluster, scheduler
from dynstudy.launch.executors import dask as module
from dynstudy.launch.executors._dask_worker import Call
from dynstudy.launch.executors.cluster_workers import Member
from dynstudy.launch.executors.dask import connect, local
from dynstudy.launch.executors.executor import Advanced, Lost, Said, Trained
from tests.command import LIMIT_SECONDS
from tests.launch.executors.chunks import FOREVER, events_until, free_slot, make_chunk
from tests.launch.executors.clusters import Cluster, cluster_here


def test_two_launches_on_one_worker_train_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dask_worker, "ADVANCED_SECONDS", 0.05)
    with cluster_here() as cluster:
        cluster.add_worker(nthreads=2)
        with connect(cluster.address, backend="cpu") as one:
            one.submit(free_slot(one), make_chunk(steps=FOREVER))
            with connect(cluster.address, backend="cpu") as two:
                slot, short = free_slot(two), make_chunk()
                events_until(one, Advanced)
                two.submit(slot, short)
                for _ in range(3):
                    events_until(one, Advanced)
                assert two.events.empty()
                one.stop(drop=True)
                assert events_until(two, Trained)[1].chunk is short


def test_without_workers_it_waits_with_a_message_and_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(module, "WAITING_SECONDS", 0.02)
    with (
        cluster_here() as cluster,
        connect(cluster.address, backend="cpu", patience=0.1) as executor,
    ):
        _, said = events_until(executor, Said)
        assert said.line.startswith(f"no worker at {cluster.address} yet; waiting for ")
        with pytest.raises(ClusterError, match=r"no worker at .*, when there are some: `dask w"):
            events_until(executor, Trained)


def test_workers_that_are_all_refused_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    with cluster_here() as cluster:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu:1", patience=2.0) as executor:
            events_until(executor, Said)
            with pytest.raises(ClusterError, match=", but for 1 refused; what has landed is rec"):
                events_until(executor, Trained)


def test_workers_of_this_machine_may_take_their_time_to_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has no patience with a database does not mean them."""
    with local("cpu", 1, patience=0.0) as executor:
        assert free_slot(executor)
    with local("cpu", 1, patience=500.0) as executor:
        assert executor.patience == 500.0


def test_workers_of_this_machine_that_do_not_start_are_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def nobody(*_: Any) -> None:
        await asyncio.sleep(LIMIT_SECONDS)

    monkeypatch.setattr(local_cluster, "_kept_running", nobody)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(module, "STARTED_SECONDS", 0.1)
    with local("cpu", 1, patience=0.0) as executor:
        assert executor.slots() == ()
        with pytest.raises(ClusterError, match=r"no worker at .* for 0 s; .*, with fewer --w"):
            events_until(executor, Trained)


def test_a_chunk_for_a_scheduler_that_is_gone_is_not_taken_for_a_bad_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is sent when the end of the scheduler was noticed, and before that is told."""
    closed, tried = threading.Event(), threading.Event()
    send = module.sent

    async def seen(*arguments: Any) -> bytes:
        try:
            return await send(*arguments)
        finally:
            if closed.is_set():
                tried.set()

    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(module, "sent", seen)
    monkeypatch.setattr(scheduler, "CLOSE_SECONDS", LIMIT_SECONDS)
    with cluster_here() as cluster:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu") as executor:
            slot = free_slot(executor)
            assert executor._workers is not None
            close = executor._workers.client.close

            async def closes_slowly() -> None:
                await close()
                closed.set()
                while not tried.is_set():
                    await asyncio.sleep(0.01)

            monkeypatch.setattr(executor._workers.client, "close", closes_slowly)
            cluster.end_scheduler()
            assert closed.wait(LIMIT_SECONDS)
            executor.submit(slot, make_chunk())
            with pytest.raises(ClusterError, match=r"the scheduler at .* is gone; what has landed"):
                raise AssertionError(executor.next_event(LIMIT_SECONDS))


@pytest.mark.parametrize(
    "error", [CommClosedError("in gather"), FutureCancelledError("key", "another user's")]
)
def test_what_goes_wrong_between_scheduler_and_launch_is_no_error_of_a_chunk(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, broken = module.sent, list[Call]()

    async def breaks_once(client: Any, worker: Member, call: Call) -> bytes:
        content = await send(client, worker, call)
        if not broken:
            broken.append(call)
            raise error
        return content

    monkeypatch.setattr(module, "sent", breaks_once)
    with cluster_here() as cluster:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu") as executor:
            slot, chunk = free_slot(executor), make_chunk()
            executor.submit(slot, chunk)
            before, lost = events_until(executor, Lost)
            assert not [event for event in before if not isinstance(event, Advanced)]
            assert (lost.chunk, lost.slot, lost.killed) == (chunk, slot, False)
            executor.submit(slot, chunk)
            assert events_until(executor, Trained)[1].chunk is chunk


def test_stopped_before_it_began_it_never_begins() -> None:
    """Ctrl-C comes twice before the thread that feeds it asks for slots."""
    executor = local("cpu", 1)
    assert executor.stop(drop=True)
    assert executor.slots() == ()
    assert not executor._thread.is_alive()
    assert executor.stop(drop=True)


def test_what_fails_within_dask_is_not_said(caplog: pytest.LogCaptureFixture) -> None:
    """Of a worker that dies it leaves tasks behind which nobody waits for."""

    async def fails() -> None:
        raise AllExit

    async def left_behind() -> None:
        task = asyncio.create_task(fails())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert task.done()

    with cluster_here() as cluster, connect(cluster.address, backend="cpu") as executor:
        asyncio.run_coroutine_threadsafe(left_behind(), executor._loop).result(LIMIT_SECONDS)
        gc.collect()
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_that_it_no_longer_looks_for_a_scheduler_is_not_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dask's side still does, where it cannot be closed in time."""

    async def comes_too_late() -> None:
        await asyncio.sleep(0)

    said, logger = io.StringIO(), logging.getLogger("distributed")
    handler = logging.StreamHandler(said)
    logger.addHandler(handler)
    cluster = Cluster()
    try:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu") as executor:
            free_slot(executor)
            assert executor._workers is not None
            monkeypatch.setattr(executor._workers.client, "close", comes_too_late)
            cluster.end_scheduler()
            with pytest.raises(ClusterError, match="is gone"):
                events_until(executor, Trained)
    finally:
        cluster.close()
        logger.removeHandler(handler)
    assert "_reconnect" not in said.getvalue()
