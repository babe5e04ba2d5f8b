"""Workers that come, are refused, and go."""

import asyncio
import importlib
from types import SimpleNamespace
from typing import Any

import pytest
from distributed.client import FutureCancelledError

from dynstudy.launch.executors import _dask_worker, cluster_workers
from dynstudy.launch.executors.dask import connect
from dynstudy.launch.executors.executor import Advanced, Executor, Lost, Said, Trained
from dynstudy.store.provenance import versions
from tests.command import LIMIT_SECONDS
from tests.launch.executors.chunks import (
    FOREVER,
    events_until,
    free_slot,
    free_slots,
    make_chunk,
)
from tests.launch.executors.clusters import cluster_here


def refusal(executor: Executor) -> Said:
    """What is said of a worker that is refused."""
    while "is refused" not in (said := events_until(executor, Said)[1]).line:
        assert "waiting" in said.line  # on a busy machine
    return said


@pytest.mark.parametrize("package", cluster_workers.COMPARED)
def test_a_worker_of_other_versions_is_refused_in_a_line(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = versions() | {package: "0.0.1"}
    monkeypatch.setattr(_dask_worker, "versions", lambda: theirs)
    ours = versions().get(package, "not installed")
    with cluster_here() as cluster, connect(cluster.address, backend="cpu") as executor:
        cluster.add_worker()
        executor.slots()
        said = refusal(executor)
        assert f"is refused: its {package} is 0.0.1, and {ours} here; install " in said.line
        assert "--other-versions" in said.line
        assert "\n" not in said.line
        assert executor.slots() == ()


def test_a_worker_of_other_versions_trains_where_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = versions() | {"numpy": "0.0.1"}
    monkeypatch.setattr(_dask_worker, "versions", lambda: theirs)
    monkeypatch.setattr("dynstudy.store.provenance.versions", lambda: theirs)  # what it trains with
    with cluster_here() as cluster:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu", other_versions=True) as executor:
            executor.submit(free_slot(executor), make_chunk())
            _, event = events_until(executor, Trained)
            assert event.trainer.versions["numpy"] == "0.0.1"


def test_a_worker_that_lacks_this_dynstudy_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # as unpickling fails there: what it is to call is in a module that it has not
    monkeypatch.setattr(cluster_workers, "greet", importlib.import_module)
    with cluster_here() as cluster:
        worker = cluster.add_worker()
        with connect(cluster.address, backend="another_dynstudy") as executor:
            said = refusal(executor)
    assert said.line == (
        f"worker {worker.address} is refused: it cannot run this dynstudy (ModuleNotFoundError: No "
        "module named 'another_dynstudy'); install there what is installed here"
    )


def test_a_worker_whose_greeting_is_of_another_dynstudy_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster_workers, "greet", str.encode)  # some other bytes
    with cluster_here() as cluster:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu") as executor:
            assert "it cannot run this dynstudy (UnpicklingError: " in refusal(executor).line


def test_a_worker_that_cannot_use_the_backend_is_refused_in_a_line() -> None:
    with cluster_here() as cluster:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu:1") as executor:
            said = refusal(executor)
            assert executor.slots() == ()
    assert "is refused: backend 'cpu:1'" in said.line
    assert "\n" not in said.line


def test_workers_of_one_machine_take_a_card_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dask_worker, "per_device", lambda _: ["cpu", "autograd"])
    with cluster_here() as cluster:
        for _ in range(4):
            cluster.add_worker()
        with connect(cluster.address, backend="auto") as executor:
            backends = []
            for slot in free_slots(executor, 4):
                executor.submit(slot, make_chunk(range(1)))
                backends.append(events_until(executor, Trained)[1].trainer.backend)
    assert sorted(backends) == ["autograd", "autograd", "cpu", "cpu"]


@pytest.mark.parametrize("lifetime", [False, True])
def test_a_worker_that_is_told_to_end_is_no_death_of_its_chunk(
    lifetime: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_dask_worker, "ADVANCED_SECONDS", 0.05)
    with cluster_here() as cluster:
        worker = cluster.add_worker()
        with connect(cluster.address, backend="cpu") as executor:
            slot, chunk = free_slot(executor), make_chunk(steps=FOREVER)
            executor.submit(slot, chunk)
            events_until(executor, Advanced)
            cluster.end_worker(worker, lifetime=lifetime)
            _, lost = events_until(executor, Lost)
            assert (lost.chunk, lost.slot, lost.killed) == (chunk, slot, False)
            assert slot not in executor.slots()
            executor.submit(slot, chunk)
            _, lost = events_until(executor, Lost)
            assert lost.why == "was gone before it got its chunk"
            cluster.add_worker()
            other = free_slot(executor)
            assert other.name != slot.name  # though machine and process are the same
            executor.submit(other, make_chunk())
            events_until(executor, Trained)


def test_a_call_that_is_given_up_takes_no_other_with_it() -> None:
    """Dask would fetch what both returned together, and give up both."""
    with cluster_here() as cluster:
        cluster.add_worker()
        with connect(cluster.address, backend="cpu") as executor:
            free_slot(executor)
            assert executor._workers is not None
            client, (member,) = executor._workers.client, executor._workers._workers.values()

            async def both() -> bytes:
                fetching, held = client._gather_semaphore, 0
                while not fetching.locked():
                    held += await fetching.acquire()
                calls = [cluster_workers.Call(bytes, size) for size in (1, 2)]
                one, two = (
                    asyncio.create_task(cluster_workers.sent(client, member, call))
                    for call in calls
                )
                while not two.done() and len(client._gather_keys or ()) < 2:
                    await asyncio.sleep(0.01)
                one.cancel()
                for _ in range(held):
                    fetching.release()
                return await two

            done = asyncio.run_coroutine_threadsafe(both(), executor._loop)
            assert done.result(LIMIT_SECONDS) == bytes(2)


def test_a_worker_that_is_asked_while_the_launch_ends_is_not_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def cancelled(*_: object) -> None:
        raise FutureCancelledError("loads-1", "unknown")

    monkeypatch.setattr(cluster_workers, "sent", cancelled)
    said: list[object] = []

    async def look(status: str) -> None:
        client: Any = SimpleNamespace(status=status, subscribe_topic=lambda *_: None)
        workers = cluster_workers.ClusterWorkers(client, "cpu", False, said.append)
        workers.look({"tcp://127.0.0.1:1": {"last_seen": 1.0, "status": "running"}}, 0.0)
        await asyncio.sleep(0.01)

    asyncio.run(look("closing"))
    assert said == []
    asyncio.run(look("running"))
    assert len(said) == 1
