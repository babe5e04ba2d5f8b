"""Processes on this machine that end with the launch."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from dynstudy.errors import ClusterError
from dynstudy.launch.executors import cluster_workers
from dynstudy.launch.executors.dask import Dask, connect, local
from dynstudy.launch.executors.executor import Advanced, Lost, Slot, Trained
from dynstudy.launch.executors.local_cluster import surroundings
from dynstudy.task.initial import NAMES, Initial
from tests.command import LIMIT_SECONDS, process
from tests.conftest import ROOT
from tests.drawn_network import draw
from tests.launch.executors.chunks import FOREVER, events_until, free_slot, make_chunk
from tests.launch.executors.clusters import stranger


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


def test_workers_never_see_the_database_or_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://me:quite-hidden@db.example/studies"
    names = (
        "DYNSTUDY_STORAGE",
        "OPTUNA_STORAGE",
        "PGPASSWORD",
        "PGHOST",
        "ANOTHERS_URL",
        "A_TOKEN",
    )
    for name in names:
        monkeypatch.setenv(name, url)
    monkeypatch.setenv("DYNSTUDY_STORAGE", "postgresql+psycopg://db.example/studies")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    environment = surroundings(2)
    assert not {*names} & {*environment}
    assert "example" not in " ".join(environment.values())
    assert environment["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert environment["PATH"] == os.environ["PATH"]


@pytest.mark.long
def test_networks_that_start_from_a_file_leave_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers end at once, and tidy nothing up."""
    made = tmp_path / "of_workers"
    made.mkdir()
    monkeypatch.setenv("TMPDIR", str(made))
    file = tmp_path / "start.npz"
    np.savez(file, **dict(zip(NAMES, draw(3, 6, 3), strict=True)))
    with local("cpu", 1) as executor:
        chunk = make_chunk([0], initial=Initial.read(file, 3, "float32"))
        executor.submit(free_slot(executor), chunk)
        events_until(executor, Trained)
    assert list(made.glob("**/*.npz")) == []


def test_a_worker_that_is_stopped_or_killed_is_lost_and_comes_again_under_another_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with local("cpu", 1) as executor:
        slot, endless = free_slot(executor), make_chunk(steps=FOREVER)
        pid = int(slot.name.rpartition(":")[2])
        executor.submit(slot, endless)
        events_until(executor, Advanced)
        os.kill(pid, signal.SIGSTOP)
        with monkeypatch.context() as patch:
            patch.setattr(cluster_workers, "SILENT_SECONDS", 0.5)
            _, lost = events_until(executor, Lost)
        assert (lost.chunk, lost.slot, lost.killed) == (endless, slot, False)
        assert executor.slots() == ()
        os.kill(pid, signal.SIGCONT)
        again = free_slot(executor)
        assert again.name == f"{slot.name} (2)"  # it is the same process
        executor.submit(again, make_chunk())
        events_until(executor, Trained)  # it has left what it was training
        executor.submit(again, endless)
        events_until(executor, Advanced)
        os.kill(pid, signal.SIGKILL)
        _, lost = events_until(executor, Lost)
        assert (lost.chunk, lost.slot, lost.killed) == (endless, again, True)
        other = free_slot(executor)
        assert str(pid) not in other.name
        executor.submit(other, make_chunk())
        events_until(executor, Trained)
        last = process_of(other)
        last.suspend()
    assert not last.is_running()  # though it could not end by itself


@pytest.mark.long
def test_workers_come_again_though_what_keeps_them_running_is_killed() -> None:
    with local("cpu", 1) as executor:
        slot = free_slot(executor)
        worker = process_of(slot)
        starter = worker.parent()
        assert starter is not None
        starter.kill()
        psutil.wait_procs([worker], LIMIT_SECONDS)
        assert not worker.is_running()
        other = free_slot(executor, but=[slot])
        executor.submit(other, make_chunk())
        events_until(executor, Trained)


def process_of(slot: Slot) -> psutil.Process:
    """The worker that has a slot."""
    return psutil.Process(int(slot.name.split()[0].rpartition(":")[2]))


SCRIPT = """
import sys, time
from dynstudy.launch.executors.dask import local
from tests.launch.executors.chunks import FOREVER, free_slots, make_chunk

executor = local("cpu", 2)
for slot in free_slots(executor, 2):
    executor.submit(slot, make_chunk(steps=FOREVER))
    print(slot.name.rpartition(":")[2])
print("training", flush=True)
time.sleep(300 if sys.argv[1] == "stays" else 0)
executor.stop(drop=True)
"""


def test_workers_end_with_a_launch_that_is_killed_and_ctrl_c_is_not_for_them() -> None:
    with process(ROOT, sys.executable, "-c", SCRIPT, "stays") as launch:
        launch.until(lambda: "training" in launch.out)
        workers = [psutil.Process(int(line)) for line in launch.out.split()[:2]]
        # what the terminal sends, it sends to the group of the launch
        assert not {os.getpgid(worker.pid) for worker in workers} & {os.getpgid(launch.pid)}
        launch.kill()
    gone, alive = psutil.wait_procs(workers, LIMIT_SECONDS)
    assert (len(gone), alive) == (2, [])


def test_nothing_is_written_to_the_terminal_and_no_process_is_left() -> None:
    with process(ROOT, sys.executable, "-W", "error", "-c", SCRIPT, "ends") as launch:
        status, out, err = launch.ends()
    assert (status, err) == (0, "")
    assert not [pid for pid in out.split()[:2] if psutil.pid_exists(int(pid))]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Dask, psutil.Process]]:
    with local("cpu", 1) as executor:
        yield executor, psutil.Process(int(free_slot(executor).name.rpartition(":")[2]))


def test_a_command_line_and_an_environment_show_no_credentials(
    running: tuple[Dask, psutil.Process],
) -> None:
    worker = running[1]
    shown = " ".join([*worker.cmdline(), *worker.environ().values()])
    assert "PRIVATE" not in shown
    assert "CERTIFICATE" not in shown


def test_nothing_listens_beyond_this_machine(
    running: tuple[Dask, psutil.Process],
) -> None:
    for process_of_it in (psutil.Process(), running[1]):
        ports = [c.laddr for c in process_of_it.net_connections("tcp") if c.status == "LISTEN"]
        assert {port.ip for port in ports} == {"127.0.0.1"}


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_port_is_of_no_use_to_who_has_other_credentials(
    scheme: str,
    running: tuple[Dask, psutil.Process],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dynstudy.launch.executors.scheduler.CONNECT_SECONDS", 0.5)
    credentials = stranger(tmp_path) if scheme == "tls" else {}
    address = running[0]._address.replace("tls", scheme)
    with pytest.raises(ClusterError, match=f"what answers at {address} is no scheduler"):
        connect(address, backend="cpu", **credentials)
