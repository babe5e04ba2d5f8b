"""Where a result comes from: code, versions, machine, command."""

import os
import platform
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import psutil

from dynstudy._version import __version__
from dynstudy.store.passwords import command_without_passwords
from dynstudy.store.processes import this_process

ARITHMETIC = ("torch", "numba", "numpy")
"""The packages whose version can change a result, besides Triton's for the `gpu` backend."""


def versions() -> dict[str, str]:
    """Versions of Python, dynstudy and the packages it computes with."""
    numbers = {"dynstudy": __version__, "python": platform.python_version()}
    packages = (*ARITHMETIC, "optuna", "sqlalchemy", "scipy")
    numbers |= {package: installed(package) or "not installed" for package in packages}
    if (triton := installed("triton")) is not None:  # which only a card needs
        numbers["triton"] = triton
    return numbers


def arithmetic(backend: str) -> dict[str, str]:
    """Return the versions that can change what a backend trains.

    >>> list(arithmetic("cpu"))
    ['dynstudy', 'python', 'torch', 'numba', 'numpy']
    """
    packages = (*ARITHMETIC, "triton") if backend == "gpu" else ARITHMETIC
    numbers = versions()
    return {name: numbers[name] for name in ("dynstudy", "python", *packages)}


@cache  # asked for with every chunk that is recorded, and looked up on disk
def installed(package: str) -> str | None:
    """The version of a package that is installed, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def git_state() -> tuple[str | None, bool | None]:
    """The commit of this dynstudy, and whether it was changed since; Nones outside a checkout."""
    file = Path(__file__).resolve()
    here = file.parents[2]
    # A hook or a script of another repository points git at that one by its environment.
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), "-c", f"safe.directory={here}", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10, env=environment
        )
        return done.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")) != here:
            return None, None
        git("ls-files", "--error-unmatch", str(file))  # not installed into the root of another's
        return git("rev-parse", "HEAD"), not git("status", "--porcelain", "--untracked-files")
    except (OSError, subprocess.SubprocessError):
        return None, None


def command_line() -> str:
    """What this process was started with, without passwords."""
    # a file's name may be no text in UTF-8, which SQL and TOML do not take
    typed = [word.encode(errors="backslashreplace").decode() for word in sys.argv]
    return command_without_passwords(typed)


def processor() -> str:
    """The processor's name, as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@dataclass(frozen=True)
class Trainer:
    """What trained some networks, as the process that did it says; equal ones, equal bits."""

    backend: str
    device: str
    processor: str
    versions: dict[str, str]
    host: str | None = field(default=None, compare=False)  # which decides about no bit

    @classmethod
    def here(cls, backend: str, device: str) -> Self:
        """This process, with its machine and versions."""
        return cls(backend, device, processor(), arithmetic(backend), socket.gethostname())


def provenance() -> dict[str, Any]:
    """All of it, for a row of ``dynstudy_run``."""
    commit, clean = git_state()
    return {
        "git_commit": commit,
        "git_clean": clean,
        "command": command_line(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process_started": psutil.Process().create_time(),
        "process": this_process(),
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "versions": versions(),
    }
