"""Tables of all commands on narrow terminals and wide ones: whole, or what is left out is named."""

import csv
import io
import json
from collections.abc import Sequence

import pytest

from tests.cli.three_studies import Command

TABLES = {
    "list": ["list"],
    "show": ["show", "small"],
    "show, search": ["show", "search"],
    "map": ["map", "small", "--boundaries"],
    "map, search": ["map", "search"],
    "compare": ["compare", "small", "other"],
    "compare, cells": ["compare", "small", "other", "--cells"],
    "compare, differences": ["compare", "small", "other", "--differences"],
    "power": ["power", "--replicates", "6", "--gain", "0.1", "--maps", "2"],
    "train": ["train", "small#1", "--points", "5"],
    "trace": ["trace", "small#1", "--oscillations", "3", "--points", "2"],
}
"""Each command that prints a table, and its words."""

LEFT_OUT = "columns left out: "


def tables(text: str) -> list[list[str]]:
    """The lines of each table that is printed; a rule below its headings makes one."""
    lines = text.splitlines()
    rules = [number for number, line in enumerate(lines) if "───" in line]
    parts = []
    for rule in rules:
        first, last = rule, rule
        while first > 0 and lines[first - 1].strip():
            first -= 1
        while last + 1 < len(lines) and lines[last + 1].strip():
            last += 1
        parts.append(lines[first : last + 1])
    return parts


@pytest.mark.parametrize("words", TABLES.values(), ids=list(TABLES))
def test_a_table_is_whole_or_says_what_it_leaves_out(
    words: Sequence[str], command: Command
) -> None:
    status, wide, err = command(*words, COLUMNS="1000")
    assert status == 0, err
    assert LEFT_OUT not in wide
    whole = tables(wide)
    assert whole
    for width in (60, 80, 200):
        status, out, err = command(*words, COLUMNS=str(width))
        assert status == 0, err
        assert "…" not in out
        printed = tables(out)
        assert len(printed) >= len(whole)  # a grid of gains goes on below
        assert max(len(line) for lines in printed for line in lines) <= width
        everything = set(" ".join(out.split()).replace(",", " ").replace(";", " ").split())
        for lines in whole:
            headings = set(lines[0].replace(",", " ").split())
            assert headings <= everything, width  # each stands somewhere


@pytest.mark.parametrize(
    "words",
    [TABLES[name] for name in ("list", "show", "map", "compare", "compare, cells", "train")],
    ids=" ".join,
)
def test_what_programs_read_does_not_depend_on_the_terminal(
    words: Sequence[str], command: Command
) -> None:
    read = {
        (form, width): command(*words, "--format", form, COLUMNS=width)
        for form in ("csv", "json")
        for width in ("20", "200")
    }
    for form in ("csv", "json"):
        assert read[form, "20"][:2] == read[form, "200"][:2]
    rows = list(csv.reader(io.StringIO(read["csv", "20"][1])))
    assert len({len(row) for row in rows}) == 1
    assert json.loads(read["json", "20"][1])


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (TABLES["compare"], ["difference"]),
        (TABLES["compare, cells"], ["gain"]),
        (TABLES["compare, differences"], ["key", "a", "b"]),
        (TABLES["train"], ["train", "val", "accuracy"]),
        (TABLES["list"], ["study", "cells"]),
    ],
    ids=["compare", "cells", "differences", "train", "list"],
)
def test_what_was_asked_for_is_not_what_is_left_out(
    words: Sequence[str], wanted: Sequence[str], command: Command
) -> None:
    _, out, _ = command(*words, COLUMNS="60")
    (lines,) = tables(out)
    rule = next(number for number, line in enumerate(lines) if "───" in line)
    assert set(wanted) <= set(" ".join(lines[:rule]).split())
