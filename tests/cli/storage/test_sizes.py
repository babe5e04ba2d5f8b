"""``dynstudy storage sizes``."""

import csv
import io
import json

from tests.cli.three_studies import Command, Refusal


def test_sizes_are_a_table_json_or_csv(command: Command) -> None:
    rows = json.loads(command("storage", "sizes", "--format", "json")[1])
    (small,) = (row for row in rows if row["name"] == "small")
    assert (small["networks"], small["series"], small["rows"]) == (16, 32, 5)
    read = csv.DictReader(io.StringIO(command("storage", "sizes", "--format", "csv")[1]))
    assert [row["name"] for row in read] == [row["name"] for row in rows]
    _, out, err = command("storage", "sizes")
    assert "purged networks" in out
    assert err == ""


def test_there_has_to_be_a_database(refusal: Refusal) -> None:
    assert "there is no such database" in refusal("storage", "sizes", "--storage", "absent.db")
