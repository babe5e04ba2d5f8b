"""Tables and indexes: all of them or none, whatever kills the process that makes them."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, inspect

import dynstudy
from dynstudy.errors import StorageError
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker


def schema(path: Path) -> set[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute("SELECT type, name, sql FROM sqlite_master"))


def test_killed_after_any_statement_a_new_database_is_whole_or_nothing(
    tmp_path: Path, empty_database: Path
) -> None:
    whole, path = schema(empty_database), tmp_path / "new" / "studies.db"
    path.parent.mkdir()
    left: dict[int, Path] = {}  # what a process leaves that ends there, one of each size
    statements = 0

    def look(*_: object) -> None:
        nonlocal statements
        statements += 1
        copy = shutil.copytree(path.parent, tmp_path / str(statements)) / path.name
        if left.setdefault(len(schema(copy)), copy) != copy:
            shutil.rmtree(copy.parent)

    event.listen(Engine, "after_cursor_execute", look)
    try:
        Storage(f"sqlite:///{path}", create=True).engine.dispose()
    finally:
        event.remove(Engine, "after_cursor_execute", look)
    assert statements > 20
    # nothing, or all but for the table that Optuna keeps its own version in
    assert set(left) == {0, len(whole) - 2, len(whole)}
    for copy in left.values():
        Storage(f"sqlite:///{copy}", create=True).engine.dispose()
        assert schema(copy) == whole


def change(storage: Storage, *statements: str) -> None:
    with storage.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def described(storage: Storage) -> set[str]:
    """Tables and indexes, as SQLAlchemy finds them."""
    inspector = inspect(storage.engine)
    return {
        repr((table, each))
        for table in inspector.get_table_names()
        for each in (*inspector.get_columns(table), *inspector.get_indexes(table))
    }


@pytest.mark.parametrize(
    "hole",
    [
        "INDEX ix_studies_study_name",
        "INDEX ix_trials_study_id",
        "INDEX ix_dynstudy_run_study_id",
        "TABLE trial_heartbeats",
        "TABLE trial_values",
        "TABLE dynstudy_series",
        "TABLE alembic_version",
        "TABLE version_info",
    ],
)
def test_what_is_missing_is_made_when_a_database_is_opened_to_write(
    hole: str, storage: Storage, url: str
) -> None:
    whole = described(storage)
    change(storage, f"DROP {hole}")
    assert described(storage) != whole
    Storage(url, create=True).engine.dispose()
    assert described(storage) == whole


def test_a_missing_table_is_named_to_who_only_reads(storage: Storage, url: str) -> None:
    cascade = "CASCADE" if storage.engine.dialect.name == "postgresql" else ""
    change(storage, f"DROP TABLE trials {cascade}")
    with pytest.raises(StorageError, match=r"the table trials is missing.*run .* mends that$"):
        Storage(url)


TWICE = (
    "DROP INDEX ix_studies_study_name",
    "INSERT INTO studies (study_name) VALUES ('small'), ('small-2'), ('small')",
)


def test_two_studies_of_one_name_are_told_apart_by_the_next_run(
    storage: Storage, url: str, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    change(storage, *TWICE)
    with pytest.raises(StorageError, match=r"3 studies are named 'small'.*run .* tells them apart"):
        Storage(url).study("small")
    again = dynstudy.run(make_spec(), storage=url)
    assert (again.trained, again.reused) == (0, 16)
    names = [study.study_name for study in again.storage.optuna.get_all_studies()]
    assert names == ["small", "small-3", "small-2", "small-4"]
    assert len(again.storage.study("small").trials) == 5
