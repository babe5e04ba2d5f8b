"""Studies listed by SQL are those that Optuna lists."""

from typing import Any

import pytest
from sqlalchemy import text

from dynstudy.errors import DamagedError
from dynstudy.store.rename_note_tag import NOTE, change_tags, tags_of
from dynstudy.store.studies import Storage
from dynstudy.store.study_rows import SPEC, read_studies
from tests.databases import SQLITE_ALONE
from tests.planted import SearchMaker, SpecMaker


@pytest.fixture
def two(storage: Storage, make_spec: SpecMaker, make_search: SearchMaker) -> Storage:
    """A map and a search of ours, and a study that is not."""
    stranger = storage.optuna.create_new_study([], "a stranger")
    storage.optuna.set_study_user_attr(stranger, NOTE, "not of a launch")
    for spec in (make_search(), make_spec()):
        storage.open_study(spec)
    change_tags(storage, "small", ["paper"])
    return storage


def set_value(storage: Storage, statement: str) -> None:
    with storage.engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1


def test_they_are_those_of_ours_as_optuna_has_them(two: Storage) -> None:
    with two.engine.connect() as connection:
        rows = read_studies(connection)
    assert [row.study_name for row in rows] == two.names() == ["search", "small"]
    for row in rows:
        study = two.study(row.study_name)
        assert row.number == two.study_id(study)
        assert dict(row.user_attrs) == study.user_attrs
        assert two.spec(row) == two.spec(study)


@pytest.mark.parametrize("tags", ["5", '"paper"', "[1]", "{", '{"a": 1}'])
def test_a_damaged_attribute_is_told_when_it_is_looked_at(tags: Any, two: Storage) -> None:
    key = "dynstudy:tags"
    set_value(two, f"UPDATE study_user_attributes SET value_json = '{tags}' WHERE key = '{key}'")
    search, small = two.studies()
    assert two.spec(small).name == "small"
    assert tags_of(search) == []
    with pytest.raises(DamagedError, match=f"study_user_attributes, study 'small', key '{key}'"):
        tags_of(small)


@SQLITE_ALONE  # whose columns take anything
def test_a_name_that_is_no_text_is_told_when_the_study_is_looked_at(two: Storage) -> None:
    set_value(two, "UPDATE studies SET study_name = x'00' WHERE study_name = 'small'")
    (row,) = (row for row in two.studies() if row.study_name != "search")
    with pytest.raises(DamagedError, match="table studies, study_id 3, study_name = b"):
        row.user_attrs[SPEC]
