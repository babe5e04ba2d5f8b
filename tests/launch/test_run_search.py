"""Searches through the runner: what trials say, and that a crash changes nothing."""

from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import Configuration
from dynstudy.errors import StudyMismatchError
from dynstudy.launch import run_search, training
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.study.kinds import search as drawing
from tests.launch.recorded import trials
from tests.planted import SearchMaker

SAMPLERS = [
    {"sampler": "tpe", "n_startup_trials": 4},
    {"sampler": "gp", "n_startup_trials": 4},
    {"sampler": "qmc"},
    {"sampler": "random"},
]
BATCHES = {"trials": 8, "batch": 3}
QUICK = {("tell", "tpe"), ("tell", "random"), ("train", "gp"), ("train", "qmc")}


def finished(storage: Storage) -> list[tuple[dict[str, Any], list[float]]]:
    assert {trial.state for trial in trials(storage, "search")} == {TrialState.COMPLETE}
    return [(trial.params, trial.values) for trial in trials(storage, "search")]


@pytest.fixture
def other(tmp_path: Path) -> Storage:
    return Storage(f"sqlite:///{tmp_path}/other.db", create=True)


@pytest.mark.parametrize(
    ("crash_in", "sampler"),
    [
        pytest.param(
            crash_in,
            sampler,
            id=f"{crash_in}-{sampler['sampler']}",
            # which of them is asked is settled elsewhere: each crash with one, and with the slowest
            marks=[] if (crash_in, sampler["sampler"]) in QUICK else pytest.mark.long,
        )
        for crash_in in ("tell", "train")
        for sampler in SAMPLERS
    ],
)
def test_a_search_that_crashed_goes_on_as_if_it_had_not(
    sampler: dict[str, Any],
    crash_in: str,
    storage: Storage,
    other: Storage,
    make_search: SearchMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = make_search(search=sampler | BATCHES)
    whole = dynstudy.run(spec, storage=storage)
    assert (whole.cells, whole.interrupted) == (8, False)

    calls = 0

    def crash(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:  # in the middle of the second batch
            raise SystemError("power cut")
        return original(*arguments)

    if crash_in == "tell":
        original: Any = run_search.tell
        monkeypatch.setattr(run_search, "tell", crash)
    else:
        original = drawing._draw  # between two parameters of a trial in the first batch
        monkeypatch.setattr(drawing, "_draw", crash)
    with pytest.raises(SystemError):
        dynstudy.run(spec, storage=other)
    left = [trial.state for trial in trials(other, "search")]
    assert TrialState.RUNNING in left
    monkeypatch.undo()
    dynstudy.run(spec, storage=other)
    assert finished(other) == finished(storage)


def test_a_trial_says_the_mean_over_its_replicates(
    storage: Storage, make_search: SearchMaker
) -> None:
    spec = make_search()
    done = dynstudy.run(spec, storage=storage)
    assert done.trained == 8 * 2
    ledger = Ledger(storage.engine, spec.protocol)
    for trial in trials(storage, "search"):
        rows = ledger.load([Configuration(**trial.params)])
        assert trial.value == pytest.approx(rows.val_accuracy.mean())
        assert trial.user_attrs["sem"] == pytest.approx(rows.val_accuracy.sem())
        assert "gain" not in trial.user_attrs
    assert dynstudy.run(spec, storage=storage).trained == 0
    assert len(trials(storage, "search")) == 8


def test_gain_is_aimed_at_with_baselines_of_the_same_width(
    storage: Storage, make_search: SearchMaker
) -> None:
    spec = make_search(maximize="gain", loss=["ce", "dce"])
    dynstudy.run(spec, storage=storage)
    ledger = Ledger(storage.engine, spec.protocol)
    seen = set()
    for trial in trials(storage, "search"):
        configuration = Configuration(**trial.params)
        seen.add(configuration.loss)
        static = ledger.load([configuration.baseline()])
        assert len(static) == 8
        loaded = ledger.load([configuration])
        expected = 0.0 if configuration.static else loaded.val_accuracy.mean()
        if not configuration.static:
            expected -= static.val_accuracy.mean()
        assert trial.value == pytest.approx(expected)
    assert seen == {"ce", "dce"}


def test_two_objectives_are_accuracy_and_width(storage: Storage, make_search: SearchMaker) -> None:
    dynstudy.run(make_search(minimize="width"), storage=storage)
    study = storage.study("search")
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    for trial in study.trials:
        assert trial.values[1] == trial.params["width"]
    study_map = regime_map(storage, "search")
    front = [(row.width, row.val_accuracy) for row in study_map.pareto_front().itertuples()]
    best = sorted({(trial.params["width"], trial.values[0]) for trial in study.best_trials})
    assert front == [(width, pytest.approx(accuracy)) for width, accuracy in best]


def test_more_trials_are_an_extension_and_anything_else_another_study(
    storage: Storage, make_search: SearchMaker
) -> None:
    dynstudy.run(make_search(), storage=storage)
    longer = make_search(search={"sampler": "tpe", "trials": 10, "batch": 3, "n_startup_trials": 4})
    with pytest.raises(StudyMismatchError, match=r"search.trials was 8, now 10.*--extend"):
        dynstudy.run(longer, storage=storage)
    dynstudy.run(longer, storage=storage, extend=True)
    assert len(trials(storage, "search")) == 10
    with pytest.raises(StudyMismatchError, match=r"search.seed was 0, now 1; give the study"):
        dynstudy.run(
            make_search(search={**longer.resolved()["search"], "seed": 1}),
            storage=storage,
            extend=True,
        )


def test_told_to_stop_it_leaves_its_batch_running_and_resumes(
    storage: Storage, make_search: SearchMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = training.Training._record

    def stop_after(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self.interrupts.stop_after_chunk.set()

    monkeypatch.setattr(training.Training, "_record", stop_after)
    monkeypatch.setattr("dynstudy.launch.chunks.CHUNK_SECONDS", 0.0)
    monkeypatch.setattr("dynstudy.launch.training.RECORD_NETWORKS", 1)
    done = dynstudy.run(make_search(), storage=storage)
    assert done.interrupted
    assert done.trained in {2, 4}  # another chunk may have been under way
    assert [trial.state for trial in trials(storage, "search")] == [TrialState.RUNNING] * 3
    monkeypatch.undo()
    resumed = dynstudy.run(make_search(), storage=storage)
    assert (resumed.interrupted, resumed.trained) == (False, 16 - done.trained)
    assert len(finished(storage)) == 8
