"""The command line, run in a folder of its own: in this process, or where it matters in another.

A process takes seconds to import what a command needs, and Numba to load its kernels. So commands
run here, with the streams, folder, environment and warnings of a process of their own; those that
are killed, interrupted or served from are processes.
"""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import optuna
import pytest
from sqlalchemy import Engine, event

from dynstudy.cli import main
from dynstudy.cli.session import Verbosity, set_verbosity

ENVIRONMENT = {"COLUMNS": "200", "DYNSTUDY_THREADS": "2"}
PATIENCE_SECONDS = 300
"""What takes longer has failed: no wait of a test goes on for ever."""


def dynstudy(here: Path, *arguments: str, expected: int = 0) -> tuple[str, str]:
    """Run a command to its end in this process; returns stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _as_a_process(here, arguments),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    printed, told = out.getvalue(), err.getvalue()
    assert (ended.value.code or 0) == expected, printed + told
    return printed, told


@contextlib.contextmanager
def _as_a_process(here: Path, arguments: tuple[str, ...]) -> Iterator[None]:
    """What a process would have of its own, and would take with it when it ends."""
    engines: set[Engine] = set()

    def remember(connection: object) -> None:
        engines.add(connection.engine)  # type: ignore[attr-defined]

    event.listen(Engine, "engine_connect", remember)
    level = optuna.logging.get_verbosity()
    try:
        with (
            contextlib.chdir(here),
            patch.dict(os.environ, ENVIRONMENT),
            patch.object(sys, "argv", ["dynstudy", *arguments]),
            patch.object(sys, "stdin", io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.resetwarnings()
            for unseen in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
                warnings.simplefilter("ignore", unseen)
            yield
    finally:
        event.remove(Engine, "engine_connect", remember)
        for engine in engines:
            engine.dispose()
        optuna.logging.set_verbosity(level)
        set_verbosity(Verbosity.normal)


def fails(here: Path, *arguments: str) -> str:
    """Run a command that must end with one line on stderr and nothing on stdout or disk."""
    before = sorted(here.rglob("*"))
    out, err = dynstudy(here, *arguments, expected=2)
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert sorted(here.rglob("*")) == before
    return err


def start(here: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command as a process, its output piped."""
    return begin(
        [sys.executable, "-m", "dynstudy.cli", *arguments],
        cwd=here,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def begin(command: Sequence[str | Path], **options: Any) -> subprocess.Popen[str]:
    """Start a program; it is killed where it takes too long, so that every wait for it ends."""
    process = subprocess.Popen(command, text=True, preexec_fn=_own_signals, **options)
    watch = threading.Timer(PATIENCE_SECONDS, process.kill)
    watch.daemon = True
    watch.start()
    return process


def _own_signals() -> None:
    """Take Ctrl-C, which a script's background job ignores, and its children with it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
