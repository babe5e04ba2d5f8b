"""A table is as wide as what it is printed on, and says what it leaves out."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from dynstudy.report.fitted_table import LONG, FittedTable, TextColumn

STUDIES = [
    TextColumn("study", ["regime-dce", "regime-dmse2"]),
    TextColumn("kind", ["map", "map"]),
    TextColumn("cells done", ["120", "75"], right=True),
    TextColumn("network steps", ["102000000", "7"], right=True),
    TextColumn("tags", ["", ""]),
]


def printed(columns: list[TextColumn], width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(FittedTable(columns))
    return out.getvalue()


def test_what_fits_is_all_there() -> None:
    text = printed(STUDIES, 80)
    assert "left out" not in text
    assert [line.split() for line in text.splitlines() if "regime" in line] == [
        ["regime-dce", "map", "120", "102000000"],
        ["regime-dmse2", "map", "75", "7"],
    ]


def test_what_all_rows_share_is_left_out_first_and_its_value_named() -> None:
    text = printed(STUDIES, 37)
    assert "columns left out: kind = map, tags" in text
    assert "102000000" in text
    assert "(empty)" in text


def test_then_the_last_columns_are_left_out_and_named() -> None:
    text = " ".join(printed(STUDIES, 26).split())
    assert (
        "columns left out: kind = map, network steps, tags (empty); wider terminal or --format csv"
        in text
    )
    assert "120" in text


def test_a_long_name_is_folded() -> None:
    name = "-".join(["regime"] * 20)
    text = printed([TextColumn("study", [name]), TextColumn("cells", ["31"], right=True)], 40)
    assert "31" in text
    assert "".join(line.split()[0] for line in text.splitlines() if "-" in line) == name


def test_a_long_text_is_folded_wherever_it_stands_and_a_number_with_its_interval_is_not() -> None:
    cell, gain = "dce, width 20, learning rate 1, A = 30, T = 1000", "+0.258 [+0.215, +0.300]"
    text = printed(
        [TextColumn("set", ["it"]), TextColumn("cell", [cell]), TextColumn("gain", [gain])], 60
    )
    assert "left out" not in text
    assert gain in text
    lines = [line.replace("it ", "").replace(gain, "") for line in text.splitlines()[3:]]
    assert " ".join(" ".join(lines).split()) == cell


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)


@given(
    st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=9),
    st.integers(20, 100),
)
def test_nothing_is_cut_or_too_wide(columns: list[tuple[str, str, str]], width: int) -> None:
    made = [TextColumn(heading, values) for heading, *values in columns]
    text = printed(made, width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    together = "".join(text.split())
    for column in (each for each in made[1:] if each.width <= LONG):  # others may be folded
        shown = [*column.values, column.heading]
        assert all(value in together for value in shown) or column.heading in together


@pytest.mark.parametrize("width", [20, 200])
def test_nothing_is_nothing(width: int) -> None:
    assert "left out" not in printed([], width)
