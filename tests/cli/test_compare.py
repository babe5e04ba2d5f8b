"""``dynstudy compare``."""

import csv
import io
import json
from pathlib import Path

import pytest
import tomli_w

from tests.cli.three_studies import Command, Refusal, words
from tests.planted import SMALL


def test_studies_are_compared_side_by_side(command: Command, three: Path) -> None:
    status, out, err = command("compare", "small", "other", "--out", "compared")
    assert status == 0, err
    assert "other, dce" in out
    assert "note: the best of many is flattered" in err
    folder = three / "compared"
    assert sorted(path.name for path in folder.iterdir()) == [
        "compare-cells.csv",
        "compare.csv",
        "compare.png",
    ]
    _, out, _ = command("compare", "small", "other", "--format", "csv")
    assert out == (folder / "compare.csv").read_text()
    _, out, _ = command("compare", "small", "other", "--format", "csv", "--cells")
    assert out == (folder / "compare-cells.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(out)))
    # the same networks in both: A = 3 at two periods
    assert [(row["study"], row["difference"]) for row in rows] == [
        ("small", ""), ("other", "0.0"), ("small", ""), ("other", "0.0"),
    ]  # fmt: skip
    _, out, _ = command("compare", "small", "search", "--format", "json")
    assert {row["study"] for row in json.loads(out)} == {"small", "search"}
    (three / "taken").write_text("a file")
    status, out, err = command("compare", "small", "other", "--out", "taken")
    assert (status, out) == (2, "")
    assert "is a file, not a folder" in err


def differences(command: Command, *studies: str) -> list[dict[str, str]]:
    status, out, err = command("compare", *studies, "--differences", "--format", "csv")
    assert (status, err) == (0, "")
    return list(csv.DictReader(io.StringIO(out)))


def test_studies_differ_in_a_row_per_difference(command: Command) -> None:
    rows = differences(command, "small", "other")
    assert [row["key"] for row in rows if row["part"] == "study file"] == [
        "name",
        "space.amplitude",
    ]
    for form in ("table", "json"):
        status, out, _ = command("compare", "small", "search", "--differences", "--format", form)
        assert status == 0
        assert "search.sampler" in out


def test_studies_equal_but_in_name_differ_in_nothing_else(command: Command, three: Path) -> None:
    (three / "twin.toml").write_text(tomli_w.dumps({**SMALL, "name": "twin"}))
    assert command("--quiet", "run", "twin.toml") == (0, "", "")
    rows = differences(command, "small", "twin")
    assert [row["key"] for row in rows if row["part"] == "study file"] == ["name"]
    assert {row["part"] for row in rows} == {"study file", "size"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["small", "smal", "--differences"], "did you mean 'small'"),
        (["small"], "study 'small' has one dynamical loss, dce: name another study"),
        (["small", "othr"], "did you mean 'other'"),
        (["small", "small"], "study 'small' is named twice"),
        ([], "Missing argument"),
        (["small", "small", "--differences"], "study 'small' is named twice"),
        (["small", "--differences"], "--differences is of two studies"),
        (["small", "other", "--format", "xml"], "is not one of 'table', 'json', 'csv'"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("compare", *arguments)
