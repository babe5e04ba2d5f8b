"""A map whose replicates come in rounds, run: small networks, of which some cells need more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

import dynstudy
from dynstudy.analysis.comparison import side_by_side
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.export.exporting import export
from dynstudy.export.replicate_table import replicates
from dynstudy.export.reproducing import reproduce
from dynstudy.launch import run_map, training
from dynstudy.launch.estimate import estimate
from dynstudy.report.listing import list_rows
from dynstudy.report.overview import overview
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.launch.recorded import networks
from tests.planted import SMALL

SPACE = {"learning_rate": 1.0, "amplitude": [2, 10, 100, 1000], "period": [10, 60], "width": 5}
PROTOCOL = {"steps": 400, "tail": 20, "data": SMALL["protocol"]["data"]}
LOOKS = (6, 9, 13, 20)


def study_file(**changes: Any) -> StudySpec:
    values = {"replicates": {"min": 6, "max": 20}, "protocol": PROTOCOL, "space": SPACE}
    return StudySpec.of(SMALL | values | changes)


def trials(storage: Storage, name: str = "small") -> dict[str, tuple[float, int]]:
    """Value and replicates of each trial by its parameters; no two of the same."""
    finished = optuna.load_study(study_name=name, storage=storage.optuna).trials
    by_params = {
        str(trial.params): (trial.value, trial.user_attrs["replicates"]) for trial in finished
    }
    assert len(by_params) == len(finished)
    return by_params  # type: ignore[return-value]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """A study that ran in one go, to read only."""
    folder = tmp_path_factory.mktemp("rounds")
    opened = Storage(f"sqlite:///{folder}/studies.db", create=True)
    done = dynstudy.run(study_file(), storage=opened)
    assert (done.cells, done.trained, done.reused, done.interrupted) == (9, networks(opened), 0, 0)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def study_map(whole: Storage) -> RegimeMap:
    return regime_map(whole, "small")


def test_cells_stop_when_they_are_settled(whole: Storage, study_map: RegimeMap) -> None:
    dynamical = study_map.dynamical_cells()
    settled = dynamical.regime.isin(["useful", "harmful", "neutral"])
    assert set(dynamical.replicates[~settled]) == {20}
    assert len(set(dynamical.replicates[settled])) > 1
    assert set(dynamical.replicates) <= set(LOOKS)
    assert study_map.baselines().replicates.tolist() == [80]
    assert networks(whole) == study_map.frame.replicates.sum() < 80 + 8 * 20
    assert (dynamical.replicates_planned == dynamical.replicates).all()


def test_what_is_read_is_what_was_decided_while_running(
    whole: Storage, study_map: RegimeMap
) -> None:
    rows = [(row.val_accuracy, row.replicates) for row in study_map.frame.itertuples()]
    assert sorted(trials(whole).values()) == [(pytest.approx(mean), n) for mean, n in sorted(rows)]


def test_a_second_run_trains_nothing_and_makes_no_trial(whole: Storage) -> None:
    before = trials(whole)
    again = dynstudy.run(study_file(), storage=whole)
    assert (again.trained, again.reused) == (0, networks(whole))
    assert trials(whole) == before


@pytest.mark.parametrize("after", [1, 9, 14])
def test_interrupted_it_goes_on_to_the_same_trials(
    whole: Storage, storage: Storage, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynstudy.launch.chunks.CHUNK_SECONDS", 0.0)
    monkeypatch.setattr("dynstudy.launch.training.RECORD_NETWORKS", 1)
    original = training.Training._record
    chunks = []

    def stop(self: Any, *arguments: Any) -> None:
        original(self, *arguments)
        chunks.append(arguments)
        if len(chunks) == after:
            self.interrupts.stop_after_chunk.set()

    monkeypatch.setattr(training.Training, "_record", stop)
    part = dynstudy.run(study_file(), storage=storage)
    assert part.interrupted
    assert networks(storage) < networks(whole)
    partial = regime_map(storage, "small")
    assert "run the study again to complete it" in partial.notes[0]
    assert (partial.frame.replicates <= partial.frame.replicates_planned).all()
    assert len(replicates(storage, "small")) == networks(storage)
    monkeypatch.setattr(training.Training, "_record", original)
    rest = dynstudy.run(study_file(), storage=storage)
    assert rest.trained == networks(whole) - part.trained
    assert trials(storage) == trials(whole)
    assert networks(storage) == networks(whole)


def test_after_a_crash_between_networks_and_trials_nothing_is_trained_again(
    whole: Storage, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any) -> None:
        raise SystemError("power cut")

    monkeypatch.setattr(run_map, "add_cells", crash)
    with pytest.raises(SystemError):
        dynstudy.run(study_file(), storage=storage)
    recorded = networks(storage)
    assert recorded == 80 + 8 * 6
    monkeypatch.undo()
    rest = dynstudy.run(study_file(), storage=storage)
    assert (rest.trained, rest.reused) == (networks(whole) - recorded, recorded)
    assert trials(storage) == trials(whole)


def test_seeds_of_another_study_are_taken_when_asked_for_and_else_not_read(
    whole: Storage, storage: Storage, study_map: RegimeMap
) -> None:
    dynstudy.run(study_file(name="dense", replicates=30), storage=storage)
    done = dynstudy.run(study_file(), storage=storage)
    assert (done.trained, done.reused) == (0, networks(whole))
    assert trials(storage) == trials(whole)
    again = regime_map(storage, "small")
    assert again.frame.equals(study_map.frame)
    assert [len(outcomes) for outcomes in again.outcomes] == study_map.frame.replicates.tolist()
    assert replicates(storage, "small").equals(replicates(whole, "small"))


def test_it_is_shown_listed_compared_and_exported(whole: Storage) -> None:
    used = networks(whole)
    shown = overview(whole, "small")
    assert (shown.status, shown.networks, shown.networks_needed) == ("complete", used, used)
    (row,) = list_rows(whole)
    assert (row["status"], row["networks"], row["networks_trained"]) == ("complete", used, used)
    frame = replicates(whole, "small")
    assert len(frame) == used
    exported = export(whole, "small", top=3, confirm=0)
    stored = optuna.load_study(study_name="small", storage=whole.optuna).trials
    for entry in exported.configuration:
        assert entry.found is not None
        assert entry.trial is not None
        assert entry.found.replicates == stored[entry.trial].user_attrs["replicates"]
        assert entry.found.val_accuracy == pytest.approx(stored[entry.trial].value)
    assert reproduce(exported).problems == []


def test_it_compares_with_a_map_of_as_many_replicates_everywhere(storage: Storage) -> None:
    dynstudy.run(study_file(), storage=storage)
    dynstudy.run(study_file(name="dense", replicates=20), storage=storage)
    compared = side_by_side(storage, ["dense", "small"])
    assert len(compared.cells) == 2 * 8
    assert any(note.startswith("not the same in all: replicates") for note in compared.notes)


def test_an_estimate_says_from_what_to_what(whole: Storage, tmp_path: Path) -> None:
    nothing = estimate(study_file(), storage=f"sqlite:///{tmp_path}/none.db")
    assert nothing.least is not None
    assert (nothing.least.networks, nothing.networks) == (80 + 8 * 6, 80 + 8 * 20)
    assert 0 < nothing.least.seconds < nothing.seconds
    assert f"networks       {80 + 8 * 6} to {80 + 8 * 20} (0 of" in nothing.lines()[2]
    something = estimate(study_file(), storage=whole.url)
    assert something.recorded == networks(whole)
    assert something.least is not None
    assert something.least.seconds == 0


def test_the_progress_names_its_round(storage: Storage) -> None:
    stages, logged = [], []
    dynstudy.run(
        study_file(),
        storage=storage,
        report=lambda progress: stages.append(progress.stage),
        log=logged.append,
    )
    assert list(dict.fromkeys(stages)) == [f"round {n} of at most 4" for n in (1, 2, 3, 4)]
    assert logged[0] == "round 1 of at most 4: 8 of 8 cells go on to 6 replicates"
    assert len(logged) == 4
