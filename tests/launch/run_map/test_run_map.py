"""Maps: every cell a trial, whatever happened on the way."""

from datetime import datetime
from typing import Any

import pytest
from optuna.trial import TrialState

import dynstudy
from dynstudy.config import Configuration
from dynstudy.launch import run_map
from dynstudy.store.launches import launches
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from tests.databases import both_at_length  # noqa: F401
from tests.launch.recorded import networks, trials
from tests.planted import SpecMaker


def test_a_map_becomes_trials_with_the_mean_over_their_replicates(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    done = dynstudy.run(spec, storage=storage)
    assert (done.cells, done.trained, done.reused, done.interrupted) == (5, 8 + 4 * 2, 0, False)
    finished = trials(storage)
    assert {trial.state for trial in finished} == {TrialState.COMPLETE}
    axes = {"loss": "ce", "width": 5, "learning_rate": 1.0, "amplitude": 1.0, "period": 10}
    assert finished[0].params == axes
    ledger = Ledger(storage.engine, spec.protocol)
    for trial in finished:
        rows = ledger.load([Configuration(**trial.params)])
        assert trial.value == pytest.approx(rows.val_accuracy.mean())
        assert trial.user_attrs["replicates"] == len(rows)
        assert trial.user_attrs["sem"] == pytest.approx(rows.val_accuracy.sem())
    gain = finished[1].user_attrs["gain"]
    assert gain == pytest.approx(finished[1].value - finished[0].value)


def test_an_extended_study_trains_its_new_cells_alone(
    storage: Storage, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    space = {"learning_rate": 1.0, "amplitude": [3, 30, 9], "period": [10, 30], "width": 5}
    extended = dynstudy.run(make_spec(space=space), storage=storage, extend=True)
    assert extended.trained == 2 * 2
    assert len(trials(storage)) == 7


@pytest.mark.usefixtures("small_chunks")
def test_after_a_crash_between_networks_and_trials_nothing_is_trained_again(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def crash(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise SystemError("power cut")
        original(*arguments)

    original = run_map.add_cells
    monkeypatch.setattr(run_map, "add_cells", crash)
    monkeypatch.setattr(run_map, "Seldom", lambda function: function)  # as often as it can
    with pytest.raises(SystemError):
        dynstudy.run(make_spec(), storage=storage)
    monkeypatch.undo()
    recorded = networks(storage)
    assert 0 < recorded < 16
    resumed = dynstudy.run(make_spec(), storage=storage)
    assert (resumed.trained, resumed.reused) == (16 - recorded, recorded)
    assert len(trials(storage)) == 5
    number = storage.study_id(storage.study("small"))
    assert [run.status for run in launches(storage.engine, number)] == ["failed", "complete"]


@pytest.mark.usefixtures("small_chunks")
def test_a_trial_lasted_from_its_first_network_to_its_last(
    storage: Storage, make_spec: SpecMaker
) -> None:
    began = datetime.now()
    dynstudy.run(make_spec(), storage=storage)
    ended = datetime.now()
    for trial in trials(storage):
        assert trial.datetime_start is not None
        assert trial.datetime_complete is not None
        assert began <= trial.datetime_start < trial.datetime_complete <= ended
    assert len({trial.datetime_start for trial in trials(storage)}) > 1
    # of what another launch trained, the ledger has when that one began and ended
    dynstudy.run(make_spec(name="again"), storage=storage)
    (launch,) = launches(storage.engine, storage.study_id(storage.study("small")))
    assert launch.ended_at is not None
    times = {(trial.datetime_start, trial.datetime_complete) for trial in trials(storage, "again")}
    assert {launch.ended_at - launch.started_at} == {end - start for start, end in times}


def test_what_looks_at_all_trials_takes_a_tenth_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, began = [100.0], list[float]()
    monkeypatch.setattr(run_map.time, "monotonic", lambda: clock[0])

    def slow() -> None:
        began.append(clock[0])
        clock[0] += 2.0

    seldom = run_map.Seldom(slow)
    while clock[0] < 200:
        seldom()
        clock[0] += 0.5  # of what is done besides
    assert began == [100.0, 120.0, 140.0, 160.0, 180.0]
