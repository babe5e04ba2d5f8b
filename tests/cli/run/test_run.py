"""The command line as a user meets it: what is printed where, exit codes, interruptions."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.command import dynstudy, fails, start
from tests.planted import SEARCH, SMALL

# about 5 s on two cores, in a dozen cells: long enough to be interrupted anywhere
LONG = {
    **SMALL,
    "name": "long",
    "protocol": {"steps": 100_000, "tail": 1000},
    "space": {"learning_rate": 1.0, "amplitude": [3, 30, 90], "period": [100, 300], "width": 20},
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for study in (SMALL, LONG, SEARCH):
        (tmp_path / f"{study['name']}.toml").write_text(tomli_w.dumps(study))
    return tmp_path


def query(here: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(here / "storage" / "dynstudy.db")) as connection:
        return connection.execute(sql).fetchall()


def count(here: Path, table: str, where: str = "1 = 1") -> int:
    return int(query(here, f"SELECT COUNT(*) FROM {table} WHERE {where}")[0][0])


def test_from_a_study_file_to_a_map(here: Path) -> None:
    out, err = dynstudy(here, "run", "small.toml")
    assert out == ""  # results only
    assert "16 networks trained, 0 taken from the ledger" in err
    out, err = dynstudy(here, "run", "small.toml")
    assert "0 networks trained, 16 taken from the ledger" in err

    out, _ = dynstudy(here, "list")
    assert "small" in out
    assert "complete" in out
    out, _ = dynstudy(here, "show", "small")
    for fact in ("5 of 5 cells", "16 of 16 networks", "steps = 200", "numba", "run small.toml"):
        assert fact in out
    out, err = dynstudy(here, "map", "small", "--out", "pictures")
    assert "dce, width 5" in out
    assert "wrote pictures/small.png" in err
    assert (here / "pictures" / "small.csv").read_text().startswith("loss,width,learning_rate,")


def test_rows_are_machine_readable_and_stdout_holds_nothing_else(here: Path) -> None:
    dynstudy(here, "run", "small.toml")
    for command in (["list"], ["map", "small"], ["show", "small"]):
        out, _ = dynstudy(here, *command, "--format", "json")
        assert json.loads(out)
        out, _ = dynstudy(here, *command, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(out)))
        assert rows
        assert None not in rows[0]
    out, _ = dynstudy(here, "show", "small", "--format", "json")
    shown = json.loads(out)
    assert shown["spec"]["baseline_replicates"] == 8
    assert shown["runs"][0]["versions"]["python"]


@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_that_nothing_will_be_tested_is_said_before_it_is_trained(
    dry: list[str], here: Path
) -> None:
    """What `show` and `map` say afterwards, when the hours are spent."""
    untested = "below 6 nothing is tested"
    small = ("run", "small.toml", "--set", "space.amplitude=3", "--set", "space.period=10", *dry)
    _, err = dynstudy(here, *small, "--set", "replicates=2")
    assert f"note: 2 replicates a cell: {untested}" in err
    if dry:
        assert untested not in dynstudy(here, *small, "--set", "replicates=6")[1]


def test_a_dry_run_counts_and_writes_nothing(here: Path) -> None:
    before = sorted(here.rglob("*"))
    out, _ = dynstudy(here, "run", "small.toml", "--dry-run")
    assert "cells          5" in out
    assert "networks       16 (0 of them already in the ledger)" in out
    assert "network-steps  3200" in out
    assert "backend        cpu, the fastest of this machine" in out
    assert "time           about" in out
    assert sorted(here.rglob("*")) == before
    dynstudy(here, "run", "small.toml")
    out, _ = dynstudy(here, "run", "small.toml", "--dry-run")
    assert "networks       16 (16 of them already in the ledger)" in out
    assert "time           none: everything is in the ledger" in out


def test_a_map_in_rounds(here: Path) -> None:
    rounds = ["small.toml", "--set", "replicates={min=6,max=9}"]
    out, _ = dynstudy(here, "run", *rounds, "--dry-run")
    assert f"networks       {36 + 4 * 6} to {36 + 4 * 9} (0 of the first 60 already" in out
    _, err = dynstudy(here, "run", *rounds)
    assert "round 1 of at most 2: 4 of 4 cells go on to 6 replicates" in err
    out, _ = dynstudy(here, "map", "small", "--out", "pictures", "--format", "csv")
    counts = [int(row["replicates"]) for row in csv.DictReader(io.StringIO(out))]
    assert counts[0] == 36
    assert set(counts[1:]) <= {6, 9}
    assert (here / "pictures" / "small.csv").read_text() == out
    out, _ = dynstudy(here, "map", "small", "--out", "pictures")
    assert "replicates were added until a cell was settled (cells" in out
    out, _ = dynstudy(here, "show", "small")
    assert f"{sum(counts)} of {sum(counts)} networks" in out
    assert "[replicates]\nmin = 6\nmax = 9\n" in out
    _, err = dynstudy(here, "run", "small.toml", "--set", "replicates=9", expected=2)
    assert "replicates was {'min': 6, 'max': 9}, now 9" in err
    _, err = dynstudy(
        here, "run", *rounds, "--set", "space.amplitude=[3,30,90]", "--extend", expected=2
    )
    assert "give the study file a new name" in err


def test_overrides_make_another_study(here: Path) -> None:
    dynstudy(here, "run", "small.toml", "--set", "name=other", "--set", "space.width=[3,4]")
    out, _ = dynstudy(here, "list", "--format", "json")
    assert [(row["study"], row["cells"]) for row in json.loads(out)] == [("other", 10)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "absent.toml"], "absent.toml: no such study file"),
        (["run", "small.toml", "--set", "replicate=3"], "did you mean 'replicates'"),
        (["run", "small.toml", "--set", "space.amplitude=0.5"], "allowed are numbers from 1"),
        (["run", "small.toml", "--backend", "gpy"], "backend 'gpy' is not one of auto"),
        (["run", "small.toml", "--backend", "gpu:99"], "backend 'gpu:99' cannot run"),
        (["run", "small.toml", "--backend", "autograd:nope"], "has no device 'nope'"),
        (["run", "small.toml", "--backend", "autograd:meta"], "has no device 'meta'"),
        (["run", "small.toml", "--dry-run", "--storage", "sqlite:///small.toml"], "not an SQLite"),
        (["run", "small.toml", "--storage", "sqlite:///small.toml"], "is not an SQLite database"),
        (["run", "small.toml", "--storage", "sqlite:///no/folder/x.db"], "there is no folder"),
        (["run", "small.toml", "--stroage", "x"], "No such option"),
        (["run", "small.toml", "--set", "replicates={min=5,max=9}"], "min = 5: must be at least 6"),
        (["run", "small.toml", "--set", "replicates={min=9,max=9}"], "must be above min = 9"),
        (["run", "search.toml", "--set", "replicates={min=6,max=9}"], "rounds belong to a map"),
        (["run"], "Missing argument"),
        (["nope"], "No such command"),
        (["run", "small.toml", "--set", "space.width=[20,"], "the value is not TOML"),
        (["list"], "there is no such database; run a study first"),
        (["list", "--format", "yaml"], "'yaml' is not one of 'table', 'json', 'csv'"),
        (["map", "small"], "there is no such database"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    arguments: list[str], said: str, here: Path
) -> None:
    assert said in fails(here, *arguments)


def test_a_study_that_is_not_there_is_named_with_the_nearest(here: Path) -> None:
    dynstudy(here, "run", "small.toml")
    for command in ("show", "map"):
        _, err = dynstudy(here, command, "smal", expected=2)
        assert "'smal' is not in" in err
        assert "did you mean 'small'" in err


def test_a_changed_file_is_refused_with_the_difference(here: Path) -> None:
    dynstudy(here, "run", "small.toml")
    _, err = dynstudy(here, "run", "small.toml", "--set", "replicates=3", expected=2)
    assert "replicates was 2, now 3" in err
    assert "give the study file a new name" in err


def recorded(here: Path) -> int:
    try:
        return count(here, "dynstudy_replicate")
    except sqlite3.OperationalError:
        return 0


def assert_resumes(here: Path) -> None:
    """Run again: only what was missing is trained, and what comes out is whole."""
    before = recorded(here)
    assert 0 < before < 8 + 6 * 2
    _, err = dynstudy(here, "run", "long.toml")
    assert f"{20 - before} networks trained, {before} taken from the ledger" in err
    assert count(here, "dynstudy_replicate") == 20
    assert count(here, "trials") == 7
    assert count(here, "trials", "state != 'COMPLETE'") == 0
    assert (
        count(
            here,
            "(SELECT DISTINCT value_json FROM trial_system_attributes WHERE key = 'dynstudy:cell')",
        )
        == 7
    )


def test_killed_it_resumes_with_no_running_trial_and_no_duplicate(here: Path) -> None:
    with start(here, "run", "long.toml") as command:
        command.until(lambda: recorded(here))
        command.kill()
    assert ": lost, " in dynstudy(here, "show", "long")[0]
    assert_resumes(here)
    statuses = query(here, "SELECT status FROM dynstudy_run ORDER BY id")
    assert statuses == [("lost",), ("complete",)]


def test_the_first_ctrl_c_finishes_the_chunk(here: Path) -> None:
    with start(here, "run", "long.toml") as command:
        command.until(lambda: recorded(here))
        command.interrupt()
        status, _, err = command.ends()
    assert status == 130, err
    assert "finishing the chunk in flight" in err
    assert "interrupted; the same command resumes it" in err
    assert_resumes(here)


@pytest.mark.long
def test_the_second_ctrl_c_drops_the_chunk(here: Path) -> None:
    # a first chunk of half an hour, so that it is in flight whatever the machine does
    longer = ["protocol.steps=900_000_000", "space.period=[1_000_000,3_000_000]"]
    words = [word for each in longer for word in ("--set", each)]
    with start(here, "run", "long.toml", *words) as command:
        command.until(lambda: "0/20 networks" in command.err)
        command.interrupt()
        command.until(lambda: "finishing the chunk in flight" in command.err)
        command.interrupt()
        status, _, err = command.ends()
    assert status == 130, err
    assert "dropping the chunk in flight" in err
    assert recorded(here) == 0
    assert query(here, "SELECT status FROM dynstudy_run") == [("interrupted",)]


def test_a_second_process_is_kept_off_a_running_study(here: Path) -> None:
    with start(here, "run", "long.toml") as command:
        command.until(lambda: recorded(here))
        _, err = dynstudy(here, "run", "long.toml", expected=2)
        assert f"is being run by process {command.pid}" in err
