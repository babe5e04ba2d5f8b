from typing import Any

import pytest
from sqlalchemy import text

from dynstudy.errors import StorageError, StudyBusyError, StudyNotFoundError
from dynstudy.export.exporting import export
from dynstudy.launch.runner import run
from dynstudy.search.ask_and_tell import ask_batch
from dynstudy.store.deletion import delete_study, plan_deletion
from dynstudy.store.launches import claim
from dynstudy.store.studies import Storage
from tests.planted import SearchMaker, SpecMaker

SPACE = {"learning_rate": 1.0, "amplitude": [3, 90], "period": [10, 30], "width": 5}

TABLES = "studies study_user_attributes trials trial_values dynstudy_run dynstudy_replicate \
dynstudy_series".split()


def rows(storage: Storage, sql: str) -> list[tuple[Any, ...]]:
    with storage.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def contents(storage: Storage) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(storage, f"SELECT * FROM {table}") for table in TABLES}


def networks(storage: Storage) -> int:
    return len(rows(storage, "SELECT id FROM dynstudy_replicate"))


def test_a_deleted_study_leaves_its_networks_and_its_launches(
    storage: Storage, make_spec: SpecMaker
) -> None:
    run(make_spec(), storage=storage)
    planned = plan_deletion(storage, "small")
    assert (planned.trials, planned.networks) == (5, ())
    delete_study(storage, planned)
    assert storage.names() == []
    left = contents(storage)
    assert [left[table] for table in TABLES[:4]] == [[], [], [], []]
    assert networks(storage) == 16
    assert rows(storage, "SELECT study_id, status, networks FROM dynstudy_run") == [
        (None, "complete", 16)
    ]
    again = run(make_spec(), storage=storage)  # all is there
    assert (again.trained, again.reused, again.cells) == (0, 16, 5)


def test_a_purge_takes_what_exports_were_confirmed_on(
    storage: Storage, make_spec: SpecMaker
) -> None:
    run(make_spec(), storage=storage)
    export(storage, "small")
    run(make_spec(name="other", space=SPACE), storage=storage)
    assert networks(storage) > 16 + 2 * 2
    planned = plan_deletion(storage, "small", purge=True)
    delete_study(storage, planned)
    delete_study(storage, plan_deletion(storage, "other", purge=True))
    assert networks(storage) == 0


def test_a_purge_spares_the_networks_that_another_study_needs(
    storage: Storage, make_spec: SpecMaker
) -> None:
    space = SPACE
    run(make_spec(), storage=storage)  # A 3 and 30, 2 replicates, 8 of the baseline
    run(make_spec(name="other", space=space, replicates=1), storage=storage)
    assert networks(storage) == 16 + 2
    planned = plan_deletion(storage, "small", purge=True)
    # spared: 1 seed of two cells at A = 3, and 4 of the baseline's 8
    assert (len(planned.networks), planned.shared) == (10, 6)
    delete_study(storage, planned)
    assert networks(storage) == 8
    orphans = "SELECT * FROM dynstudy_series WHERE replicate_id NOT IN (SELECT id FROM %s)"
    assert rows(storage, orphans % "dynstudy_replicate") == []
    unused = "SELECT * FROM dynstudy_steps WHERE id NOT IN (SELECT steps_id FROM dynstudy_series)"
    assert rows(storage, unused) == []
    again = run(make_spec(name="other", space=space, replicates=1), storage=storage)
    assert (again.trained, again.cells) == (0, 5)
    delete_study(storage, plan_deletion(storage, "other", purge=True))
    assert networks(storage) == 0
    assert rows(storage, "SELECT * FROM dynstudy_series") == []
    assert rows(storage, "SELECT * FROM dynstudy_steps") == []


def test_a_purge_knows_what_a_search_has_tried_and_is_about_to_train(
    storage: Storage, make_search: SearchMaker, make_spec: SpecMaker
) -> None:
    search = make_search()
    run(search, storage=storage)
    trained = networks(storage)
    # a map of the very cells that a second, interrupted search has asked for and not yet trained
    other = make_search(name="other", search={**search.search.model_dump(), "seed": 7})
    asked = list(ask_batch(storage.open_study(other), other).values())
    chosen = asked[0]
    space = {
        "learning_rate": chosen.learning_rate,
        "amplitude": chosen.amplitude,
        "period": chosen.period,
        "width": chosen.width,
    }
    run(make_spec(name="cell", space=space), storage=storage)
    assert networks(storage) == trained + 2 + 8
    planned = plan_deletion(storage, "cell", purge=True)
    assert (len(planned.networks), planned.shared) == (8, 2)
    planned = plan_deletion(storage, "search", purge=True)
    assert len(planned.networks) + planned.shared == trained
    delete_study(storage, planned)
    assert networks(storage) == planned.shared + 2 + 8


def test_a_study_that_is_run_is_not_deleted_and_no_purge_beside_another(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    other = make_spec(name="other")
    storage.open_study(other)
    with claim(storage.engine, number, spec, "auto"):
        before = contents(storage)
        with pytest.raises(StudyBusyError, match="'small' is being run"):
            delete_study(storage, plan_deletion(storage, "small"))
        with pytest.raises(StudyBusyError, match="another study is being run"):
            delete_study(storage, plan_deletion(storage, "other", purge=True))
        assert contents(storage) == before
        delete_study(storage, plan_deletion(storage, "other"))
    assert storage.names() == ["small"]


def test_what_changed_since_it_was_counted_is_not_deleted(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    number = storage.study_id(storage.open_study(spec))
    planned = plan_deletion(storage, "small")
    with claim(storage.engine, number, spec, "auto"):
        pass
    with pytest.raises(StorageError, match="changed meanwhile, nothing is deleted"):
        delete_study(storage, planned)
    assert storage.names() == ["small"]
    planned = plan_deletion(storage, "small")
    delete_study(storage, planned)
    with pytest.raises(StorageError, match="changed meanwhile"):
        delete_study(storage, planned)
    with pytest.raises(StudyNotFoundError):
        plan_deletion(storage, "small")


REFUSALS = {
    "sqlite": ("CREATE TRIGGER no BEFORE DELETE ON studies BEGIN SELECT RAISE(ABORT, 'no'); END",),
    "postgresql": (
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'restrict_violation'; END $$",
        "CREATE TRIGGER no BEFORE DELETE ON studies EXECUTE FUNCTION no()",
    ),
}


def test_a_deletion_that_fails_leaves_everything(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(make_spec(), storage=storage)
    before = contents(storage)
    planned = plan_deletion(storage, "small", purge=True)
    assert len(planned.networks) == 16
    with storage.engine.begin() as connection:  # the last of Optuna's deletions fails
        for statement in REFUSALS[connection.dialect.name]:
            connection.exec_driver_sql(statement)
    with pytest.raises(StorageError, match="the database refused"):
        delete_study(storage, planned)
    assert contents(storage) == before

    def broken(number: int) -> None:
        raise RuntimeError(number)

    monkeypatch.setattr(storage.optuna, "delete_study", broken)
    with pytest.raises(RuntimeError):
        delete_study(storage, planned)
    assert contents(storage) == before
