"""Sizes are counts that SQL gives otherwise, and what a purge does delete."""

import pytest
from sqlalchemy import text

from dynstudy.launch.runner import run
from dynstudy.store.deletion import delete_study, plan_deletion
from dynstudy.store.studies import Storage
from dynstudy.upkeep.copying import copy_studies
from dynstudy.upkeep.sizes import sizes
from tests.planted import SearchMaker, SpecMaker
from tests.postgres import Databases


@pytest.fixture
def three(storage: Storage, make_spec: SpecMaker, make_search: SearchMaker) -> Storage:
    space = {"learning_rate": 1.0, "amplitude": [3, 90], "period": [10, 30], "width": 5}
    for spec in (make_spec(), make_spec(name="other", space=space), make_search()):
        run(spec, storage=storage)
    return storage


def test_a_study_has_what_a_purge_would_free(three: Storage) -> None:
    rows = {row["name"]: row for row in sizes(three)}
    for name in ("small", "other", "search"):
        planned = plan_deletion(three, name, purge=True)
        assert rows[name]["purged_networks"] == len(planned.networks)
        assert rows[name]["networks"] == len(planned.networks) + planned.shared
        assert rows[name]["rows"] == planned.trials
        assert rows[name]["series"] == 2 * rows[name]["networks"]
        assert 0 < rows[name]["purged_bytes"] <= rows[name]["bytes"]
    assert "of no study" not in rows
    delete_study(three, plan_deletion(three, "search"))
    left = {row["name"]: row for row in sizes(three)}
    assert left["of no study"]["networks"] == rows["search"]["purged_networks"]


def test_tables_have_their_rows_and_all_bytes_of_the_file(
    three: Storage, databases: Databases
) -> None:
    rows = [row for row in sizes(three) if row["kind"] == "table"]
    with three.engine.connect() as connection:
        for row in rows:
            count = connection.execute(text(f"SELECT count(*) FROM {row['name']}")).scalar_one()
            assert row["rows"] == count
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        of_no_table = (
            "name LIKE 'sqlite_%' AND name NOT LIKE '%autoindex%' OR name LIKE '%alembic%'"
        )
        others = connection.execute(
            text(f"SELECT count(*) FROM dbstat WHERE {of_no_table}")
        ).scalar_one()
        free = connection.execute(text("PRAGMA freelist_count")).scalar_one()
    assert sum(row["bytes"] for row in rows) == 4096 * (pages - free - others)
    with databases.database() as url:
        there = Storage(url, create=True)
        copy_studies(three, there)
        other = sizes(there)
        there.engine.dispose()
    assert [row["rows"] for row in other if row["kind"] == "table"] == [row["rows"] for row in rows]
    assert all(row["bytes"] > 0 for row in other if row["rows"])
    of_studies = [row for row in sizes(three) if row["kind"] == "study"]
    assert [row for row in other if row["kind"] == "study"] == of_studies
