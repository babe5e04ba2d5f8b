"""The command line: within the test's process, and as a process where a test is about processes."""

import io
import logging
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, chdir, contextmanager
from logging import StreamHandler
from pathlib import Path
from typing import TextIO

import optuna
import pytest
from sqlalchemy import Connection, Engine, event

from dynstudy.cli import main, session

LIMIT_SECONDS = 300.0
"""What nothing a test waits for takes, on a machine however busy."""

SURROUNDINGS = {"COLUMNS": "200", "DYNSTUDY_THREADS": "2"}
SIGNALS = (signal.SIGINT, signal.SIGTERM)

# A script in the background ignores Ctrl-C, and its children inherit that: ours get it back.
WITH_SIGNALS = (
    "import os, signal, sys\n"
    "for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_DFL)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


def dynstudy(here: Path, *arguments: str, expected: int = 0, **variables: str) -> tuple[str, str]:
    """Run a command to its end, in this process but as if in one of its own.

    Args:
        here: the folder to run it in.
        arguments: what follows ``dynstudy``.
        expected: its exit status.
        variables: of the environment, besides this process's.

    Returns:
        What it wrote to stdout and stderr.
    """
    with Path(os.devnull).open() as nobody:
        status, out, err = called(here, nobody, *arguments, **variables)
    assert status == expected, out + err
    assert "Traceback" not in err
    return out, err


def fails(here: Path, *arguments: str) -> str:
    """Run a command that must end with one line on stderr and nothing on stdout or disk."""
    before = sorted(here.rglob("*"))
    out, err = dynstudy(here, *arguments, expected=2)
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert sorted(here.rglob("*")) == before
    return err


def answered(here: Path, answer: str, *arguments: str) -> tuple[str, str]:
    """Run a command whose stdin is a terminal at which somebody types an answer."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        with open(theirs, closefd=False) as terminal:
            status, out, err = called(here, terminal, *arguments)
    finally:
        os.close(ours)
        os.close(theirs)
    assert status == 0, err
    return out, err


def script(here: Path, code: str) -> None:
    """Run Python code in this process as a script in a folder; warnings are errors here, too."""
    with chdir(here), _own_engines():
        exec(compile(code, "script.py", "exec"), {"__name__": "__main__"})


def called(here: Path, stdin: TextIO, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """Call `main`, and leave this process as it was; returns exit status, stdout and stderr."""
    with tempfile.TemporaryFile("w+") as out:
        status, err = called_into(out, here, stdin, *arguments, **variables)
        return status, _written(out), err


def called_into(
    out: TextIO | None, here: Path, stdin: TextIO | None, *arguments: str, **variables: str
) -> tuple[int, str]:
    """As `called`, with any stdin and stdout; returns exit status and stderr."""
    with ExitStack() as stack:
        err = stack.enter_context(tempfile.TemporaryFile("w+", errors="backslashreplace"))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.chdir(here)
        for name in ("DYNSTUDY_STORAGE", "OPTUNA_STORAGE"):
            patch.delenv(name, raising=False)
        for name, value in (SURROUNDINGS | variables).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["dynstudy", *arguments])
        patch.setattr(sys.modules["__main__"], "__package__", None)  # or it is "python -m pytest"
        for name, stream in (("stdin", stdin), ("stdout", out), ("stderr", err)):
            patch.setattr(sys, name, stream)
        for scope in (_own_warnings(err), _own_logging(err), _own_signals(), _own_engines()):
            stack.enter_context(scope)
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
        except BaseException:  # a process would say so, and end
            traceback.print_exc(file=err)
            status = 1
        return status, _written(err)


def _written(stream: io.TextIOBase) -> str:
    stream.seek(0)
    return stream.read()


@contextmanager
def _own_warnings(err: TextIO) -> Iterator[None]:
    """Python's own filters instead of pytest's, and what passes them is printed."""

    def show(message, category, file, line, *_: object) -> None:  # type: ignore[no-untyped-def]
        err.write(warnings.formatwarning(message, category, file, line))

    with warnings.catch_warnings():
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning):
            warnings.simplefilter("ignore", category)
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield


@contextmanager
def _own_logging(err: TextIO) -> Iterator[None]:
    """How much is said is the process's; Optuna keeps the stderr that it was imported with."""
    verbosity, level = session.verbosity(), optuna.logging.get_verbosity()
    (handler,) = (h for h in logging.getLogger("optuna").handlers if type(h) is StreamHandler)
    before = handler.stream
    handler.setStream(err)
    try:
        yield
    finally:
        handler.setStream(before)
        optuna.logging.set_verbosity(level)
        session.set_verbosity(verbosity)


@contextmanager
def _own_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _own_engines() -> Iterator[None]:
    """The end of a process closes its connections."""
    engines = set[Engine]()

    def remember(connection: Connection) -> None:
        engines.add(connection.engine)

    event.listen(Engine, "engine_connect", remember)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", remember)
        for engine in engines:
            engine.dispose()


class Command:
    """A command in a process of its own.

    Args:
        here: the folder to run it in.
        program: what is run.
        folder: for what it says.
    """

    def __init__(self, here: Path, program: Sequence[str], folder: Path) -> None:
        self._files = folder / "stdout", folder / "stderr"
        with self._files[0].open("w") as out, self._files[1].open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-ISc", WITH_SIGNALS, *program],
                cwd=here,
                env=os.environ | SURROUNDINGS,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        self.pid = self.process.pid

    @property
    def out(self) -> str:
        """Its stdout so far."""
        return self._files[0].read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """Its stderr so far."""
        return self._files[1].read_text(encoding="utf-8")

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that it does; a process that never does it fails the test."""
        until = time.monotonic() + LIMIT_SECONDS
        while not condition():
            if self.process.poll() is not None:
                pytest.fail(f"it ended with {self.process.returncode}:\n{self.out}{self.err}")
            if time.monotonic() > until:
                pytest.fail(f"not within {LIMIT_SECONDS:.0f} s:\n{self.out}{self.err}")
            time.sleep(0.02)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Let it end without a chance to say goodbye."""
        self.process.kill()
        self.process.wait(LIMIT_SECONDS)

    def ends(self) -> tuple[int, str, str]:
        """Wait for its end; returns exit status, stdout and stderr."""
        try:
            status = self.process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.fail(f"not ended within {LIMIT_SECONDS:.0f} s:\n{self.out}{self.err}")
        return status, self.out, self.err


@contextmanager
def process(here: Path, *program: str) -> Iterator[Command]:
    """Run a program in a process of its own, which does not outlive the test."""
    with tempfile.TemporaryDirectory() as folder:
        command = Command(here, program, Path(folder))
        try:
            yield command
        finally:
            command.kill()


def start(here: Path, *arguments: str) -> AbstractContextManager[Command]:
    """Run a command in a process of its own."""
    return process(here, sys.executable, "-m", "dynstudy", *arguments)


def python(here: Path, *arguments: str) -> str:
    """Run the interpreter afresh, to its end, which must be a good one; returns stdout."""
    with process(here, sys.executable, *arguments) as command:
        status, out, err = command.ends()
    assert status == 0, out + err
    return out
