"""The real command line, run in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path


def start(here: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command, its output piped."""
    return subprocess.Popen(
        [sys.executable, "-m", "dynstudy.cli", *arguments],
        cwd=here,
        env={**os.environ, "COLUMNS": "200", "DYNSTUDY_THREADS": "2"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def dynstudy(here: Path, *arguments: str, expected: int = 0) -> tuple[str, str]:
    """Run a command to its end; returns stdout and stderr."""
    process = start(here, *arguments)
    out, err = process.communicate()
    assert process.returncode == expected, out + err
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
