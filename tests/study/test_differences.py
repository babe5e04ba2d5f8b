"""Where two study files differ."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dynstudy.study.differences import Change, differences

TABLES = st.recursive(
    st.integers(0, 2), lambda inner: st.dictionaries(st.sampled_from("abc"), inner), max_leaves=6
)


def leaves(table: Any, key: str = "") -> dict[str, Any]:
    if not isinstance(table, dict):
        return {key: table}
    return {
        path: value
        for name, inner in table.items()
        for path, value in leaves(inner, f"{key}.{name}".strip(".")).items()
    }


@given(TABLES.filter(lambda table: isinstance(table, dict)))
def test_a_table_differs_from_itself_in_nothing_and_from_none_in_everything(
    table: dict[str, Any],
) -> None:
    assert list(differences(table, table)) == []
    assert list(differences(None, table)) == [Change(k, None, v) for k, v in leaves(table).items()]
    assert list(differences(table, None)) == [Change(k, v, None) for k, v in leaves(table).items()]


def test_a_table_in_the_place_of_a_value_is_one_change() -> None:
    old, new = {"replicates": 9, "loss": "dce"}, {"replicates": {"min": 6}, "loss": "dce"}
    assert list(differences(old, new)) == [Change("replicates", 9, {"min": 6})]


def test_changes_come_in_the_order_of_the_old_file_and_then_the_new() -> None:
    old, new = {"b": 1, "a": 1}, {"c": 1, "a": 2, "b": 2}
    assert [change.key for change in differences(old, new)] == ["b", "a", "c"]
