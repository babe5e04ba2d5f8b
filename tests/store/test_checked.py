"""What is read of a damaged column is an error that names its row."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from dynstudy.errors import DamagedError
from dynstudy.store.checked import DamagedValueError, Within, in_its_row, json_of
from dynstudy.store.series import VALIDATION
from dynstudy.store.studies import Storage
from dynstudy.store.tables import Base, ReplicateRow, RunRow, SeriesRow, StepsRow
from tests.damage import damage, refusal
from tests.databases import SQLITE_ALONE
from tests.planted import Planted, small_map


@pytest.fixture
def planted(storage: Storage) -> Planted:
    """Four networks in each of two cells."""
    planted = Planted(storage, small_map(replicates=4))
    for cell in (planted.cell(static=True), planted.cell(period=10)):
        planted.put(cell, [0.5, 0.6, 0.7, 0.8])
    return planted


WRONG: list[tuple[Any, str, Any, str]] = [
    (ReplicateRow, "val_accuracy", "x", "must be a finite number"),
    (ReplicateRow, "val_accuracy", "nan", "must be a finite number"),
    (ReplicateRow, "val_accuracy", b"\x00", "must be a finite number"),
    (ReplicateRow, "val_accuracy", 1e300, "must be from 0 to 1"),
    (ReplicateRow, "val_accuracy", -0.1, "must be from 0 to 1"),
    (ReplicateRow, "val_accuracy_before_tail", -1, "must be from 0 to 1"),
    (ReplicateRow, "forgetting", 1e999, "must be a finite number"),
    (ReplicateRow, "forgetting", -2, "must be from -1 to 1"),
    (ReplicateRow, "seed", "x", "must be a whole number, at least 0"),
    (ReplicateRow, "diverged_at", -1, "must be a whole number, at least 0"),
    (ReplicateRow, "versions", '{"a":', "must be JSON as dynstudy writes it: Invalid JSON"),
    (ReplicateRow, "versions", "null", "must be JSON as dynstudy writes it"),
    (ReplicateRow, "versions", '{"numpy": 2}', "must be JSON as dynstudy writes it: numpy"),
    (ReplicateRow, "data", '{"classes": 0}', "must be JSON as dynstudy writes it: spiral.classes"),
    (StepsRow, "steps", "5", "must be JSON as dynstudy writes it"),
    (StepsRow, "steps", "[3, 2]", "must be JSON as dynstudy writes it: the steps do not"),
    (StepsRow, "steps", "[-1]", "must be JSON as dynstudy writes it"),
]


@SQLITE_ALONE  # PostgreSQL makes a whole number of the one, and a text of the other
@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [("seed", 0.5, "must be a whole number, at least 0"), ("device", b"\x00", "must be text")],
)
def test_a_value_of_another_type_is_named_with_its_row(
    column: str, value: Any, problem: str, planted: Planted, storage: Storage
) -> None:
    test_a_damaged_value_is_named_with_its_row(
        ReplicateRow, column, value, problem, planted, storage
    )


@pytest.mark.parametrize(("model", "column", "value", "problem"), WRONG)
def test_a_damaged_value_is_named_with_its_row(
    model: Any, column: str, value: Any, problem: str, planted: Planted, storage: Storage
) -> None:
    table = model.__tablename__
    if not damage(storage, f"UPDATE {table} SET {column} = ? WHERE id = 2", value):
        return
    query = select(getattr(model, column))
    said = refusal(storage, lambda connection: connection.execute(query).all())
    assert said.startswith(f"storage URL: table {table}, id 2, {column} = ")
    assert f"is damaged: {problem}" in said
    assert "; delete" in said.split("is damaged")[1]
    assert "\n" not in said


def test_truths_and_times_are_checked(storage: Storage) -> None:
    now = datetime(2026, 1, 1)
    shared = {"status": "lost", "host": "h", "pid": 1, "process_started": 1.0, "spec": "{}"}
    with storage.engine.begin() as connection:
        row = {"started_at": now, "heartbeat_at": now, "command": "", "provenance": "{}"}
        connection.execute(RunRow.__table__.insert().values(**row, **shared, git_clean=True))
    with storage.engine.connect() as connection:
        assert connection.execute(select(RunRow.git_clean, RunRow.started_at)).one() == (True, now)
    for column, value in (("git_clean", "x"), ("git_clean", 5), ("started_at", "soon")):
        edited = damage(storage, f"UPDATE dynstudy_run SET {column} = ?", value)
        assert edited == (storage.engine.dialect.name == "sqlite")
        with storage.engine.connect() as connection, ExitStack() as stack:
            if edited:
                stack.enter_context(pytest.raises(DamagedValueError))
            connection.execute(select(getattr(RunRow, column))).all()


def test_whole_tables_are_checked_and_nothing_else_changes() -> None:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            assert type(column.type).__name__ == "Checked", f"{table.name}.{column.name}"
    assert str(ReplicateRow.__table__.c.key.type) == "VARCHAR(64)"


def test_a_value_that_was_mended_meanwhile_is_named_without_a_row(storage: Storage) -> None:
    error = DamagedValueError("dynstudy_steps", "steps", "gone", "must be JSON")
    assert in_its_row(error, storage.engine).startswith("table dynstudy_steps, steps = 'gone': is")


@SQLITE_ALONE
def test_a_value_in_a_file_that_is_gone_is_named_without_a_row(storage: Storage) -> None:
    error = DamagedValueError("dynstudy_steps", "steps", "gone", "must be JSON")
    lost: Engine = Storage(storage.url).engine
    Path(storage.url.removeprefix("sqlite:///")).unlink()
    lost.dispose()
    assert in_its_row(error, lost) == str(error)


def test_checks_of_numbers_and_texts() -> None:
    Within(0, 1)(1)
    with pytest.raises(ValueError, match="must be from 0 to 1"):
        Within(0, 1)(1.5)
    json_of(list[int])("[1]")
    with pytest.raises(ValueError, match="must be JSON as dynstudy writes it: 1: Input"):
        json_of(list[int])('[1, "x"]')


READINGS = [
    "[[1,2],[1,2],[1,2]]",  # shorter than its steps
    "[[1],[1],[1]]",  # which NumPy would stretch over all steps
    "[1, 2, 3]",
    "[[1, 2], [1], [1, 2]]",
    "{}",
    "5",
    "",
    "[[null]]",
    "x",
]


@pytest.mark.parametrize("text", READINGS)
def test_a_series_has_a_number_for_each_class_and_step(
    text: str, planted: Planted, storage: Storage
) -> None:
    where = "WHERE replicate_id = 2 AND name = 'validation'"
    damage(storage, f"UPDATE dynstudy_series SET readings = ? {where}", text)
    said = "table dynstudy_series, replicate_id 2, name 'validation', readings = "
    with pytest.raises(DamagedError, match=said):
        planted.ledger.readings(planted.cell(static=True).configuration, range(4))


@pytest.mark.parametrize("change", ["one class less", "too many points", "negative"])
def test_a_series_has_the_classes_and_points_of_its_protocol(
    change: str, planted: Planted, storage: Storage
) -> None:
    cell = planted.cell(static=True)
    steps = len(cell.reads)
    rows = {
        "one class less": [[1] * steps] * 2,
        "too many points": [[31] * steps] * 3,
        "negative": [[-1] * steps] * 3,
    }
    where = "WHERE replicate_id = 3 AND name = 'validation'"
    damage(storage, f"UPDATE dynstudy_series SET readings = ? {where}", str(rows[change]))
    with pytest.raises(DamagedError, match="dynstudy_series, replicate_id 3, name 'validation'"):
        planted.ledger.readings(cell.configuration, range(4))


@SQLITE_ALONE  # PostgreSQL keeps the row as long as there are series of it
def test_a_network_whose_row_was_deleted_is_recorded_anew(
    planted: Planted, storage: Storage
) -> None:
    """Its series stay behind, and SQLite gives the number of its row again."""
    last = "(SELECT max(id) FROM dynstudy_replicate)"
    damage(storage, f"DELETE FROM dynstudy_replicate WHERE id = {last}")
    cell = planted.cell(period=10)
    assert planted.ledger.lacking([cell]) == {cell.configuration: (3,)}
    planted.put(cell, [0.5, 0.6, 0.7, 0.8])
    assert planted.ledger.lacking([cell]) == {cell.configuration: ()}
    with storage.engine.connect() as connection:
        names = select(SeriesRow.name).where(SeriesRow.replicate_id == 8)
        assert VALIDATION in set(connection.scalars(names))
