"""A launch that lost its study to another one: the study is as if the first had ended there."""

import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import tomli_w

import dynstudy
from dynstudy.errors import StudyTakenError
from dynstudy.launch import training
from dynstudy.store.launches import launches
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.command import dynstudy as command
from tests.command import start
from tests.launch.recorded import networks, trials
from tests.planted import SEARCH, SMALL

BOUNDARY = SMALL | {
    "kind": "boundary",
    "replicates": 6,
    "space": SMALL["space"] | {"amplitude": [3, 5, 9, 30, 90], "period": 10},
    "boundary": {"cells": 4, "batch": 2},
}
ROUNDS = SMALL | {"replicates": {"min": 6, "max": 7}}
STUDIES = {
    "map": SMALL,
    "rounds": ROUNDS,
    "search": SEARCH,
    "boundary": BOUNDARY,
}
QUICK = {
    ("recording", "map"),
    ("recording", "boundary"),
    ("telling", "rounds"),
    ("telling", "search"),
}


def outcome(storage: Storage, name: str) -> list[tuple[Any, ...]]:
    return [
        (trial.number, trial.state, trial.params, trial.values) for trial in trials(storage, name)
    ]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    ("lost_before", "study"),
    [
        pytest.param(
            lost_before, study, id=f"{lost_before}-{name}", marks=[] if quick else pytest.mark.long
        )
        for lost_before in ("recording", "telling")
        for name, study in STUDIES.items()
        for quick in [(lost_before, name) in QUICK]
    ],
)
def test_what_was_taken_over_has_each_trial_once(
    study: dict[str, Any],
    lost_before: str,
    storage: Storage,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = StudySpec.of(study)
    undisturbed = Storage(f"sqlite:///{tmp_path}/undisturbed.db", create=True)
    dynstudy.run(spec, storage=undisturbed)
    expected = outcome(undisturbed, spec.name)

    original = training.Training._record
    calls = 0

    def lose(self: training.Training, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if lost_before == "telling":
            original(self, *arguments)
        if calls == 3:
            monkeypatch.undo()
            other = Storage(url, create=True)
            dynstudy.run(spec, storage=other, take_over=True)
            other.engine.dispose()
        if lost_before == "recording":
            original(self, *arguments)

    monkeypatch.setattr(training.Training, "_record", lose)
    with pytest.raises(StudyTakenError):
        dynstudy.run(spec, storage=storage)
    assert outcome(storage, spec.name) == expected
    assert networks(storage) == networks(undisturbed)
    number = storage.study_id(storage.study(spec.name))
    assert [row.status for row in launches(storage.engine, number)] == ["lost", "complete"]
    assert dynstudy.run(spec, storage=storage).trained == 0
    assert outcome(storage, spec.name) == expected


def stop_between_transactions(process: subprocess.Popen[str], database: Path) -> None:
    """SIGSTOP a launch; in a transaction it would keep SQLite locked for as long as it stands."""
    while True:
        process.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(database, timeout=0.2)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                process.send_signal(signal.SIGCONT)
                time.sleep(0.05)
            else:
                return


def test_a_launch_that_was_stopped_taken_over_and_continued_says_so_and_ends(
    tmp_path: Path,
) -> None:
    study = SMALL | {
        "protocol": {"steps": 100_000, "tail": 1000},
        "space": {
            "learning_rate": 1.0,
            "amplitude": [3, 30, 90],
            "period": [100, 300],
            "width": 20,
        },
    }
    (tmp_path / "small.toml").write_text(tomli_w.dumps(study))
    with start(tmp_path, "run", "small.toml") as first:
        first.until(lambda: "networks" in first.err)
        stop_between_transactions(first.process, tmp_path / "storage" / "dynstudy.db")
        _, err = command(tmp_path, "run", "small.toml", expected=2)
        assert f"process {first.pid} on " in err
        assert err.endswith("; wait for it, or stop it first, or take it over with --take-over\n")
        _, err = command(tmp_path, "run", "small.toml", "--take-over")
        assert " 7 cells, " in err
        first.process.send_signal(signal.SIGCONT)
        status, out, err = first.ends()
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith("error: another launch took this study over")
    storage = Storage(f"sqlite:///{tmp_path}/storage/dynstudy.db")
    assert (len(trials(storage)), networks(storage)) == (7, 20)
    number = storage.study_id(storage.study("small"))
    assert [row.status for row in launches(storage.engine, number)] == ["lost", "complete"]
