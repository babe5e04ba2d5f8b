"""What a database complains of while results are read is one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

import dynstudy
from dynstudy.errors import StorageError, StudyNotFoundError
from dynstudy.results.studies import Studies
from dynstudy.results.study import Study
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker, plant

ASKED: dict[str, Callable[[Study], Any]] = {
    "map": Study.map,
    "replicates": Study.replicates,
    "boundaries": Study.boundaries,
    "best": Study.best,
    "series": lambda study: study.series("amplitude=3,period=10"),
    "plot": Study.plot,
    "figure": Study.figure,
    "look": repr,
    "spec": lambda study: study.spec,
    "state": lambda study: study.state,
    "note": lambda study: study.note,
    "tags": lambda study: study.tags,
    "provenance": lambda study: study.provenance,
}


@pytest.fixture
def study(storage: Storage, make_spec: SpecMaker) -> Study:
    plant(storage, make_spec())
    return dynstudy.open(storage)["small"]


@pytest.mark.parametrize("name", ASKED)
def test_tables_that_are_gone_are_one_line(name: str, study: Study) -> None:
    with study._storage.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE dynstudy_series")
        connection.exec_driver_sql("DROP TABLE dynstudy_replicate")
        connection.exec_driver_sql("DROP TABLE dynstudy_run")
        connection.exec_driver_sql("DROP TABLE study_user_attributes")
    with pytest.raises(StorageError, match="no such table") as caught:
        ASKED[name](study)
    assert "\n" not in str(caught.value)


def test_a_damaged_value_is_named(study: Study) -> None:
    with study._storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dynstudy_replicate SET val_accuracy = 'x' WHERE id = 3")
    with pytest.raises(StorageError, match="dynstudy_replicate") as caught:
        study.map()
    assert "\n" not in str(caught.value)


def test_studies_of_a_database_that_is_gone_are_one_line(study: Study, tmp_path: Path) -> None:
    studies = dynstudy.open(study._storage)
    with study._storage.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE study_user_attributes")
    every: tuple[Callable[[Studies], Any], ...] = (
        len, list, repr, Studies.table, lambda each: each.names, lambda each: each["small"],
    )  # fmt: skip
    for ask in every:
        with pytest.raises(StorageError, match="no such table"):
            ask(studies)


@pytest.mark.parametrize("name", ASKED)
def test_a_study_that_was_deleted_is_named(name: str, study: Study) -> None:
    optuna.delete_study(study_name="small", storage=study._storage.optuna)
    with pytest.raises(StudyNotFoundError, match="'small' is not in"):
        ASKED[name](study)
