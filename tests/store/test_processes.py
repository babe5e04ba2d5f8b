"""Whether the process of a launch is still there, as far as one can tell."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from dynstudy.store import processes
from dynstudy.store.processes import is_there


def this_process() -> dict[str, Any]:
    return processes.this_process() | {"host": socket.gethostname()}


@contextmanager
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def as_it_tells(pid: int) -> dict[str, Any]:
    stat = processes._stat(pid)
    assert stat is not None
    return this_process() | {"pid": pid, "ticks": int(stat[processes.STARTED])}


def test_this_process_is_there_and_one_of_its_number_before_it_is_not() -> None:
    assert is_there(this_process()) is True
    assert is_there(this_process() | {"ticks": this_process()["ticks"] - 1}) is False
    assert is_there(this_process() | {"host": "elsewhere"}) is None


def test_a_killed_process_is_gone_even_if_nobody_took_note_of_it() -> None:
    with child() as process:
        described = as_it_tells(process.pid)
        assert is_there(described) is True
        process.send_signal(signal.SIGSTOP)
        assert is_there(described) is True
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_there(described) is False  # a zombie
    assert is_there(described) is False


@pytest.mark.parametrize("namespace", ["another boot pid:[1]", "boot pid:[2]"])
def test_a_number_of_another_namespace_says_nothing(namespace: str) -> None:
    described = this_process() | {"namespace": namespace}
    assert is_there(described) is None
    assert is_there(described | {"pid": 2**22 + 1}) is None


def test_what_proc_shows_of_another_namespace_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = this_process()
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("boot\n")
    (tmp_path / "1/ns").mkdir(parents=True)
    (tmp_path / "1/ns/pid").symlink_to("pid:[1]")
    (tmp_path / "self").symlink_to("1")
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert this_process()["namespace"] is None
    assert is_there(described) is None


def test_a_process_that_is_not_shown_may_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_stat", lambda pid: None)
    assert is_there(this_process()) is None
    assert is_there(this_process() | {"pid": 2**22 + 1}) is False


def test_a_step_of_the_clock_moves_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    described = this_process()
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: 3.0)
    monkeypatch.setattr("time.time", lambda: 7.0)
    assert is_there(described) is True


def test_what_an_older_dynstudy_told_is_understood() -> None:
    host, began = os.uname().nodename, psutil.Process().create_time()
    described = {"host": host, "pid": os.getpid(), "process_started": began}
    assert is_there(described) is True
    assert is_there(described | {"process_started": began - 10}) is None
    assert is_there(described | {"host": "elsewhere"}) is None
