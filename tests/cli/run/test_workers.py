"""Launches that train in other processes, as a user asks for them."""

import json
from pathlib import Path

import pytest
import tomli_w

from dynstudy.launch import executors
from tests.command import dynstudy, fails
from tests.planted import SMALL


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(tomli_w.dumps(SMALL))
    return tmp_path


def test_a_study_is_split_over_processes_and_show_tells_what_each_did(here: Path) -> None:
    _, err = dynstudy(here, "run", "small.toml", "--workers", "2")
    assert "16 networks trained" in err
    out, _ = dynstudy(here, "show", "small", "--format", "json")
    (launch,) = json.loads(out)["runs"]
    workers = launch["workers"]
    assert sum(worker["networks"] for worker in workers) == 16
    assert sum(worker["network_steps"] for worker in workers) == 16 * 200
    assert {worker["host"] for worker in workers} == {launch["host"]}
    assert all(worker["versions"]["numpy"] for worker in workers)
    text, _ = dynstudy(here, "show", "small")
    said = [line for line in text.splitlines() if line.startswith("  worker ")]
    assert len(said) == (len(workers) if len(workers) > 1 else 0)
    _, err = dynstudy(here, "run", "small.toml")
    assert "0 networks trained, 16 taken" in err


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("--insecure", "--insecure is for --scheduler, which is not given"),
        ("--other-versions", "--other-versions is for --scheduler, which is not given"),
        ("--tls-ca ca.pem", "--tls-ca is for --scheduler, which is not given"),
        ("--workers 2 --scheduler tcp://127.0.0.1:1", "choose one"),
        ("--workers 0", "'--workers': Input should be greater than or equal to 1"),
        ("--patience -1", "'--patience': Input should be greater than or equal to 0"),
        ("--scheduler tcp://127.0.0.1:1", "no scheduler at tcp://127.0.0.1:1"),
        ("--scheduler nonsense", "nonsense"),
    ],
)
def test_options_that_do_not_fit_are_one_line(here: Path, options: str, line: str) -> None:
    assert line in fails(here, "run", "small.toml", *options.split())


@pytest.mark.parametrize("option", ["--workers 2", "--scheduler tcp://127.0.0.1:1"])
def test_without_dask_the_line_says_what_to_install(
    here: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(executors.EXECUTORS, "dask", "distributed.nowhere:local")
    monkeypatch.setattr(executors, "SCHEDULER", "distributed.nowhere:connect")
    line = fails(here, "run", "small.toml", *option.split())
    assert "need Dask: pip install 'dynstudy[cluster]'" in line
