"""A row of Optuna's that it cannot read is named, and what it can read is as it was."""

from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dynstudy.errors import DamagedError
from dynstudy.store.studies import Storage
from tests.databases import SQLITE_ALONE


@pytest.fixture
def study(storage: Storage) -> optuna.Study:
    """Two trials, with all kinds of things that a trial may have."""
    study = optuna.create_study(storage=storage.optuna, study_name="a", direction="maximize")
    study.set_user_attr("words", "b")
    study.optimize(_objective, n_trials=2)
    return study


def _objective(trial: optuna.Trial) -> float:
    trial.set_user_attr("gain", 0.5)
    trial.suggest_categorical("loss", ["ce", "dce"])
    return trial.suggest_float("amplitude", 1, 10)


READS: dict[str, Callable[[Storage], Any]] = {
    "trials": lambda storage: opened(storage).get_trials(deepcopy=False),
    "attributes": lambda storage: opened(storage).user_attrs,
    "directions": lambda storage: opened(storage).directions,
    "studies": lambda storage: storage.optuna.get_all_studies(),
}


def opened(storage: Storage) -> optuna.Study:
    return optuna.load_study(study_name="a", storage=storage.optuna)


DAMAGES = [
    ("study_directions.direction", "'UP'", "directions"),
    ("study_user_attributes.value_json", "'{'", "attributes"),
    ("study_user_attributes.value_json", "NULL", "studies"),
    ("trials.state", "'DONE'", "trials"),
    ("trials.number", "'x'", "trials"),
    ("trials.number", "NULL", "trials"),
    ("trials.datetime_start", "'soon'", "trials"),
    ("trials.datetime_complete", "5", "trials"),
    ("trial_params.distribution_json", "''", "trials"),
    ("trial_params.distribution_json", "'{}'", "trials"),
    ("trial_params.distribution_json", "NULL", "trials"),
    ("trial_params.param_value", "'x'", "trials"),
    ("trial_params.param_value", "7", "trials"),
    ("trial_values.value", "'x'", "trials"),
    ("trial_values.value", "NULL", "trials"),
    ("trial_values.value_type", "'NAN'", "trials"),
    ("trial_values.objective", "3", "trials"),
    ("trial_user_attributes.value_json", "'nan,'", "trials"),
]


@SQLITE_ALONE  # PostgreSQL makes a text of it
@pytest.mark.parametrize("edited", ["trial_params.param_name", "trial_user_attributes.key"])
def test_the_row_of_a_word_that_is_no_text_is_named(
    edited: str, study: optuna.Study, storage: Storage
) -> None:
    test_the_row_that_cannot_be_read_is_named(edited, "x'00'", "trials", study, storage)


@pytest.mark.parametrize(("edited", "value", "reads"), DAMAGES)
def test_the_row_that_cannot_be_read_is_named(
    edited: str, value: str, reads: str, study: optuna.Study, storage: Storage
) -> None:
    table, column = edited.split(".")
    key = {"trials": "trial_id", "trial_params": "param_id"}.get(table, f"{table[:-1]}_id")
    key = key.replace("attributes", "attribute")
    edit = f"UPDATE {table} SET {column} = {value} WHERE {key} = 1"
    try:
        with storage.engine.begin() as connection:
            assert connection.execute(text(edit)).rowcount == 1
    except DBAPIError:  # a value of another type, or none where there has to be one
        assert storage.engine.dialect.name == "postgresql"
        return
    with pytest.raises(DamagedError) as refused:
        READS[reads](storage)
    assert str(refused.value).startswith((f"table {table}, {key} 1, {column} = ", "table trials"))
    assert "is damaged: " in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_finished_trial_without_a_value_is_named(study: optuna.Study, storage: Storage) -> None:
    with storage.engine.begin() as connection:
        connection.execute(text("DELETE FROM trial_values WHERE trial_id = 2"))
    with pytest.raises(DamagedError, match="table trials, number 1, state = 'COMPLETE': is damag"):
        optuna.load_study(study_name="a", storage=storage.optuna).get_trials()


def test_a_study_without_directions_is_named(study: optuna.Study, storage: Storage) -> None:
    with storage.engine.begin() as connection:
        connection.execute(text("DELETE FROM study_directions"))
    with pytest.raises(DamagedError, match="table study_directions, study_id 1, direction = None"):
        _ = opened(storage).directions


def test_what_is_whole_is_read_as_optuna_reads_it(
    study: optuna.Study, storage: Storage, url: str
) -> None:
    plain = optuna.storages.RDBStorage(url)
    number = plain.get_study_id_from_name("a")
    assert storage.optuna.get_all_trials(number) == plain.get_all_trials(number)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 2
    with pytest.raises(KeyError):
        storage.optuna.get_study_user_attrs(99)
    plain.engine.dispose()
