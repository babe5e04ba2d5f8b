"""What the README tells a newcomer to type works as written, in a folder of its own."""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    return tmp_path


def run(here: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=here, check=False, capture_output=True, text=True, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PYTHON = blocks(README, "python")
NEEDS_EXPORT = [example for example in PYTHON if "best.safetensors" in example]


@pytest.mark.parametrize("number", [n for n, e in enumerate(PYTHON) if e not in NEEDS_EXPORT])
def test_python_examples_run(number: int, here: Path) -> None:
    run(here, sys.executable, "-W", "error", "-c", PYTHON[number])


# 2 losses x 6 A x 2 T x 2 widths, and 4 baselines; or so many trials
@pytest.mark.parametrize(("number", "cells"), [(0, 52), (1, 100)])
def test_the_study_files_are_valid(number: int, cells: int, here: Path) -> None:
    (here / "mine.toml").write_text(blocks(README, "toml")[number])
    out = run(here, sys.executable, "-m", "dynstudy.cli", "run", "mine.toml", "--dry-run")
    assert f"cells          {cells}" in out


def test_commands_run_and_the_quickstart_shows_what_it_promises(here: Path) -> None:
    commands = re.findall(r"^\$ dynstudy (.*)$", README, flags=re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        out = run(here, sys.executable, "-m", "dynstudy.cli", *command.split())
    assert (here / "results" / "best-1-seed0.png").exists()
    for example in NEEDS_EXPORT:
        run(here, sys.executable, "-W", "error", "-c", example)
    # the last one is the map: useful cells in a band, forgetting at large amplitudes
    assert "useful" in out
    rows = (here / "results" / "quickstart.csv").read_text().splitlines()
    header = rows[0].split(",")
    cells = [dict(zip(header, row.split(","), strict=True)) for row in rows[1:]]
    useful = {(float(c["amplitude"]), int(c["period"])) for c in cells if c["regime"] == "useful"}
    forgets = {(float(c["amplitude"]), int(c["period"])) for c in cells if c["forgets"] == "True"}
    assert {(30, 100), (100, 300)} <= useful
    assert {(1000, 100), (1000, 300), (1000, 1000)} <= forgets
    small = [float(c["gain"]) for c in cells if c["amplitude"] == "3.0" and c["period"] != "30"]
    assert max(small) < 0.1  # far below the band's 0.2

    storage = (ROOT / "storage" / "README.md").read_text(encoding="utf-8")
    (query,) = blocks(storage, "sql")
    found = sqlite3.connect(here / "storage" / "dynstudy.db").execute(query).fetchall()
    assert [seed for seed, _ in found] == list(range(10))


def test_nothing_is_left_to_be_written() -> None:
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("studies/*.toml")]
    for path in texts:
        text = path.read_text(encoding="utf-8")
        assert len(text) > 200, path
        assert not re.search(r"TODO|COST_|[A-Z]+_LINE", text), path


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_files_that_are_named_exist(text: str) -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", text)
    quoted = re.findall(r"`((?:dynstudy|tests|studies|docs|benchmarks)/[\w/.-]+)`", text)
    for name in {*linked, *quoted}:
        assert (ROOT / name).exists(), name
