"""``python -m benchmarks``: those that are named, or all of them."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import benchmarks
from benchmarks import growth, kernel
from benchmarks.__main__ import app
from dynstudy.bench.measure import Measurement, Row, Settings
from tests.conftest import ROOT

TINY = ["--widths", "5", "--rounds", "1", "--device", "cpu", "--format", "json"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Settings]]:
    """What is measured instead of anything real, and how."""
    calls: list[tuple[str, Settings]] = []
    for module in (growth, kernel):
        name = module.__name__.partition(".")[2]

        def measure(settings: Settings, say: object, name: str = name) -> Measurement:
            calls.append((name, settings))
            return Measurement([Row.of(name, "speed", "ratio", [1.0])], [f"{name}: a note"])

        monkeypatch.setattr(module, "measure", measure)
    monkeypatch.setattr("benchmarks.__main__.MEASUREMENTS", ("growth", "kernel"))
    return calls


@pytest.mark.parametrize(
    ("names", "expected"), [([], ["growth", "kernel"]), (["kernel"], ["kernel"])]
)
def test_those_that_are_named_or_all(
    names: list[str], expected: list[str], asked: list[tuple[str, Settings]]
) -> None:
    done = CliRunner().invoke(app, [*names, *TINY])
    assert done.exit_code == 0, done.output
    parsed = json.loads(done.stdout)
    assert [row["measurement"] for row in parsed["ratios"]] == [name for name, _ in asked]
    assert [name for name, _ in asked] == expected
    assert parsed["notes"] == [f"{name}: a note" for name in expected]
    assert all((s.widths, s.rounds) == ((5,), 1) for _, s in asked)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        check=False, cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_an_unknown_name_is_one_line() -> None:
    done = run("growht")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: 'growht' is not one of {', '.join(benchmarks.MEASUREMENTS)}, "
        "boundary_replay, bifurcations, fractal, slopes; did you mean 'growth'?\n"
    )


def test_a_simulation_is_run_by_its_name() -> None:
    done = run("boundary_replay", "small", "--storage", "sqlite:////absent/none.db")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "no such database" in done.stderr
    assert done.stderr.count("\n") == 1


def test_every_file_that_measures_is_listed() -> None:
    files = (ROOT / "benchmarks").glob("*.py")
    measuring = {path.stem for path in files if "\ndef measure(" in path.read_text()}
    assert measuring == set(benchmarks.MEASUREMENTS)
