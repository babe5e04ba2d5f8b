"""Which studies there are."""

from datetime import UTC, datetime
from typing import Any

import optuna
import pytest

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.launch.estimate import estimate
from dynstudy.report.listing import list_rows, study_status
from dynstudy.report.overview import overview
from dynstudy.report.words import Status
from dynstudy.store.launches import claim
from dynstudy.store.rename_note_tag import change_tags
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.planted import SMALL, SearchMaker, SpecMaker, plant


@pytest.fixture
def three(storage: Storage, make_spec: SpecMaker, make_search: SearchMaker) -> Storage:
    plant(storage, make_spec())
    storage.open_study(make_spec(name="other", loss="dmse1"))
    storage.open_study(make_search())
    return storage


def names(storage: Storage, **filters: object) -> list[str]:
    return [row["study"] for row in list_rows(storage, **filters)]


SEARCHED = {"learning_rate": {"low": 0.1, "high": 1.0}, "width": {"low": 3, "high": 9}}
KINDS: dict[str, dict[str, Any]] = {
    "map": {"loss": ["dce", "ce"]},
    "search": {"loss": ["dce", "mse"], "search": {"sampler": "random", "trials": 7, "batch": 4}},
    "boundary": {"boundary": {"cells": 3, "batch": 2}, "replicates": 6},
}


@pytest.mark.parametrize(("kind", "cells"), [("map", 5), ("search", 7), ("boundary", 4)])
def test_cells_are_the_same_number_wherever_they_are_counted(
    kind: str, cells: int, storage: Storage
) -> None:
    space = SMALL["space"] if kind != "search" else SMALL["space"] | SEARCHED
    if kind == "search":
        space |= {"amplitude": {"low": 3, "high": 30}, "period": {"low": 10, "high": 30}}
    spec = StudySpec.of({**SMALL, "kind": kind, "space": space} | KINDS[kind])
    assert estimate(spec).cells == cells
    summary = dynstudy.run(spec, storage=storage)
    (row,) = list_rows(storage)
    shown = overview(storage, "small")
    counts = (summary.cells, row["cells"], row["cells_done"], shown.cells, shown.cells_done)
    assert {*counts, regime_map(storage, "small").cells} == {cells}


def test_a_row_says_how_much_of_a_study_there_is(three: Storage) -> None:
    other, search, small = list_rows(three)
    assert (small["status"], small["cells_done"], small["cells"]) == (Status.complete, 5, 5)
    assert small["networks"] == small["networks_trained"] == 16
    assert small["network_steps"] == 16 * 200
    assert (other["status"], other["cells_done"], other["networks_trained"]) == (
        Status.incomplete, 0, 0
    )  # fmt: skip
    assert (search["kind"], search["cells"], search["networks"]) == ("search", 8, 0)


def test_filters_are_taken_together(three: Storage) -> None:
    assert names(three) == ["other", "search", "small"]
    assert names(three, status=Status.incomplete) == ["other", "search"]
    assert names(three, status=Status.incomplete, kind="map") == ["other"]
    assert names(three, match="s*") == ["search", "small"]
    assert names(three, match="S*") == []
    change_tags(three, "small", ["paper", "checked"])
    change_tags(three, "other", ["paper"])
    assert names(three, tags=["paper"]) == ["other", "small"]
    assert names(three, tags=["paper", "checked"]) == ["small"]


def test_a_study_that_is_run_is_running_whatever_it_has(
    three: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    with claim(three.engine, three.study_id(three.study("small")), spec, "cpu"):
        assert names(three, status=Status.running) == ["small"]
    assert names(three, status=Status.running) == []
    assert study_status(False, 6, 5) is Status.complete  # more than was planned


def test_a_study_without_a_launch_was_updated_when_its_last_trial_ended(
    storage: Storage, make_spec: SpecMaker
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    plant(storage, make_spec())
    optuna.copy_study(
        from_study_name="small",
        from_storage=storage.optuna,
        to_storage=storage.optuna,
        to_study_name="copied",
    )
    for row in list_rows(storage):
        updated = datetime.fromisoformat(row["updated"]).replace(tzinfo=UTC)
        assert before <= updated <= datetime.now(UTC)
