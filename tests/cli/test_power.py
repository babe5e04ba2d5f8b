"""``dynstudy power`` as a user meets it."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.command import dynstudy, fails

COLUMNS = (
    "spread replicates gain power power_se false_discoveries false_discoveries_se false_neutral "
    "false_neutral_se coverage coverage_se networks networks_se maps"
).split()
QUICK = ["power", "--replicates", "6,10", "--gain", "0.05,0.2", "--spread", "narrow", "--maps", "4"]


def test_a_row_for_each_number_of_replicates_and_gain(tmp_path: Path) -> None:
    out, err = dynstudy(tmp_path, *QUICK, "--format", "json")
    rows = json.loads(out)
    assert [(row["replicates"], row["gain"]) for row in rows] == [
        (6, 0.05),
        (6, 0.2),
        (10, 0.05),
        (10, 0.2),
    ]
    assert all(list(row) == COLUMNS and row["maps"] == 4 for row in rows)
    assert rows[1]["power"] == 1
    assert "simulating 4 maps of 24 cells for each of 4 rows" in err
    again, _ = dynstudy(tmp_path, *QUICK, "--format", "csv")
    assert [float(row["power"]) for row in csv.DictReader(io.StringIO(again))] == [
        row["power"] for row in rows
    ]
    other, _ = dynstudy(tmp_path, *QUICK, "--format", "json", "--seed", "1")
    assert json.loads(other) != rows
    assert not list(tmp_path.iterdir())  # no storage is made


def test_without_gains_there_is_no_power(tmp_path: Path) -> None:
    line = ["power", "--replicates", "6", "--gain", "0", "--maps", "4", "--format", "json"]
    (row,) = json.loads(dynstudy(tmp_path, *line)[0])
    assert row["power"] is None
    assert row["false_neutral"] is None
    assert 0 <= row["false_discoveries"] <= 1


def test_in_rounds_a_cell_takes_fewer_networks(tmp_path: Path) -> None:
    line = ["power", "--replicates", "20", "--gain", "0.2", "--spread", "narrow", "--maps", "4"]
    (row,) = json.loads(dynstudy(tmp_path, *line, "--min", "6", "--format", "json")[0])
    assert list(row) == COLUMNS
    assert 6 < row["networks"] < 20
    assert row["power"] == 1
    assert fails(tmp_path, *line, "--min", "20").startswith(
        "error: --min 20: must be at least 6 and below --replicates 20"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--replicates", "6,ten"], "must be whole numbers with commas between, as in 10,20"),
        (["--replicates", "5"], "must lie from 6, below which nothing is tested, to 500"),
        (["--gain", "x"], "must be numbers with commas between, as in 0.05,0.1"),
        (["--gain", "0.3"], "must lie from 0 to 0.26, as a static loss ends at 0.68"),
        (["--gain", "nan"], "--gain nan: must lie from 0 to 0.26"),
        (["--spread", "bimodl"], "'bimodl' is not one of 'bimodal', 'narrow', 'cells'"),
        (["--maps", "1"], "should be greater than or equal to 2"),
        (["--format", "yaml"], "is not one of 'table', 'json', 'csv'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    assert said in fails(tmp_path, "power", *arguments)
