"""What is private of Optuna does what it is needed for."""

import math
from datetime import datetime
from typing import Any

import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, create_trial
from sqlalchemy import event, select

from dynstudy.store.launches import lock
from dynstudy.store.optuna_private import (
    STUDIES,
    STUDY_ATTRIBUTES,
    TRIALS,
    insert_trials,
    open_running_trial,
)
from dynstudy.store.studies import Storage
from dynstudy.store.study_rows import SPEC
from tests.planted import SearchMaker, SpecMaker


def test_the_number_of_a_study_is_the_one_in_its_table(
    storage: Storage, make_spec: SpecMaker, make_search: SearchMaker
) -> None:
    for spec in (make_spec(), make_search()):
        storage.open_study(spec)
    listed = {name: storage.study_id(storage.study(name)) for name in storage.names()}
    with storage.engine.connect() as connection:
        rows = connection.execute(select(STUDIES.c.study_name, STUDIES.c.study_id))
        assert dict(tuple(row) for row in rows) == listed
        keys = select(STUDY_ATTRIBUTES.c.key).where(STUDY_ATTRIBUTES.c.study_id == 1)
        assert SPEC in set(connection.scalars(keys))


def test_a_running_trial_can_be_given_attributes(
    storage: Storage, make_search: SearchMaker
) -> None:
    study = storage.open_study(make_search())
    study.ask()
    (frozen,) = study.get_trials(deepcopy=False)
    open_running_trial(study, frozen).set_user_attr("replicates", 2)
    assert study.trials[0].user_attrs == {"replicates": 2}
    with storage.engine.connect() as connection:
        assert list(connection.scalars(select(TRIALS.c.state))) == ["RUNNING"]


SPACE: dict[str, BaseDistribution] = {
    "loss": CategoricalDistribution(("ce", "dce")),
    "width": IntDistribution(1, 100, log=True),
    "rate": FloatDistribution(1e-3, 10, log=True),
    "share": FloatDistribution(0, 1),
}


def made(values: list[float], **changes: Any) -> list[FrozenTrial]:
    params = {"loss": "dce", "width": 7, "rate": 0.1, "share": 1 / 3}
    trials = [
        create_trial(
            value=value,
            params=params,
            distributions=SPACE | changes,
            user_attrs={"sem": 0.1 * number, "absent": None, "word": "ä'\""},
            system_attrs={"key": [number]},
        )
        for number, value in enumerate(values)
    ]
    trials[0].datetime_start = datetime(2026, 7, 1, 12, 30)
    trials[0].datetime_complete = datetime(2026, 7, 1, 12, 31, 5, 7)
    return trials


def test_trials_inserted_at_once_are_those_that_optuna_adds_one_by_one(storage: Storage) -> None:
    trials = made([0.1 + 0.2, math.inf, -math.inf, -1e300, 0.0])
    one, other = (
        optuna.create_study(study_name=name, storage=storage.optuna) for name in ("one", "other")
    )
    one.add_trials(trials[:2])
    one.add_trials(trials[2:])
    assert insert_trials(other, trials[:2], 0, lock)
    assert insert_trials(other, trials[2:], 2, lock)
    for ours, theirs in zip(other.trials, one.trials, strict=True):
        differing = {"_trial_id"}
        assert {k: v for k, v in vars(ours).items() if k not in differing} == {
            k: v for k, v in vars(theirs).items() if k not in differing
        }
    assert [trial.number for trial in other.trials] == list(range(5))
    assert other.ask().number == 5


def test_any_number_of_trials_takes_the_same_statements(storage: Storage) -> None:
    study = optuna.create_study(storage=storage.optuna)
    statements: list[str] = []
    event.listen(
        storage.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    counts = []
    before = 0
    for size in (2, 50):
        statements.clear()
        assert insert_trials(study, made([0.5] * size), before, lock)
        before += size
        counts.append(sum(not each.startswith("SELECT") for each in statements))
    assert counts[0] == counts[1]


def test_trials_of_a_study_that_has_others_by_now_are_not_inserted(storage: Storage) -> None:
    study = optuna.create_study(storage=storage.optuna)
    study.add_trials(made([0.5]))
    assert not insert_trials(study, made([0.5, 0.6]), 0, lock)
    assert len(study.trials) == 1


def test_what_optuna_would_refuse_is_refused(storage: Storage) -> None:
    study = optuna.create_study(storage=storage.optuna)
    study.add_trials(made([0.5]))
    with pytest.raises(ValueError, match="CategoricalDistribution does not support dynamic"):
        insert_trials(study, made([0.5], loss=CategoricalDistribution(("dce",))), 1, lock)
    with pytest.raises(ValueError, match="Cannot set different distribution kind"):
        insert_trials(study, made([0.5], width=FloatDistribution(1, 100)), 1, lock)
    assert len(study.trials) == 1


def test_a_crash_leaves_all_trials_or_none(storage: Storage) -> None:
    study = optuna.create_study(storage=storage.optuna)

    class PowerCutError(Exception):
        pass

    def cut(*given: Any) -> None:
        if "trial_user_attributes" in given[2]:
            raise PowerCutError

    event.listen(storage.engine, "before_cursor_execute", cut)
    with pytest.raises(PowerCutError):
        insert_trials(study, made([0.5, 0.6]), 0, lock)
    event.remove(storage.engine, "before_cursor_execute", cut)
    assert study.trials == []


def test_a_study_in_memory_has_them_too() -> None:
    study = optuna.create_study()
    assert insert_trials(study, made([0.5, 0.6]), 0, lock)
    assert [trial.value for trial in study.trials] == [0.5, 0.6]
