import threading
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import func, select

import dynstudy
from dynstudy.config import Configuration, Replicate
from dynstudy.launch import run_map, training
from dynstudy.launch.replicates import Task, train_replicates
from dynstudy.store.launches import launches
from dynstudy.store.ledger import Ledger
from dynstudy.store.series import VALIDATION
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from tests.planted import SpecMaker


def networks(storage: Storage) -> int:
    with storage.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(ReplicateRow)).scalar_one()


def trials(storage: Storage, name: str = "small") -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name=name, storage=storage.optuna).trials


def test_a_map_becomes_trials_with_the_mean_over_their_replicates(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    done = dynstudy.run(spec, storage=storage)
    assert (done.cells, done.trained, done.reused, done.interrupted) == (5, 8 + 4 * 2, 0, False)
    found = trials(storage)
    assert {trial.state for trial in found} == {TrialState.COMPLETE}
    assert found[0].params == {"loss": "ce", "width": 5, "learning_rate": 1.0}
    ledger = Ledger(storage.engine, spec.protocol)
    for trial in found:
        rows = ledger.load([Configuration(**trial.params)])
        assert trial.value == pytest.approx(rows.val_accuracy.mean())
        assert trial.user_attrs["replicates"] == len(rows)
        assert trial.user_attrs["sem"] == pytest.approx(rows.val_accuracy.sem())
    gain = found[1].user_attrs["gain"]
    assert gain == pytest.approx(found[1].value - found[0].value)


def test_a_second_run_trains_nothing_and_makes_no_trial(
    storage: Storage, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    before = networks(storage), len(trials(storage))
    again = dynstudy.run(make_spec(), storage=storage)
    assert (again.trained, again.reused) == (0, 16)
    assert (networks(storage), len(trials(storage))) == before


def test_a_study_that_shares_cells_takes_them_from_the_ledger(
    storage: Storage, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    space = {"learning_rate": 1.0, "amplitude": [3, 9], "period": [10, 30], "width": 5}
    second = dynstudy.run(make_spec(name="second", space=space), storage=storage)
    assert (second.trained, second.reused) == (2 * 2, 8 + 2 * 2)
    assert len(trials(storage, "second")) == 5


def test_new_periods_train_the_baseline_again_for_their_readings_only(
    storage: Storage, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    space = {"learning_rate": 1.0, "amplitude": 3, "period": [10, 25], "width": 5}
    second = dynstudy.run(make_spec(name="second", space=space), storage=storage)
    assert second.trained == 8 + 2
    assert networks(storage) == 16 + 2  # the baseline's networks are still the same rows
    third = dynstudy.run(make_spec(name="third", space=space), storage=storage)
    assert third.trained == 0


def test_a_baseline_trained_again_elsewhere_is_one_training_and_keeps_all_its_readings(
    storage: Storage, make_spec: SpecMaker
) -> None:
    """Backends part over a long training, as processors do; both studies must stay readable."""
    space = {"learning_rate": 3.0, "amplitude": 3, "period": 30, "width": 5}
    protocol = {
        "steps": 2000,
        "tail": 100,
        "data": {"points_per_class": 20, "validation_points_per_class": 30},
    }
    first = make_spec(space=space, protocol=protocol)
    second = make_spec(name="second", space=space | {"period": 70}, protocol=protocol)
    dynstudy.run(first, storage=storage, backend="cpu")
    dynstudy.run(second, storage=storage, backend="autograd")
    assert dynstudy.run(first, storage=storage).trained == 0
    assert dynstudy.run(second, storage=storage).trained == 0
    baseline = Configuration("ce", 5, 3.0)
    ledger = Ledger(storage.engine, second.protocol)
    with storage.engine.connect() as connection:
        kept = ReplicateRow.configuration == ledger.key(baseline)
        replaced = connection.scalars(
            select(ReplicateRow.seed).where(kept, ReplicateRow.backend == "autograd")
        ).all()
    assert replaced  # else the two backends never parted, and this test shows nothing
    read = ledger.readings(baseline, replaced)
    # trained on one backend from the seeds, read at the same steps: the very same numbers
    tasks = [Task(Replicate(baseline, seed), read.steps) for seed in replaced]
    records, _ = train_replicates(tasks, second.protocol, "autograd")
    expected = np.stack([record.series[VALIDATION].values for record in records])
    np.testing.assert_array_equal(read.validation_correct, expected)


def test_an_extended_study_trains_its_new_cells_alone(
    storage: Storage, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    space = {"learning_rate": 1.0, "amplitude": [3, 30, 9], "period": [10, 30], "width": 5}
    extended = dynstudy.run(make_spec(space=space), storage=storage, extend=True)
    assert extended.trained == 2 * 2
    assert len(trials(storage)) == 7


def test_replicates_can_have_data_of_their_own(storage: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    data = {"points_per_class": 20, "validation_points_per_class": 30}
    own = make_spec(
        name="own",
        protocol={"steps": 200, "tail": 50, "data": {**data, "train_seed": "replicate"}},
    )
    dynstudy.run(spec, storage=storage)
    assert dynstudy.run(own, storage=storage).trained == 16
    a = Ledger(storage.engine, spec.protocol).load([Configuration("ce", 5, 1.0)])
    b = Ledger(storage.engine, own.protocol).load([Configuration("ce", 5, 1.0)])
    assert (a.train_accuracy != b.train_accuracy).any()


def test_both_backends_give_the_same_map(
    storage: Storage, make_spec: SpecMaker, tmp_path: Any
) -> None:
    protocol = {
        "steps": 60,
        "tail": 10,
        "dtype": "float64",
        "data": {"points_per_class": 20, "validation_points_per_class": 30},
    }
    spec = make_spec(protocol=protocol)
    dynstudy.run(spec, storage=storage)
    other = Storage(f"sqlite:///{tmp_path}/other.db", create=True)
    dynstudy.run(spec, storage=other, backend="autograd")
    assert [trial.value for trial in trials(storage)] == pytest.approx(
        [trial.value for trial in trials(other)], abs=1e-12
    )


def test_diverged_networks_are_recorded_as_chance_and_not_trained_again(
    storage: Storage, make_spec: SpecMaker
) -> None:
    space = {"learning_rate": 1e6, "amplitude": 3, "period": 10, "width": 5}
    spec = make_spec(loss="dmse1", space=space)
    done = dynstudy.run(spec, storage=storage)
    assert done.diverged == done.trained == 8 + 2
    assert [trial.value for trial in trials(storage)] == pytest.approx([1 / 3] * 2)
    assert trials(storage)[0].user_attrs["diverged"] == 8
    assert dynstudy.run(spec, storage=storage).trained == 0


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynstudy.launch.chunks.CHUNK_SECONDS", 0.0)


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
def test_told_to_stop_it_finishes_its_chunk_and_resumes(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = training.Training._record

    def stop_after(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        self.stop_after_chunk.set()

    monkeypatch.setattr(training.Training, "_record", stop_after)
    done = dynstudy.run(make_spec(), storage=storage)
    assert done.interrupted
    assert 0 < done.trained == networks(storage) < 16
    monkeypatch.undo()
    assert not dynstudy.run(make_spec(), storage=storage).interrupted
    assert len(trials(storage)) == 5


@pytest.fixture
def told_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two Ctrl-C while the first chunk trains."""
    original = training.Training._launched

    def drop(self: Any, place: Any, chunk: Any) -> Any:
        self.stop_after_chunk.set()
        self.drop_chunk.set()
        return original(self, place, chunk)

    monkeypatch.setattr(training.Training, "_launched", drop)


@pytest.mark.usefixtures("told_twice")
def test_told_twice_it_drops_its_chunk(storage: Storage, make_spec: SpecMaker) -> None:
    done = dynstudy.run(make_spec(), storage=storage)
    assert (done.interrupted, done.trained, networks(storage)) == (True, 0, 0)


@pytest.mark.usefixtures("told_twice")
def test_a_chunk_that_does_not_answer_is_left_behind(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()
    monkeypatch.setattr(training, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr("dynstudy.launch.workers.train_replicates", lambda *_: answer.wait(300))
    done = dynstudy.run(make_spec(), storage=storage)
    answer.set()
    assert (done.interrupted, done.abandoned, done.trained) == (True, True, 0)


def test_it_runs_outside_the_main_thread(storage: Storage, make_spec: SpecMaker) -> None:
    results = []
    thread = threading.Thread(
        target=lambda: results.append(dynstudy.run(make_spec(), storage=storage)), daemon=True
    )
    thread.start()
    thread.join(300)
    assert results[0].trained == 16


def test_a_wrong_backend_writes_nothing(url: str, make_spec: SpecMaker, tmp_path: Any) -> None:
    with pytest.raises(dynstudy.errors.BackendError):
        dynstudy.run(make_spec(), storage=url, backend="nope")
    assert not list(tmp_path.iterdir())


def test_progress_ends_at_all_networks(storage: Storage, make_spec: SpecMaker) -> None:
    seen = []
    dynstudy.run(
        make_spec(),
        storage=storage,
        report=lambda progress: seen.append((progress.done, progress.networks, progress.rate)),
    )
    assert seen[-1][:2] == (16, 16)
    assert seen[-1][2] > 0
