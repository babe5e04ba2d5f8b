"""Boundary studies through the runner, on planted networks: nothing has to be trained."""

from typing import Any

import pandas as pd
import pytest

import dynstudy
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.analysis.study_differences import study_differences
from dynstudy.config import Configuration
from dynstudy.dashboard.page import publish
from dynstudy.errors import StudyMismatchError
from dynstudy.launch import run_map
from dynstudy.report.listing import list_rows
from dynstudy.search.prediction import predict_cells
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from dynstudy.study.spec import StudySpec
from dynstudy.study.tried import finished
from tests.databases import both_at_length  # noqa: F401
from tests.planted import plant

PLANTED: dict[str, Any] = {
    "name": "planted",
    "kind": "map",
    "loss": "dce",
    "replicates": 10,
    "space": {
        "learning_rate": 1.0,
        "amplitude": [3, 10, 30, 60, 150, 300, 600, 1000],
        "period": [30, 100, 300],
        "width": 20,
    },
}
"""24 cells: the gain is 0.2 from A = 5 to 100, -0.2 above 400; 0.85 A / 1000 is forgotten."""


def plant_map(storage: Storage, **space: Any) -> None:
    spec = StudySpec.of({**PLANTED, "space": PLANTED["space"] | space})
    assert isinstance(spec, MapSpec)
    plant(storage, spec)


def boundary(cells: int = 12, batch: int = 4, seed: int = 0, **space: Any) -> Any:
    return StudySpec.of({
        **PLANTED,
        "name": "boundary",
        "kind": "boundary",
        "boundary": {"cells": cells, "batch": batch, "seed": seed},
        "space": PLANTED["space"] | space,
    })


def chosen(storage: Storage) -> list[Configuration]:
    """The cells of its trials, in their order."""
    return list(finished(storage.study("boundary")))


def wrong(study_map: RegimeMap) -> int:
    """Predicted cells with a label that the planted outcomes do not have."""
    count = 0
    for cell in study_map.frame[study_map.frame.predicted].itertuples():
        useful, harmful = 5 < cell.amplitude < 100, cell.amplitude > 400
        lost = 0.85 * cell.amplitude / 1000
        count += (cell.regime == "useful") != useful or (cell.regime == "harmful") != harmful
        count += abs(lost - 0.4) > 0.05 and cell.forgets is not (lost > 0.4)
    return count


def test_it_takes_its_cells_from_the_ledger_and_predicts_the_others(storage: Storage) -> None:
    plant_map(storage)
    said: list[str] = []
    done = dynstudy.run(boundary(), storage=storage, log=said.append)
    assert (done.cells, done.trained, done.interrupted) == (12 + 1, 0, False)
    assert said[-1].startswith("the budget is spent: 12 of 24 cells are trained, ")
    assert "a larger boundary.cells goes on, with --extend" in said[-1]
    study_map = regime_map(storage, "boundary")
    cells = study_map.dynamical_cells()
    trained, predicted = (cells[cells.predicted == predicted] for predicted in (False, True))
    assert (len(trained), len(predicted)) == (12, 12)
    assert set(trained.replicates) == {10}
    assert set(predicted.replicates) == {0}
    assert predicted.p_value.isna().all()
    assert wrong(study_map) <= 3
    assert any("12 of 25 cells are not trained but predicted" in note for note in study_map.notes)
    row, _ = list_rows(storage)
    assert (row["kind"], row["status"], row["cells_done"], row["cells"]) == (
        "boundary",
        "complete",
        13,
        13,
    )


@pytest.mark.parametrize("crash_at", [0, 5, 7])
def test_a_study_that_crashed_goes_on_to_the_same_cells(
    crash_at: int, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it crashed between two batches, or while one became trials."""
    plant_map(storage)
    dynstudy.run(boundary(seed=3), storage=storage)
    whole = chosen(storage)
    assert len(set(whole)) == 13
    storage.optuna.delete_study(storage.study_id(storage.study("boundary")))
    original = run_map.add_cells
    added = 0

    def crash(study: Any, spec: Any, ready: Any) -> None:
        nonlocal added
        for cell in ready:
            if added == crash_at:
                raise SystemError("power cut")
            added += 1
            original(study, spec, [cell])

    monkeypatch.setattr(run_map, "add_cells", crash)
    with pytest.raises(SystemError):
        dynstudy.run(boundary(seed=3), storage=storage)
    assert len(chosen(storage)) == crash_at
    assert list_rows(storage)[0]["status"] == "incomplete"
    monkeypatch.undo()
    dynstudy.run(boundary(seed=3), storage=storage)
    assert chosen(storage) == whole


def test_another_seed_begins_elsewhere(storage: Storage) -> None:
    plant_map(storage)
    dynstudy.run(boundary(), storage=storage)
    dynstudy.run(boundary(seed=1).model_copy(update={"name": "other"}), storage=storage)
    assert set(chosen(storage)) != set(finished(storage.study("other")))


def test_it_ends_where_all_is_settled_though_the_budget_is_not_spent(storage: Storage) -> None:
    inside = {"amplitude": [10, 20, 30, 40, 50, 60]}  # all gain much and forget little
    plant_map(storage, **inside)
    said: list[str] = []
    done = dynstudy.run(boundary(17, 6, **inside), storage=storage, log=said.append)
    trained = done.cells - 1
    assert 6 <= trained < 17
    assert said[-1] == f"all 18 cells are settled; {trained} of them are trained"
    row = list_rows(storage, kind="boundary")[0]
    assert (row["status"], row["cells"]) == ("complete", done.cells)
    again = dynstudy.run(boundary(17, 6, **inside), storage=storage)
    assert (again.cells, again.trained, again.interrupted) == (done.cells, 0, False)


def test_a_larger_budget_goes_on_from_the_cells_that_are_there(storage: Storage) -> None:
    plant_map(storage)
    dynstudy.run(boundary(8), storage=storage)
    before = chosen(storage)
    with pytest.raises(StudyMismatchError, match="--extend"):
        dynstudy.run(boundary(12), storage=storage)
    with pytest.raises(StudyMismatchError, match=r"boundary.batch was 4, now 6; give .* new name"):
        dynstudy.run(boundary(12, 6), storage=storage, extend=True)
    done = dynstudy.run(boundary(12), storage=storage, extend=True)
    assert done.cells == 13
    assert chosen(storage)[:9] == before
    as_map = StudySpec.of(PLANTED | {"name": "boundary"})
    with pytest.raises(StudyMismatchError, match="kind was boundary, now map"):
        dynstudy.run(as_map, storage=storage, extend=True)
    storage.optuna.delete_study(storage.study_id(storage.study("boundary")))
    dynstudy.run(boundary(12), storage=storage)
    assert chosen(storage)[:9] == before


def test_a_budget_beyond_the_map_trains_all_of_it(storage: Storage) -> None:
    few = {"amplitude": [10, 200], "period": [30, 100]}
    plant_map(storage, **few)
    done = dynstudy.run(boundary(50, 3, **few), storage=storage)
    assert done.cells <= 1 + 4
    study_map = regime_map(storage, "boundary")
    assert study_map.dynamical_cells().gain.notna().all()


def test_losses_and_learning_rates_have_budgets_of_their_own(storage: Storage) -> None:
    several = {"learning_rate": [0.5, 1.0]}
    plant_map(storage, **several)
    dynstudy.run(boundary(**several), storage=storage)
    rates = [
        configuration.learning_rate for configuration in chosen(storage) if not configuration.static
    ]
    assert (rates.count(0.5), rates.count(1.0)) == (12, 12)


def test_its_page_tells_what_is_predicted(storage: Storage) -> None:
    plant_map(storage)
    dynstudy.run(boundary(), storage=storage)
    publish(storage, "boundary")
    attributes = storage.optuna.get_study_system_attrs(storage.study_id(storage.study("boundary")))
    note = "".join(str(value) for key, value in attributes.items() if "note" in key)
    assert "A boundary study of DCE" in note
    assert "predicted" in note
    figures = "".join(str(value) for key, value in attributes.items() if "plot_data" in key)
    assert "useful, predicted" in figures


SIZES: dict[str, Any] = {"batch": 4, "seeds": 1, "resamples": 20}


def test_a_prediction_is_never_the_best_cell_of_a_comparison(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_map(storage)
    dynstudy.run(boundary(), storage=storage)

    def large(*arguments: Any) -> tuple[pd.DataFrame, int]:
        frame, unsettled = predict_cells(*arguments)
        return frame.assign(gain=9.0), unsettled

    monkeypatch.setattr("dynstudy.analysis.regime_map.predict_cells", large)
    rows = list(study_differences(storage, "planted", "boundary"))
    gains = [row["b"] for row in rows if row["key"] == "dce, width 20"]
    assert all(gain < 1 for gain in gains)
