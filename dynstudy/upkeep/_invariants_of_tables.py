"""What holds for the tables of a database: whole, indexed, and with the rows they refer to."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import sqlalchemy
from sqlalchemy import Table, delete, exists, func, select, update
from sqlalchemy.schema import CreateIndex, CreateTable

from dynstudy.store.checked import ANOTHER_WAY, WAYS_OUT, DamagedValueError
from dynstudy.store.optuna_private import OPTUNA_TABLES
from dynstudy.store.optuna_storage import damages
from dynstudy.store.tables import Base, PixelRow, ReplicateRow, SeriesRow, StepsRow
from dynstudy.study.axes import short
from dynstudy.upkeep._finding import FROM_BEFORE, Finding, Inspection, Invariant, untyped

FILE, MISSING = "of the file", "is missing"
"""What is said of what keeps all else from being looked at."""

MOST_PAGES = 100
"""Of a file that is broken, so many problems are listed."""


def every_table() -> Iterator[Table]:
    """Optuna's tables and ours."""
    return chain(OPTUNA_TABLES.sorted_tables, Base.metadata.sorted_tables)


def _pages(look: Inspection) -> Iterator[Finding]:
    if look.connection.dialect.name != "sqlite":
        return  # PostgreSQL checks what it reads
    said = look.connection.exec_driver_sql(f"PRAGMA integrity_check({MOST_PAGES})").scalars().all()
    for line in said:
        if line != "ok":
            yield Finding(FILE, "", line, FROM_BEFORE)


def _tables(look: Inspection) -> Iterator[Finding]:
    there = set(sqlalchemy.inspect(look.connection).get_table_names())
    for table in every_table():
        if table.name not in there:
            making: tuple[Any, ...] = (CreateTable(table), *map(CreateIndex, table.indexes))
            yield Finding(table.name, "", MISSING, mending=making, mends="makes it, empty")


def _indexes(look: Inspection) -> Iterator[Finding]:
    inspector = sqlalchemy.inspect(look.connection)
    for table in every_table():
        made = {index["name"] for index in inspector.get_indexes(table.name)}
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            if index.name not in made:
                said = f"the index {index.name} is missing"
                making = (CreateIndex(index),)
                yield Finding(table.name, "", said, mending=making, mends="makes it")


def _references(look: Inspection) -> Iterator[Finding]:
    for table in every_table():
        for column in table.columns:
            for reference in column.foreign_keys:
                yield from _dangling(look, table, column.name, reference.column)


def _dangling(look: Inspection, table: Table, name: str, parent: Any) -> Iterator[Finding]:
    """The rows of a table that refer to one that is not there."""
    keys = [column.name for column in table.primary_key]
    if table is PixelRow.__table__:  # of which there may be a million
        keys = [name]
    child = untyped(table.name, *dict.fromkeys([*keys, name]))
    other = untyped(parent.table.name, parent.name)
    is_there = exists(select(other).where(other.c[parent.name] == child.c[name]))
    lost = child.c[name].is_not(None), ~is_there
    query = select(child.c[name], *(child.c[key].label(f"key_{key}") for key in keys)).where(*lost)
    optional = table.columns[name].nullable
    for value, *row in look.connection.execute(query.distinct()).all():
        this = sqlalchemy.and_(
            *(child.c[key] == part for key, part in zip(keys, row, strict=True)), *lost
        )
        mending: Any = delete(child).where(this)
        if table in (ReplicateRow.__table__, PixelRow.__table__) and table.columns[name].nullable:
            mending = update(child).where(this).values({name: None})
        yield Finding(
            table.name,
            row_named(keys, row),
            f"{name} is {short(value)}, which {parent.table.name} does not have",
            mending=(mending,),
            mends="takes the reference away" if optional and mending.is_update else "deletes it",
        )


def row_named(keys: list[str], row: Any) -> str:
    """A row by its key, as messages name it."""
    return ", ".join(f"{key} {short(part)}" for key, part in zip(keys, row, strict=True))


def _values(look: Inspection) -> Iterator[Finding]:
    for table in Base.metadata.sorted_tables:
        keys = [column.name for column in table.primary_key]
        names = [column.name for column in table.columns]
        raw = untyped(table.name, *names)
        rows = look.connection.execution_options(yield_per=1000).execute(select(raw))
        dialect, described = look.connection.dialect, rows.cursor
        assert described is not None
        read = [
            column.type.dialect_impl(dialect).result_processor(dialect, of_driver)
            for column, (_, of_driver, *_) in zip(table.columns, described.description, strict=True)
        ]
        for row in rows:
            for process, value in zip(read, row, strict=True):
                try:
                    if process is not None:
                        process(value)
                except DamagedValueError as error:
                    of_row = dict(zip(names, row, strict=True))
                    where = row_named(keys, [of_row[key] for key in keys])
                    yield _damage(table.name, where, error.column, error.value, error.problem)
    for damage in damages(look.connection):
        yield _damage(*damage)


def _damage(table: str, row: str, column: str, value: Any, problem: str) -> Finding:
    said = f"{column} = {short(value)} is damaged: {problem}"
    return Finding(table, row, said, WAYS_OUT.get(table, ANOTHER_WAY))


def _unused_steps(look: Inspection) -> Iterator[Finding]:
    of_series = exists(select(SeriesRow.steps_id).where(SeriesRow.steps_id == StepsRow.id))
    unused = select(func.count()).select_from(StepsRow).where(~of_series)
    if count := look.connection.scalar(unused):
        yield Finding(
            "dynstudy_steps",
            f"{count} rows" if count > 1 else "one row",
            "no series has these steps any more",
            mending=(delete(StepsRow).where(~of_series),),
            mends="deletes them",
            broken=False,  # so it is where a network was trained again to be read at more
        )


OF_TABLES = (
    Invariant("pages", "an SQLite file is whole", _pages),
    Invariant("tables", "all tables are there", _tables),
    Invariant("indexes", "all indexes are there", _indexes),
    Invariant("values", "every value can be what dynstudy or Optuna wrote", _values),
    Invariant("references", "what a row refers to is there", _references),
    Invariant("steps", "steps are those of series", _unused_steps),
)
