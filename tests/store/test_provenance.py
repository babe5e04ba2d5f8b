"""Where a result comes from."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from dynstudy._version import __version__
from dynstudy.store import provenance as module
from dynstudy.store.provenance import (
    Trainer,
    arithmetic,
    git_state,
    installed,
    provenance,
    versions,
)


def test_versions_are_those_that_are_installed() -> None:
    numbers = versions()
    assert (numbers["dynstudy"], numbers["numpy"]) == (__version__, numpy.__version__)
    assert installed("no-such-package") is None
    assert "triton" in arithmetic("gpu")
    assert "triton" not in arithmetic("cpu")
    assert arithmetic("cpu").items() <= numbers.items()
    assert Trainer.here("cpu", "x").versions == arithmetic("cpu")


def test_a_launch_says_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["dynstudy", "run", "--storage", "a://b:secret@c"])
    facts = provenance()
    assert facts["command"] == "dynstudy run --storage a://b:***@c"
    monkeypatch.setattr(
        sys, "argv", ["dynstudy", "--storage=a://b?password=my s", "--set", "x=y z"]
    )
    assert provenance()["command"] == "dynstudy --storage=a://b?password=*** --set 'x=y z'"
    assert facts["pid"] == os.getpid()
    assert json.loads(json.dumps(facts)) == facts


def test_the_commit_is_that_of_dynstudy_s_own_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "dynstudy" / "store"
    package.mkdir(parents=True)
    monkeypatch.setattr(module, "__file__", str(package / "provenance.py"))
    assert git_state() == (None, None)  # a copy outside a checkout

    def git(*arguments: str) -> str:
        line = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a", *arguments]
        done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    git("init", "-q")
    (package / "provenance.py").write_text("1")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    assert git_state() == (git("rev-parse", "HEAD"), True)
    (package / "provenance.py").write_text("2")
    assert git_state() == (git("rev-parse", "HEAD"), False)
    inside = tmp_path / "library" / "dynstudy" / "store"
    inside.mkdir(parents=True)
    monkeypatch.setattr(module, "__file__", str(inside / "provenance.py"))
    assert git_state() == (None, None)  # somebody else's checkout around it
    root = tmp_path / "dynstudy" / "store" / "untracked.py"
    root.write_text("installed into the root of somebody else's checkout")
    monkeypatch.setattr(module, "__file__", str(root))
    assert git_state() == (None, None)


def test_the_commit_is_not_that_of_the_repository_a_hook_works_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = git_state()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=60)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    assert git_state() == alone
    monkeypatch.setenv("GIT_WORK_TREE", str(Path(module.__file__).resolve().parents[2]))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert git_state() == alone
