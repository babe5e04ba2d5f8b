"""Cells as Optuna's trials: what a database says of their parameters."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.search_space import IntersectionSearchSpace

from dynstudy.config import Configuration
from dynstudy.statistics.trial_summaries import Summaries
from dynstudy.store import trials as trials_module
from dynstudy.store.optuna_private import insert_trials
from dynstudy.store.studies import Storage
from dynstudy.store.trials import CELL, FinishedCell, add_cells, distributions, parameters
from dynstudy.study.spec import StudySpec
from dynstudy.study.tried import finished
from dynstudy.task.losses import LOSSES
from tests.planted import SMALL, Planted, SpecMaker, plant, small_map

FIRST = ("ce", "mse", "dce", "dmse1", "dmse2")
WIDE = {
    "loss": CategoricalDistribution(FIRST),
    "width": IntDistribution(1, 10_000, log=True),
    "learning_rate": FloatDistribution(1e-9, 1e6, log=True),
    "amplitude": FloatDistribution(1, 1e9, log=True),
    "period": IntDistribution(2, 10**9, log=True),
}
"""What trials of an earlier dynstudy have."""


def test_what_databases_hold_is_pinned() -> None:
    """Ranges are the study's own; other choices, or no logarithm, Optuna would refuse."""
    assert tuple(LOSSES)[:5] == FIRST  # what is added comes last
    assert distributions(small_map(), FIRST) == {
        "loss": CategoricalDistribution(FIRST),
        "width": IntDistribution(5, 5, log=True),
        "learning_rate": FloatDistribution(1.0, 1.0, log=True),
        "amplitude": FloatDistribution(1, 30, log=True),
        "period": IntDistribution(10, 30, log=True),
    }


def test_a_study_of_static_losses_has_neither_amplitude_nor_period() -> None:
    space = SMALL["space"] | {"width": [5, 9]}
    allowed = distributions(small_map(loss=["ce", "mse"], space=space), FIRST)
    assert allowed.keys() == {"loss", "width", "learning_rate"}


AXES = st.fixed_dictionaries({
    "learning_rate": st.floats(1e-9, 1e6),
    "amplitude": st.lists(st.floats(1, 1e9), min_size=1, max_size=3),
    "period": st.lists(st.integers(2, 900), min_size=1, max_size=3),
    "width": st.lists(st.integers(1, 10_000), min_size=1, max_size=3),
})
LONG = {"steps": 1000, "tail": 100}


@given(AXES, st.lists(st.sampled_from(list(LOSSES)), min_size=1))
def test_every_cell_of_a_valid_study_is_a_trial_on_all_axes(
    space: dict[str, Any], loss: list[str]
) -> None:
    spec = StudySpec.of(SMALL | {"loss": loss, "space": space, "protocol": LONG})
    allowed = distributions(spec, tuple(LOSSES))
    if not all(cell.configuration.static for cell in spec.grid_cells()):
        assert StudySpec.ranges(spec) == spec.ranges()  # as they are cell by cell
    for cell in spec.grid_cells():
        params = parameters(cell.configuration, allowed)
        # which refuses what no distribution holds, and a parameter without one
        trial = optuna.trial.create_trial(value=0.5, params=params, distributions=allowed)
        assert Configuration(**trial.params) == cell.configuration


def test_pictures_of_optuna_have_every_axis(storage: Storage, make_spec: SpecMaker) -> None:
    """Parallel coordinates and importance leave out what one trial lacks or has otherwise."""
    plant(storage, make_spec(loss=["dce", "mse"]))
    study = storage.study("small")
    space = IntersectionSearchSpace().calculate(study)
    assert space.keys() == {"loss", "width", "learning_rate", "amplitude", "period"}
    assert {name for name, values in space.items() if values.single()} == {"width", "learning_rate"}
    static = [trial.params for trial in study.trials if trial.params["loss"] in {"ce", "mse"}]
    assert static
    assert {(params["amplitude"], params["period"]) for params in static} == {(1.0, 10)}


def test_attributes_are_numbers_and_the_key_is_kept_where_nobody_looks(
    storage: Storage, make_spec: SpecMaker
) -> None:
    plant(storage, make_spec())
    trials = storage.study("small").trials
    for trial in trials:
        assert all(isinstance(value, int | float) for value in trial.user_attrs.values())
        assert len(trial.system_attrs[CELL]) == 64
    assert len({trial.system_attrs[CELL] for trial in trials}) == len(trials)


def test_a_study_of_an_earlier_dynstudy_grows_in_the_ranges_it_has(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    study = storage.open_study(spec)
    old = {"width": 5, "learning_rate": 1.0}
    for params in (old | {"loss": "ce"}, old | {"loss": "dce", "amplitude": 3.0, "period": 10}):
        given = {name: WIDE[name] for name in params}
        study.add_trial(optuna.create_trial(value=0.5, params=params, distributions=given))
    before = study.trials
    cell = Configuration("dce", 5, 1.0, 30.0, 30)
    add_cells(study, spec, [FinishedCell(cell, 0.6, {})])
    assert study.trials[:2] == before
    assert study.trials[2].distributions == WIDE
    assert set(finished(study)) == {Configuration(**trial.params) for trial in study.trials}
    assert len(finished(study)) == 3


def test_a_cell_is_one_trial_whoever_records_it(
    storage: Storage, url: str, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = Planted(storage, make_spec())
    cells = [
        FinishedCell(cell.configuration, 0.1 * number, {})
        for number, cell in enumerate(planted.spec.grid_cells())
    ]
    add_cells(planted.study, planted.spec, cells[:2])
    add_cells(planted.study, planted.spec, cells[1:3])
    another = Storage(url, create=True)

    def overtaken(*arguments: Any) -> bool:
        monkeypatch.undo()
        add_cells(another.study("small"), planted.spec, cells[3:4])
        return insert_trials(*arguments)

    monkeypatch.setattr(trials_module, "insert_trials", overtaken)
    add_cells(planted.study, planted.spec, cells[2:])
    assert len(cells) == 5
    assert [trial.value for trial in planted.study.trials] == [cell.value for cell in cells]
    another.engine.dispose()


def test_what_a_study_grows_to_is_in_its_ranges(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    study = storage.study("small")
    space = SMALL["space"] | {"amplitude": [3, 30, 300], "period": [10, 15, 30]}
    grown = make_spec(space=space)
    add_cells(study, grown, [FinishedCell(Configuration("dce", 5, 1.0, 300.0, 15), 0.6, {})])
    first, last = study.trials[0].distributions, study.trials[-1].distributions
    assert last["amplitude"] == FloatDistribution(1, 300, log=True)
    assert last["period"] == first["period"]


@pytest.fixture
def _in_india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_india")
def test_a_trial_has_the_times_of_its_cell(storage: Storage, make_spec: SpecMaker) -> None:
    """Optuna keeps those of this machine's clock, without a zone."""
    planted = Planted(storage, make_spec())
    cell = planted.cell(amplitude=3, period=10)
    planted.put(cell, [0.5, 0.6])
    (summary,) = Summaries(planted.ledger, range(8)).of([cell])
    assert summary.trained is None  # nothing is known of it
    began = datetime(2026, 1, 2, 3, 4, 5)
    times = (began, began + timedelta(seconds=7))
    add_cells(planted.study, planted.spec, [FinishedCell(cell.configuration, 0.5, {}, "", times)])
    (trial,) = planted.study.trials
    assert trial.duration == timedelta(seconds=7)
    assert trial.datetime_start is not None
    assert trial.datetime_start.astimezone(UTC).replace(tzinfo=None) == began
    assert trial.datetime_start == began + timedelta(hours=5, minutes=30)
